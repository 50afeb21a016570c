/** `skillctl serve` under the tools that people use: they must not notice that it is not the registry that they know. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { cosign, crane, describeWith, htpasswd, openssl, oras, podman, skopeo } from "../tools.ts";
import { makeCertificates } from "./certificates.ts";
import { startEmbeddedRegistry } from "./embedded.ts";
import type { Registry } from "./registries.ts";
import { packSkill, REFERENCE, skillctlJson } from "./skill.ts";
import { createWorkspace, type Outcome, type Workspace } from "./workspace.ts";

const USER = "ada";
const PASSWORD = "lovelace-1815";

/** A registry, and how tools are told to reach it. */
interface Setting {
  readonly title: string;
  readonly isSecure: boolean;
  readonly start: (workspace: Workspace) => Promise<Registry>;
}

const SETTINGS: readonly Setting[] = [
  { title: "without TLS and users", isSecure: false, start: async () => startEmbeddedRegistry() },
  {
    title: "with TLS and users",
    isSecure: true,
    start: async ({ directory }) => {
      const { server } = makeCertificates(`${directory}/certificates`);
      return startEmbeddedRegistry({ tls: server, users: { [USER]: PASSWORD } });
    },
  },
];

describeWith([skopeo, podman, crane, oras, cosign, htpasswd, openssl], "the embedded registry", () => {
  describe.each(SETTINGS)("$title", ({ isSecure, start }) => {
    const workspace = createWorkspace();
    let registry: Registry;
    let image: string;
    let repository: string;
    let digest: string;

    /** Runs a tool that trusts the registry's certificate. */
    const run = async (command: string, ...args: readonly string[]): Promise<Outcome> =>
      workspace.run("env", `SSL_CERT_FILE=${workspace.directory}/certificates/authority.crt`, command, ...args);
    const output = async (command: string, ...args: readonly string[]): Promise<string> => {
      const { status, stdout, stderr } = await run(command, ...args);
      if (status === 0) return stdout;
      throw new Error(`${command} ${args.join(" ")} exited with ${status}\n${stdout}${stderr}\n${registry.log()}`);
    };
    const plain = (flag: string): readonly string[] => (isSecure ? [] : [flag]);

    beforeAll(async () => {
      registry = await start(workspace);
      image = `${registry.host}/${REFERENCE}`;
      repository = image.replace(/:[^:/]*$/, "");
      await packSkill(workspace);
      ({ digest } = await skillctlJson<{ digest: string }>(workspace, "inspect", REFERENCE));
      if (isSecure) {
        const login = ["login", "-u", USER, "-p", PASSWORD, registry.host];
        await output("skopeo", ...login);
        await output("podman", ...login);
        await output("oras", ...login);
        await output("crane", "auth", ...login);
      }
      const local = `oci:${workspace.store}:${REFERENCE}`;
      await output("skopeo", "copy", "-q", ...plain("--dest-tls-verify=false"), local, `docker://${image}`);
    });
    afterAll(async () => {
      await registry.close();
      workspace.remove();
    });

    it("gives skopeo back what it took, and lists it", async () => {
      const tls = plain("--tls-verify=false");
      const inspected = await output("skopeo", "inspect", ...tls, `docker://${image}`);
      expect(JSON.parse(inspected)).toMatchObject({ Digest: digest, RepoTags: ["1.0.0-draft"] });
      await output("skopeo", "copy", "-q", ...plain("--src-tls-verify=false"), `docker://${image}`, "dir:copied");
    });

    it("takes a copy to another repository from skopeo, and its deletion", async () => {
      const tls = plain("--tls-verify=false");
      const from = plain("--src-tls-verify=false");
      const to = `docker://${registry.host}/copies/greeter:1.0.0-draft`;
      await output("skopeo", "copy", "-q", ...from, ...plain("--dest-tls-verify=false"), `docker://${image}`, to);
      await output("skopeo", "delete", ...tls, to);
      expect((await run("skopeo", "inspect", ...tls, to)).status).not.toBe(0);
      await output("skopeo", "inspect", ...tls, `docker://${image}`);
    });

    it("is pulled from and pushed to by podman", async () => {
      const tls = plain("--tls-verify=false");
      await output("podman", "pull", "-q", ...tls, image);
      workspace.write("plain/note.txt", "a plain image\n");
      workspace.write("plain/Containerfile", "FROM scratch\nCOPY note.txt /\n");
      const plainImage = `${registry.host}/plain/note:1`;
      await output("podman", "build", "-q", "-t", plainImage, "plain");
      await output("podman", "push", "-q", ...tls, plainImage);
      await output("podman", "rmi", plainImage);
      await output("podman", "pull", "-q", ...tls, plainImage);
    });

    it("holds every blob whole for crane, which tags, lists and removes tags", async () => {
      expect((await output("crane", "digest", image)).trim()).toBe(digest);
      await output("crane", "validate", "--remote", image);
      await output("crane", "tag", image, "mine");
      expect((await output("crane", "ls", repository)).trim().split("\n")).toEqual(["1.0.0-draft", "mine"]);
      await output("crane", "delete", `${repository}:mine`);
      expect((await output("crane", "ls", repository)).trim()).toBe("1.0.0-draft");
      expect(await output("crane", "catalog", registry.host)).toContain("interop/greeter");
    });

    it("lists what oras attaches, until oras deletes it", async () => {
      workspace.write("review.txt", "reads well\n");
      const type = "application/vnd.example.review";
      const http = plain("--plain-http");
      await output("oras", "attach", ...http, "--artifact-type", type, image, "review.txt:text/plain");
      const discover = async (): Promise<{ referrers: { digest: string; artifactType: string }[] }> =>
        JSON.parse(await output("oras", "discover", ...http, "--format", "json", image));
      const [review] = (await discover()).referrers;
      expect(review?.artifactType).toBe(type);
      await output("oras", "manifest", "delete", ...http, "-f", `${repository}@${review?.digest}`);
      expect((await discover()).referrers ?? []).toEqual([]);
    });

    it("keeps cosign's signature, which cosign verifies and refuses under another key", async () => {
      for (const name of ["own", "other"]) await output("cosign", "generate-key-pair", "--output-key-prefix", name);
      const offline = ["--use-signing-config=false", "--tlog-upload=false"];
      const http = plain("--allow-http-registry");
      const signed = `${repository}@${digest}`;
      await output("cosign", "sign", "--key", "own.key", ...offline, ...http, "-y", signed);
      const verify = ["verify", "--insecure-ignore-tlog", ...http, "--key"];
      expect(await output("cosign", ...verify, "own.pub", signed)).toContain(digest);
      expect((await run("cosign", ...verify, "other.pub", signed)).status).not.toBe(0);
    });

    it("refuses a forged state so that skopeo's user reads why", async () => {
      await output("skopeo", "copy", "-q", ...plain("--src-tls-verify=false"), `docker://${image}`, "oci:forged:it");
      const published = `docker://${repository}:1.0.0`;
      const { status, stderr } = await run(
        "skopeo",
        "copy",
        "-q",
        ...plain("--dest-tls-verify=false"),
        "oci:forged:it",
        published,
      );
      expect(status).not.toBe(0);
      expect(stderr).toMatch(/1\.0\.0/);
    });

    if (!isSecure) return;
    it("lets nobody push who is not logged in, and everybody pull", async () => {
      await output("skopeo", "inspect", "--no-creds", `docker://${image}`);
      const push = await run(
        "skopeo",
        "copy",
        "-q",
        "--dest-no-creds",
        `oci:${workspace.store}:${REFERENCE}`,
        `docker://${image}`,
      );
      expect(push.status).not.toBe(0);
      const login = await run("skopeo", "login", "-u", USER, "-p", "wrong", registry.host);
      expect(login.stderr).toMatch(/invalid username\/password|unauthorized/i);
    });
  });
});
