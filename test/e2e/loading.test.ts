import { mkdir, readdir, readFile, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";

import { IS_BUILD, MAIN } from "../command.ts";
import { createWorkspace, type Workspace } from "./skillctl.ts";

let user: Workspace;
beforeAll(async () => {
  user = await createWorkspace();
  await user.skill("hello");
  await user.run(["pack", "hello"]);
});

/** The files of the build that a call loads, as V8 reports them. */
async function loadedBy(...args: string[]): Promise<string[]> {
  const directory = user.path(`coverage-${args[0]}`);
  await mkdir(directory, { recursive: true });
  await user.run(args, { env: { NODE_V8_COVERAGE: directory } });
  const [report = ""] = await readdir(directory);
  const { result } = JSON.parse(await readFile(`${directory}/${report}`, "utf8")) as { result: { url: string }[] };
  const files = result.filter(({ url }) => url.startsWith("file:")).map(({ url }) => fileURLToPath(url));
  return files.filter((file) => file.startsWith(dirname(MAIN)));
}

/** Texts that stand in the large parts of the build, of which a call should load only what it needs. */
const MARKS = {
  yaml: "YAMLParseError",
  licenses: "AFL-1.1",
  compressor: "need dictionary",
  prompts: "◆",
  registry: "is not a registry: it holds",
};

/** Which of the large parts a call loads. */
async function partsLoadedBy(...args: string[]): Promise<string[]> {
  const texts = await Promise.all((await loadedBy(...args)).map((file) => readFile(file, "utf8")));
  return Object.entries(MARKS).flatMap(([part, mark]) => (texts.some((text) => text.includes(mark)) ? [part] : []));
}

const ELSEWHERE = "start-up [skipped, of another command than the build V8 reports no files]";

describe.skipIf(!IS_BUILD)(IS_BUILD ? "start-up" : ELSEWHERE, () => {
  it("of version loads next to nothing", async () => {
    const files = await loadedBy("version");
    const sizes = await Promise.all(files.map(async (file) => (await stat(file)).size));
    expect(files).toContain(MAIN);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(8000);
  });

  it.each([["list"], ["help"], ["rm", "--force", "a/b:1"], ["tag", "a/b:1", "a/b:2"], ["prune"], ["fsck"]])(
    "of %s loads none of the large parts",
    async (...args) => {
      expect(await partsLoadedBy(...args)).toEqual([]);
    },
  );

  it.each([["list"], ["rm", "--force", "a/b:1"], ["tag", "a/b:1", "a/b:2"]])(
    "of %s loads few files",
    async (...args) => {
      expect((await loadedBy(...args)).length).toBeLessThanOrEqual(4);
    },
  );

  it("of promote loads what reads a card, and no compressor", async () => {
    expect(await partsLoadedBy("promote", "examples/hello:1.0.0-draft", "--to", "testing")).toEqual([
      "yaml",
      "licenses",
    ]);
  });

  it("of pack loads those that it needs", async () => {
    expect(await partsLoadedBy("pack", "hello")).toEqual(["yaml", "licenses", "compressor"]);
  });

  it("of gc loads what keeps a registry, and no server", async () => {
    expect(await partsLoadedBy("gc", "--root", "nothing")).toEqual(["registry"]);
    expect((await loadedBy("gc", "--root", "nothing")).length).toBeLessThanOrEqual(8);
  });
});
