/** Skills that skopeo, podman and crane put into a registry, used by `skillctl`. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { crane, describeWith, dockerRegistry, olareg, podman, skopeo } from "../tools.ts";
import { REGISTRIES } from "./both-registries.ts";
import type { Registry } from "./registries.ts";
import { packSkill, REFERENCE, skillctlJson, writeSkill } from "./skill.ts";
import { createWorkspace, type Workspace } from "./workspace.ts";

// In a registry, a skill is checked by its annotations: its layer is not fetched for a promotion.
const FACTS = [
  ...["status=draft", "name=greeter"].map((fact) => `io.skillimage.${fact}`),
  ...["version=1.0.0", "vendor=interop", "description=Greets."].map((fact) => `org.opencontainers.image.${fact}`),
];

describeWith([dockerRegistry, olareg, skopeo, podman, crane], "skillctl works on what was pushed", () => {
  describe.each(REGISTRIES)("into a registry %s", (_, start) => {
    const workspace = createWorkspace();
    const output: Workspace["output"] = (...command) => workspace.output(...command);
    let registry: Registry;
    /** A repository of its own in the registry, named like the skill, or `unpack` would refuse it. */
    const other = (namespace: string): string => `${registry.host}/${namespace}/greeter:1.0.0-draft`;

    beforeAll(async () => {
      registry = await start();
      await packSkill(workspace);
    });
    afterAll(async () => {
      await registry.close();
      workspace.remove();
    });

    it("by skopeo, from the local store", async () => {
      const copy = other("from-skopeo");
      await output(
        "skopeo",
        "copy",
        "--dest-tls-verify=false",
        `oci:${workspace.store}:${REFERENCE}`,
        `docker://${copy}`,
      );
      await live(copy);
    });

    it("by podman, which built it", async () => {
      const containerfile = workspace.write("Containerfile", "FROM scratch\nCOPY . /\n");
      const annotations = FACTS.flatMap((fact) => ["--annotation", fact]);
      await output("podman", "build", "-q", "-t", "built", ...annotations, "-f", containerfile, writeSkill(workspace));
      await output("podman", "push", "-q", "--tls-verify=false", "built", other("from-podman"));
      await live(other("from-podman"));
    });

    it("by crane, which appended a layer to nothing", async () => {
      const copy = other("from-crane");
      await output("tar", "-cf", "layer.tar", "-C", writeSkill(workspace), ".");
      await output("crane", "append", "--oci-empty-base", "--new_layer", "layer.tar", "--new_tag", copy);
      await output("crane", "mutate", copy, "--tag", copy, ...FACTS.flatMap((fact) => ["-a", fact]));
      await live(copy);
    });

    /** What a skill goes through, and that its files come out as they were. */
    async function live(reference: string): Promise<void> {
      const name = reference.replace(/:[^:]*$/, "");
      expect(await skillctlJson(workspace, "inspect", reference)).toMatchObject({
        card: { name: "greeter", namespace: "interop", version: "1.0.0" },
        lifecycle: { status: "draft" },
      });
      await output("skillctl", "promote", reference, "--to", "testing");
      await output("skillctl", "promote", `${name}:1.0.0-testing`, "--to", "published");
      expect(await skillctlJson(workspace, "list", name)).toContainEqual(
        expect.objectContaining({ tag: "latest", status: "published" }),
      );
      expect(await skillctlJson(workspace, "history", `${name}:1.0.0`)).toMatchObject({
        complete: true,
        valid: true,
      });
      await output("skillctl", "pull", `${name}:1.0.0`, "-o", "pulled", "--force");
      const card = readFileSync(join(workspace.directory, "pulled/greeter/skill.yaml"), "utf8");
      expect(card).toBe(readFileSync(join(workspace.directory, "greeter/skill.yaml"), "utf8"));
    }
  });
});
