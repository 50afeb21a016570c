/** The container image: what its users do with it, as users that it does not know, over a root that nobody can write to. */
import { randomUUID } from "node:crypto";
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";

import { afterAll, beforeAll, expect, it } from "vitest";

import { freePort, startDockerRegistry } from "../interop/registries.ts";
import { createWorkspace, type Outcome, type Workspace } from "../interop/workspace.ts";
import { buildah, describeWith, dockerRegistry, htpasswd, IMAGE_ROOTS, podman, qemuArm64 } from "../tools.ts";
import { blocksOf } from "./blocks.ts";
import { ROOT, VERSION } from "./release.ts";

const IMAGE = "localhost/skillctl";
const OTHER_USER = "1000770000:0";
/** A draft that the tests pack and send. */
const DRAFT = "examples/one-page-report:1.0.0-draft";

describeWith([buildah, podman, htpasswd, IMAGE_ROOTS.amd64], "the container image", () => {
  let workspace: Workspace;
  const at = (...names: readonly string[]): string => join(workspace.directory, ...names);
  beforeAll(async () => {
    workspace = createWorkspace();
    const built = await workspace.output(
      "node",
      `${ROOT}scripts/release/image.mjs`,
      "linux-amd64",
      IMAGE,
      IMAGE_ROOTS.amd64.path ?? "",
    );
    console.log(built.trim());
    cpSync(`${ROOT}examples`, at("work"), { recursive: true });
    for (const name of ["data", "other-data"]) {
      mkdirSync(at(name));
      chmodSync(at(name), 0o777);
    }
  });
  afterAll(() => workspace?.remove());

  /** Runs the image over a read-only root, without capabilities, and on no network unless `options` name one. */
  function run(args: readonly string[], ...options: readonly string[]): Promise<Outcome> {
    const network = options.some((each) => each.startsWith("--network")) ? [] : ["--network=none"];
    const safe = ["--rm", "--read-only", "--cap-drop=all", "--security-opt=no-new-privileges", ...network];
    const data = options.some((each) => each.endsWith(":/data")) ? [] : ["-v", `${at("data")}:/data`];
    const volumes = ["-v", `${at("work")}:/work:ro`, ...data];
    return workspace.run("podman", "run", ...safe, ...volumes, ...options, IMAGE, ...args);
  }

  it("says its version", async () => {
    expect(await run(["version"])).toMatchObject({ status: 0, stdout: `skillctl ${VERSION}\n` });
  });

  it("explains itself where nothing is asked", async () => {
    expect((await run([])).stdout).toContain("Usage: skillctl");
  });

  it("validates, packs, lists and promotes skills of a mounted directory", async () => {
    expect(await run(["validate", "hello-world"])).toMatchObject({ status: 0 });
    expect(await run(["pack", "hello-world", "-q"])).toMatchObject({
      status: 0,
      stdout: "examples/hello-world:1.0.0-draft\n",
    });
    expect(await run(["pack", "one-page-report", "-q"])).toMatchObject({ status: 0, stdout: `${DRAFT}\n` });
    const promoted = await run(["promote", "examples/hello-world:1.0.0-draft", "--to", "testing", "--local"]);
    expect(promoted.status, promoted.stderr).toBe(0);
    expect((await run(["list", "-q"])).stdout).toContain("examples/hello-world:1.0.0-testing");
  });

  it("does so as a user that OpenShift made up, of group 0", async () => {
    const options = ["--user", OTHER_USER, "-v", `${at("other-data")}:/data`];
    const packed = await run(["pack", "hello-world", "-q"], ...options);
    expect(packed, packed.stderr).toMatchObject({ status: 0, stdout: "examples/hello-world:1.0.0-draft\n" });
    const [first = ""] = readdirSync(at("other-data"));
    expect(statSync(at("other-data", first)).uid).toBe(1_000_770_000);
  });

  it.each([
    ["the user of the image", "65534:0"],
    ["a user that OpenShift made up", OTHER_USER],
  ])("keeps what it makes in a volume that podman has just made, as %s", async (_, user) => {
    const volume = `skillctl-test-${randomUUID()}`;
    try {
      const options = ["--user", user, "-v", `${volume}:/data`];
      const packed = await run(["pack", "hello-world", "-q"], ...options);
      expect(packed, packed.stderr).toMatchObject({ status: 0, stdout: "examples/hello-world:1.0.0-draft\n" });
      expect((await run(["list", "-q"], ...options)).stdout).toBe("examples/hello-world:1.0.0-draft\n");
    } finally {
      await workspace.run("podman", "volume", "rm", "--force", volume);
    }
  });

  it("writes nowhere else, not even for its user, and starts nobody's shell", async () => {
    const lost = await run(["init", "elsewhere", "--description", "Gets lost."], "--workdir=/");
    expect(lost.status).toBe(1);
    expect(lost.stderr).toMatch(/^error: cannot write \S*elsewhere/);
    const shell = await workspace.run("podman", "run", "--rm", "--entrypoint=/bin/sh", IMAGE);
    expect(shell.status).toBe(127);
  });

  it("has labels that say what it is, and annotations that registries show", async () => {
    const [{ Config, Annotations, User }] = JSON.parse(await workspace.output("podman", "inspect", IMAGE)) as [
      { Config: { Labels: Record<string, string>; Env: string[] }; Annotations: Record<string, string>; User: string },
    ];
    expect(User).toBe("65534:0");
    for (const key of ["title", "description", "licenses", "version", "revision", "created", "source"]) {
      expect(Config.Labels[`org.opencontainers.image.${key}`], key).toMatch(/\S/);
    }
    expect(Annotations["org.opencontainers.image.version"]).toBe(VERSION);
  });

  describeWith([dockerRegistry, htpasswd], "at a registry that asks for a password", () => {
    it("inspects with a mounted auth file, and not without", async () => {
      const registry = await startDockerRegistry({ users: { ann: "secret" } });
      try {
        const auth = Buffer.from("ann:secret").toString("base64");
        const file = workspace.write("auth.json", JSON.stringify({ auths: { [registry.host]: { auth } } }));
        const reference = `${registry.host}/${DRAFT}`;
        const mounted = [
          "--network=host",
          "-v",
          `${file}:/run/auth.json:ro`,
          "--env=REGISTRY_AUTH_FILE=/run/auth.json",
        ];
        const pushed = await run(["push", reference, "--tls-verify=false"], ...mounted);
        expect(pushed.status, pushed.stderr).toBe(0);
        const inspected = await run(["inspect", reference, "--tls-verify=false", "--json"], ...mounted);
        expect(inspected.status, inspected.stderr).toBe(0);
        expect(inspected.stdout).toContain('"draft"');
        const refused = await run(["inspect", reference, "--tls-verify=false"], "--network=host");
        expect(refused.status).toBe(1);
        expect(refused.stderr).toContain("login");
      } finally {
        await registry.close();
      }
    });
  });

  it("does what docs/how-to/install.md shows", async () => {
    const [block = ""] = blocksOf("docs/how-to/install.md").filter((each) => each.includes("podman"));
    const script = block
      .replaceAll("ghcr.io/OWNER/skillctl", IMAGE)
      .replaceAll("podman run", "podman run --network=none");
    // Where others may read: the image runs as nobody.
    cpSync(`${ROOT}examples`, at("home/examples"), { recursive: true });
    const stdout = await workspace.output("bash", "-eo", "pipefail", "-c", `cd home\n${script}`);
    expect(stdout).toContain(`skillctl ${VERSION}\n`);
    expect(stdout).toContain("examples/hello-world:1.0.0-draft");
  });

  it("serves a registry as docs/how-to/install.md shows", async () => {
    const [, block = ""] = blocksOf("docs/how-to/install.md").filter((each) => each.includes("podman"));
    const [name, port] = [`registry-${process.pid}`, await freePort()];
    const script = block
      .replaceAll("ghcr.io/OWNER/skillctl", IMAGE)
      .replace("--name registry -p 5000:5000 -v registry:", `--name ${name} --network=host -v ${name}:`)
      .replace("0.0.0.0:5000", `127.0.0.1:${port}`)
      .replace("podman logs registry", "");
    mkdirSync(at("home/serving"));
    const ask = async (user: string): Promise<number> => {
      const headers = { authorization: `Basic ${Buffer.from(user).toString("base64")}` };
      return fetch(`http://127.0.0.1:${port}/v2/`, { headers }).then(
        (answer) => answer.status,
        () => 0,
      );
    };
    try {
      await workspace.output("bash", "-eo", "pipefail", "-c", `cd home/serving\n${script}`);
      await expect.poll(() => ask("alice:wonderland"), { timeout: 30_000 }).toBe(200);
      expect(await ask("alice:looking-glass")).toBe(401);
      expect((await workspace.run("podman", "logs", name)).stderr).toContain('"msg":"listening"');
    } finally {
      await workspace.run("podman", "rm", "--force", "--volumes", name);
      await workspace.run("podman", "volume", "rm", "--force", name);
    }
  });

  it("serves a registry from a volume", async () => {
    const name = `serve-${process.pid}`;
    const port = await freePort();
    const serving = run(["serve", "--listen", `127.0.0.1:${port}`], "--network=host", `--name=${name}`);
    try {
      await expect
        .poll(
          async () =>
            fetch(`http://127.0.0.1:${port}/v2/`).then(
              (r) => r.status,
              () => 0,
            ),
          { timeout: 30_000 },
        )
        .toBe(200);
      const target = `127.0.0.1:${port}/${DRAFT}`;
      const pushed = await run(["push", target, "--tls-verify=false"], "--network=host");
      expect(pushed.status, pushed.stderr).toBe(0);
      expect(existsSync(at("data/.local/share/skillctl/registry"))).toBe(true);
    } finally {
      await workspace.run("podman", "stop", name);
    }
    expect((await serving).status).toBe(143);
  });
});

describeWith([buildah, podman, qemuArm64, IMAGE_ROOTS.arm64], "the container image for arm64", () => {
  let workspace: Workspace;
  beforeAll(async () => {
    workspace = createWorkspace();
    const root = IMAGE_ROOTS.arm64.path ?? "";
    await workspace.output("node", `${ROOT}scripts/release/image.mjs`, "linux-arm64", `${IMAGE}:arm64`, root);
  });
  afterAll(() => workspace?.remove());

  it("says that it is one, and runs", async () => {
    const [{ Architecture }] = JSON.parse(await workspace.output("podman", "inspect", `${IMAGE}:arm64`)) as [
      { Architecture: string },
    ];
    expect(Architecture).toBe("arm64");
    const emulator = ["-v", `${qemuArm64.path ?? ""}:/emulator:ro`, "--entrypoint=/emulator"];
    const words = ["/usr/bin/skillctl", "version", "--json"];
    const args = ["run", "--rm", "--read-only", "--network=none", ...emulator, `${IMAGE}:arm64`, ...words];
    expect(JSON.parse(await workspace.output("podman", ...args))).toMatchObject({ platform: "linux/arm64" });
  });
});
