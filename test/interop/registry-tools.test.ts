/** What `skillctl` puts into a registry, used by skopeo, podman, crane and oras. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { crane, describeWith, dockerRegistry, olareg, oras, podman, skopeo } from "../tools.ts";
import { REGISTRIES } from "./both-registries.ts";
import type { Registry } from "./registries.ts";
import { packSkill, REFERENCE, skillctlJson } from "./skill.ts";
import { createWorkspace, type Workspace } from "./workspace.ts";

interface Pushed {
  readonly digest: string;
  readonly image: {
    readonly annotations: Readonly<Record<string, string>>;
    readonly labels: Readonly<Record<string, string>>;
  };
}

describeWith([dockerRegistry, olareg, skopeo, podman, crane, oras], "what skillctl pushed into a registry", () => {
  describe.each(REGISTRIES)("%s", (_, start) => {
    const workspace = createWorkspace();
    const output: Workspace["output"] = (...command) => workspace.output(...command);
    let registry: Registry;
    let image: string;
    let pushed: Pushed;
    /** A repository of its own in the registry, named like the skill, or `unpack` would refuse it. */
    const other = (namespace: string): string => `${registry.host}/${namespace}/greeter:1.0.0-draft`;
    const digestOf = async (reference: string): Promise<string> =>
      (await skillctlJson<Pushed>(workspace, "inspect", "--remote", reference)).digest;

    beforeAll(async () => {
      registry = await start();
      image = `${registry.host}/team/greeter:1.0.0-draft`;
      await packSkill(workspace);
      pushed = await skillctlJson(workspace, "inspect", REFERENCE);
      await output("skillctl", "push", image);
    });
    afterAll(async () => {
      await registry.close();
      workspace.remove();
    });

    it("has its labels shown by skopeo inspect, its annotations by --raw and by crane manifest", async () => {
      const shown = JSON.parse(await output("skopeo", "inspect", "--tls-verify=false", `docker://${image}`)) as object;
      expect(shown).toMatchObject({ Digest: pushed.digest, Labels: pushed.image.labels });
      expect(shown).toMatchObject({ Labels: { "io.skillimage.name": "greeter" } });
      expect(JSON.stringify(shown)).not.toContain("io.skillimage.status");
      const raw = await output("skopeo", "inspect", "--tls-verify=false", "--raw", `docker://${image}`);
      expect(JSON.parse(raw)).toMatchObject({ annotations: pushed.image.annotations });
      expect(await output("crane", "manifest", image)).toBe(raw);
      expect(await output("oras", "manifest", "fetch", "--plain-http", image)).toBe(raw);
      expect((await output("crane", "digest", image)).trim()).toBe(pushed.digest);
    });

    it("is pulled by podman, by tag and by digest", async () => {
      for (const reference of [image, image.replace(/:[^:/]*$/, `@${pushed.digest}`)])
        await output("podman", "pull", "-q", "--tls-verify=false", reference);
      const digests = await output("podman", "inspect", "--format", "{{.Digest}} {{.Labels}}", image);
      expect(digests).toContain(pushed.digest);
      expect(digests).toContain("io.skillimage.name:greeter");
    });

    it.each([
      ["skopeo", (to: string) => ["copy", "--dest-tls-verify=false", `docker://${image}`, `docker://${to}`]],
      ["crane", (to: string) => ["copy", image, to]],
      ["oras", (to: string) => ["copy", "--from-plain-http", "--to-plain-http", image, to]],
    ])("is copied by %s, and promoted there by skillctl", async (tool, args) => {
      const copy = other(`by-${tool}`);
      const options = tool === "skopeo" ? ["--src-tls-verify=false"] : [];
      const [verb = "", ...rest] = args(copy);
      await output(tool, verb, ...options, ...rest);
      expect(await digestOf(copy)).toBe(pushed.digest);
      await output("skillctl", "promote", copy, "--to", "testing");
      expect(await output("skillctl", "list", copy.replace(/:[^:]*$/, ""))).toContain("testing");
    });

    it("is read by them after it was promoted", async () => {
      const copy = other("promoted");
      await output("skillctl", "copy", image, copy);
      await output("skillctl", "promote", copy, "--to", "testing");
      const testing = copy.replace("draft", "testing");
      await output("crane", "validate", "--remote", testing);
      expect(await output("crane", "manifest", testing)).toContain('"io.skillimage.status":"testing"');
      await output("podman", "pull", "-q", "--tls-verify=false", testing);
      expect(await output("crane", "ls", copy.replace(/:[^:]*$/, ""))).toContain("1.0.0-testing");
    });

    it("is whole as an index of two platforms, too, before and after it was promoted", async () => {
      await packSkill(workspace, "--platform", "linux/amd64,linux/arm64", "--tag", "index");
      const index = `${registry.host}/index/greeter`;
      const local = REFERENCE.replace(/:.*/, ":index");
      const { digest } = await skillctlJson<Pushed>(workspace, "inspect", local);
      await output("skillctl", "push", local, `${index}:1.0.0-draft`);
      expect((await output("crane", "digest", `${index}:1.0.0-draft`)).trim()).toBe(digest);
      await output("skillctl", "promote", `${index}:1.0.0-draft`, "--to", "testing");
      await output("crane", "validate", "--remote", `${index}:1.0.0-testing`);
      const copy = `${registry.host}/index-copy/greeter:1.0.0-testing`;
      const plain = ["--src-tls-verify=false", "--dest-tls-verify=false"];
      await output(
        "skopeo",
        "copy",
        "-q",
        "--multi-arch",
        "all",
        ...plain,
        `docker://${index}:1.0.0-testing`,
        `docker://${copy}`,
      );
      expect(await digestOf(copy)).toBe(await digestOf(`${index}:1.0.0-testing`));
      expect(await output("crane", "config", "--platform", "linux/arm64", copy)).toContain('"architecture":"arm64"');
    });
  });
});
