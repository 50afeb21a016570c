/** What a user does with a skill and a registry, from push to archived, over the kinds of registries that there are. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { describeWith, dockerRegistry, olareg } from "../tools.ts";
import { REGISTRIES } from "./both-registries.ts";
import type { Registry } from "./registries.ts";
import { packSkill, REFERENCE, skillctlJson } from "./skill.ts";
import { createWorkspace } from "./workspace.ts";

const NAME = REFERENCE.replace(/:.*/, "");

interface Promotion {
  readonly reference: string;
  readonly layerDigests: readonly string[];
  readonly tags: { readonly set: string[]; readonly removed: string[]; readonly left: string[] };
}
interface History {
  readonly complete: boolean;
  readonly valid: boolean;
  readonly steps: readonly { readonly from: string; readonly to: string; readonly reason?: string }[];
}

describeWith([dockerRegistry, olareg], "skillctl and a registry", () => {
  describe.each(REGISTRIES)("%s", (title, start) => {
    const workspace = createWorkspace();
    const removesTags = title.startsWith("with the");
    let registry: Registry;
    let name: string;
    let draft: { digest: string; image: { layers: { digest: string }[] } };
    const skillctl = (...args: readonly string[]): Promise<string> => workspace.output("skillctl", ...args);
    const promote = (reference: string, to: string, ...options: readonly string[]): Promise<Promotion> =>
      skillctlJson<Promotion>(workspace, "promote", reference, "--to", to, ...options);

    beforeAll(async () => {
      registry = await start();
      name = `${registry.host}/team/greeter`;
      await packSkill(workspace);
      draft = await skillctlJson(workspace, "inspect", REFERENCE);
      await skillctl("push", `${name}:1.0.0-draft`);
    });
    afterAll(async () => {
      await registry.close();
      workspace.remove();
    });

    it("push finds the local image, and the second time that nothing is to be done", async () => {
      expect(await skillctl("push", `${name}:1.0.0-draft`)).toMatch(/^unchanged /);
    });

    it("inspect and list show what was pushed, by tag and by digest", async () => {
      const { digest } = draft;
      expect(await skillctlJson(workspace, "inspect", "--remote", `${name}:1.0.0-draft`)).toMatchObject({ digest });
      expect(await skillctlJson(workspace, "inspect", `${name}@${digest}`)).toMatchObject({
        card: { name: "greeter", version: "1.0.0" },
        lifecycle: { status: "draft", next: "testing" },
      });
      expect(await skillctlJson(workspace, "list", name)).toEqual([
        expect.objectContaining({ tag: "1.0.0-draft", status: "draft", digest }),
      ]);
    });

    it("cat, diff and unpack read it without pulling it", async () => {
      const reference = `${name}:1.0.0-draft`;
      const card = readFileSync(join(workspace.directory, "greeter/skill.yaml"), "utf8");
      expect(await skillctl("cat", reference, "skill.yaml")).toBe(card);
      expect(await skillctlJson(workspace, "diff", reference, "greeter")).toMatchObject({ identical: true });
      await skillctl("unpack", reference, "-o", "unpacked");
      await workspace.output("diff", "-r", "unpacked/greeter", "greeter");
      expect(await skillctl("list", "--quiet")).toBe(`${REFERENCE}\n`);
    });

    it("pull brings it into another store and, with -o, into a directory", async () => {
      const pull = ["--store", "other", "pull", `${name}:1.0.0-draft`];
      expect(await skillctl(...pull, "-o", "pulled")).toMatch(/^pulled [^]*^unpacked /m);
      await workspace.output("diff", "-r", "pulled/greeter", "greeter");
      expect(await skillctl(...pull)).toMatch(/^unchanged /);
      expect(await skillctl("--store", "other", "fsck")).not.toMatch(/corrupt|missing/);
    });

    it("promote takes it through its life with the same layer, and says which tags the registry keeps", async () => {
      const layer = [draft.image.layers[0]?.digest];
      const life: [from: string, to: string, ...options: string[]][] = [
        [`${name}:1.0.0-draft`, "testing"],
        [`${name}:1.0.0-testing`, "published", "--reason", "Reviewed."],
        [`${name}:1.0.0`, "deprecated", "--reason", "Greets twice.", "--replaced-by", "1.0.1"],
        [`${name}:1.0.0`, "archived"],
      ];
      const gone = [["1.0.0-draft"], ["1.0.0-testing"], ["latest"], removesTags ? ["1.0.0"] : ["1.0.0", "latest"]];
      for (const [index, [from, to, ...options]] of life.entries()) {
        const { reference, layerDigests, tags } = await promote(from, to, ...options);
        expect(layerDigests).toEqual(layer);
        expect(removesTags ? tags.removed : tags.left).toEqual(gone[index]);
        expect(await skillctlJson(workspace, "inspect", reference)).toMatchObject({ lifecycle: { status: to } });
        if (to !== "archived") continue;
        const { steps, ...checked } = await skillctlJson<History>(workspace, "history", reference);
        expect(checked).toMatchObject({ complete: true, valid: true });
        expect(steps.map((step) => step.to)).toEqual(["archived", "deprecated", "published", "testing"]);
        expect(steps.map(({ reason }) => reason)).toEqual([undefined, "Greets twice.", "Reviewed.", undefined]);
      }
      const tags = await skillctlJson<{ tag: string }[]>(workspace, "list", name);
      expect(tags.map(({ tag }) => tag).toSorted()).toEqual(
        removesTags ? [] : ["1.0.0", "1.0.0-draft", "1.0.0-testing", "latest"],
      );
    });

    it("push does not replace a published version by another, unless forced", async () => {
      const published = `${registry.host}/team/second:1.0.0`;
      await publish("first");
      await skillctl("--store", "first", "push", `${NAME}:1.0.0`, published);
      workspace.write("greeter/SKILL.md", "---\nname: greeter\ndescription: Greets.\n---\n\nSay something else.\n");
      await publish("altered");
      const push = ["--store", "altered", "push", `${NAME}:1.0.0`, published];
      const refused = await workspace.run("skillctl", ...push);
      expect([refused.status, refused.stderr]).toEqual([
        1,
        expect.stringContaining("A published version never changes."),
      ]);
      expect(await skillctl("cat", published)).toContain("Run scripts/greet.sh.");
      await skillctl(...push, "--force");
      expect(await skillctl("cat", published)).toContain("Say something else.");
    });

    /** Packs what is in `greeter` and publishes it, in a store of that name. */
    async function publish(store: string): Promise<void> {
      await skillctl("--store", store, "pack", "greeter");
      await skillctl("--store", store, "promote", `${NAME}:1.0.0-draft`, "--to", "testing", "--local");
      await skillctl("--store", store, "promote", `${NAME}:1.0.0-testing`, "--to", "published", "--local");
    }
  });
});
