/**
 * Images of the Go `skillctl` in a registry, and ours that works on them. They are a reconstruction (test/fixtures/go-image.ts):
 * that program is not run here.
 */
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { createGoStore, type GoStore } from "../fixtures/go-image.ts";
import { busybox, crane, describeWith, dockerRegistry, olareg, podman, runc, skopeo } from "../tools.ts";
import { REGISTRIES } from "./both-registries.ts";
import { buildBusybox, mountAndRun } from "./container.ts";
import type { Registry } from "./registries.ts";
import { skillctlJson, writeSkill } from "./skill.ts";
import { createWorkspace, type Workspace } from "./workspace.ts";

const FACTS = {
  name: "greeter",
  namespace: "interop",
  version: "1.0.0",
  description: "Greets whoever mounts it.",
  authors: "Ada Lovelace <ada@example.com>",
  license: "Apache-2.0",
  tags: ["greeting", "r&d"],
  words: 2,
};

describeWith([dockerRegistry, olareg, skopeo, crane, podman, runc, busybox], "an image of the Go skillctl", () => {
  describe.each(REGISTRIES)("in a registry %s", (_, start) => {
    const workspace = createWorkspace();
    const output: Workspace["output"] = (...command) => workspace.output(...command);
    let registry: Registry;
    let store: GoStore;
    let skill: string;
    let digest: string;
    let name: string;
    const push = (repository: string, tag: string): Promise<string> => {
      const [from, to] = [`oci:${store.directory}:interop/greeter:${tag}`, `docker://${repository}:${tag}`];
      return output("skopeo", "copy", "-q", "--preserve-digests", "--dest-tls-verify=false", from, to);
    };

    beforeAll(async () => {
      registry = await start();
      name = `${registry.host}/interop/greeter`;
      skill = writeSkill(workspace);
      store = createGoStore(join(workspace.directory, "go-store"), skill, FACTS);
      digest = store.add("draft", "1.0.0-draft");
      await push(name, "1.0.0-draft");
    });
    afterAll(async () => {
      await registry.close();
      workspace.remove();
    });

    it("is whole, as crane and podman see it too", async () => {
      await output("crane", "validate", "--remote", `${name}:1.0.0-draft`);
      await buildBusybox(workspace);
      await output("podman", "pull", "-q", "--tls-verify=false", `${name}:1.0.0-draft`);
      const { stdout } = await mountAndRun(workspace, `${name}:1.0.0-draft`, "/skills/scripts/greet.sh");
      expect(stdout).toBe("greetings from a mounted skill\n");
    });

    it("is listed and inspected, its name being that of the repository", async () => {
      expect(await skillctlJson(workspace, "list", name)).toEqual([
        expect.objectContaining({ tag: "1.0.0-draft", status: "draft", version: "1.0.0", digest }),
      ]);
      const { name: called, namespace, authors, tags } = await card(`${name}:1.0.0-draft`);
      expect({ called, namespace, tags }).toEqual({ called: "greeter", namespace: "interop", tags: FACTS.tags });
      expect(JSON.stringify(authors)).toContain("Ada Lovelace");
    });

    it("is pulled, unpacked to the same files, and whole in the local store", async () => {
      await output("skillctl", "pull", `${name}:1.0.0-draft`, "-o", "pulled");
      await output("diff", "-r", "pulled/greeter", skill);
      expect(await skillctlJson(workspace, "diff", `${name}:1.0.0-draft`, "pulled/greeter")).toMatchObject({
        identical: true,
      });
      await output("skillctl", "fsck");
    });

    it("is promoted to the end with the layer that it came with", async () => {
      const copy = `${registry.host}/promoted/greeter`;
      await push(copy, "1.0.0-draft");
      const layers = await layersOf(`${copy}:1.0.0-draft`);
      await output("skillctl", "promote", `${copy}:1.0.0-draft`, "--to", "testing");
      await output("skillctl", "promote", `${copy}:1.0.0-testing`, "--to", "published");
      expect(await layersOf(`${copy}:latest`)).toEqual(layers);
      expect(await skillctlJson(workspace, "history", `${copy}:1.0.0`)).toMatchObject({ complete: true, valid: true });
      await output("skillctl", "promote", `${copy}:1.0.0`, "--to", "deprecated", "--replaced-by", "2.0.0");
      expect(await layersOf(`${copy}:1.0.0`)).toEqual(layers);
    });

    it("that was promoted by the Go skillctl, too, is taken from there, and what nobody recorded is not told", async () => {
      const copy = `${registry.host}/went-on/greeter`;
      store.add("testing", "1.0.0-testing");
      store.add("published", "1.0.0", "latest");
      for (const tag of ["1.0.0-draft", "1.0.0-testing", "1.0.0", "latest"]) await push(copy, tag);
      expect(await skillctlJson(workspace, "history", `${copy}:1.0.0`)).toMatchObject({ complete: false, steps: [] });
      await output("skillctl", "promote", `${copy}:1.0.0`, "--to", "deprecated");
      expect(await skillctlJson(workspace, "history", `${copy}:1.0.0`)).toMatchObject({
        complete: false,
        steps: [{ from: "published", to: "deprecated" }],
      });
    });

    it("and its whole store is one that skillctl reads", async () => {
      const images = await skillctlJson<{ status: string }[]>(workspace, "--store", store.directory, "list");
      expect(images.map(({ status }) => status)).toContain("draft");
    });

    async function card(reference: string): Promise<Record<string, unknown>> {
      return (await skillctlJson<{ card: Record<string, unknown> }>(workspace, "inspect", "--remote", reference)).card;
    }

    async function layersOf(reference: string): Promise<unknown> {
      return (JSON.parse(await output("crane", "manifest", reference)) as { layers: unknown }).layers;
    }
  });
});
