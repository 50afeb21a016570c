/** `skillctl copy` from one registry to another, in both directions: what says something about a skill goes along. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { cosign, describeWith, dockerRegistry, olareg, oras } from "../tools.ts";
import { REGISTRIES } from "./both-registries.ts";
import type { Registry } from "./registries.ts";
import { packSkill, REFERENCE, skillctlJson } from "./skill.ts";
import { createWorkspace } from "./workspace.ts";

const PAIRS = REGISTRIES.map(([title, start]) => {
  const [otherTitle, startOther] = REGISTRIES.find(([other]) => other !== title) ?? [title, start];
  return [title, otherTitle, start, startOther] as const;
});
const OFFLINE = ["--use-signing-config=false", "--tlog-upload=false", "--allow-http-registry"];
const VERIFY = ["verify", "--insecure-ignore-tlog", "--allow-http-registry", "--key"];

describeWith([dockerRegistry, olareg, cosign, oras], "skillctl copy", () => {
  describe.each(PAIRS)("from a registry %s to one %s", (_from, _to, start, startOther) => {
    const workspace = createWorkspace();
    const registries: Registry[] = [];
    let [source, target] = ["", ""];
    const copied = (...args: readonly string[]): Promise<string> => workspace.output("skillctl", "copy", ...args);

    beforeAll(async () => {
      registries.push(await start(), await startOther());
      [source = "", target = ""] = registries.map(({ host }) => `${host}/team/greeter`);
      await packSkill(workspace);
      await workspace.output("skillctl", "push", REFERENCE, `${source}:1.0.0-draft`);
      await workspace.output("skillctl", "promote", `${source}:1.0.0-draft`, "--to", "testing");
      await workspace.output("skillctl", "promote", `${source}:1.0.0-testing`, "--to", "published");
      await workspace.output("cosign", "generate-key-pair", "--output-key-prefix", "own");
      const { digest } = await skillctlJson<{ digest: string }>(workspace, "inspect", `${source}:1.0.0`);
      await workspace.output("cosign", "sign", "--key", "own.key", ...OFFLINE, "-y", `${source}@${digest}`);
      workspace.write("review.txt", "reads well\n");
      const attachment = ["--artifact-type", "application/vnd.example.review", `${source}:1.0.0`, "review.txt"];
      await workspace.output("oras", "attach", "--plain-http", ...attachment);
    });
    afterAll(async () => {
      for (const registry of registries) await registry.close();
      workspace.remove();
    });

    it("takes along records, signature and attachment, which the tools find there", async () => {
      await copied(`${source}:1.0.0`, `${target}:1.0.0`);
      const { digest } = await skillctlJson<{ digest: string }>(workspace, "inspect", `${source}:1.0.0`);
      expect(await skillctlJson(workspace, "inspect", `${target}:1.0.0`)).toMatchObject({ digest });
      const history = await skillctlJson(workspace, "history", `${target}:1.0.0`);
      expect(history).toMatchObject({ complete: true, valid: true, steps: [{ to: "published" }, { to: "testing" }] });
      expect(await workspace.output("cosign", ...VERIFY, "own.pub", `${target}:1.0.0`)).toContain(digest);
      const found = await workspace.output("oras", "discover", "--plain-http", "--format", "json", `${target}:1.0.0`);
      expect(found).toContain('"application/vnd.example.review"');
    });

    it("leaves them behind when told so", async () => {
      const bare = `${target}-bare:1.0.0`;
      await copied("--no-referrers", `${source}:1.0.0`, bare);
      expect((await workspace.run("cosign", ...VERIFY, "own.pub", bare)).status).not.toBe(0);
      expect(await skillctlJson(workspace, "history", bare)).toMatchObject({ complete: false, steps: [] });
    });

    it("mirrors a repository, and moves nothing the second time", async () => {
      const mirror = `${target}-mirror`;
      await copied("--all-tags", source, mirror);
      const tags = async (name: string): Promise<[tag: string, digest: string][]> =>
        (await skillctlJson<{ tag: string; digest: string }[]>(workspace, "list", name))
          .map(({ tag, digest }): [string, string] => [tag, digest])
          .toSorted(([a], [b]) => a.localeCompare(b));
      expect(await tags(mirror)).toEqual(await tags(source));
      await workspace.output("cosign", ...VERIFY, "own.pub", `${mirror}:1.0.0`);
      const again = await skillctlJson<{ unchanged: boolean }[]>(workspace, "copy", "--all-tags", source, mirror);
      expect(again.map(({ unchanged }) => unchanged)).toEqual(again.map(() => true));
      expect(again.length).toBeGreaterThan(1);
    });
  });
});
