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

interface Coverage {
  readonly url: string;
  readonly functions: readonly { readonly ranges: readonly Range[] }[];
}

interface Range {
  readonly startOffset: number;
  readonly endOffset: number;
  readonly count: number;
}

/** The files of the build that a call loads, with their functions, as V8 reports them. */
async function coverageOf(...args: string[]): Promise<(Coverage & { readonly file: string })[]> {
  const directory = user.path(`coverage-${args[0]}`);
  await mkdir(directory, { recursive: true });
  await user.run(args, { env: { NODE_V8_COVERAGE: directory } });
  const [report = ""] = await readdir(directory);
  const { result } = JSON.parse(await readFile(`${directory}/${report}`, "utf8")) as { result: Coverage[] };
  const files = result.map((script) => ({ ...script, file: pathOf(script.url) }));
  return files.filter(({ file }) => file.startsWith(dirname(MAIN)));
}

/** V8 calls a script as its loader did: by URL, or by path. */
function pathOf(url: string): string {
  return url.startsWith("file:") ? fileURLToPath(url) : url;
}

/** Texts that stand in what modules of the large parts do first, of which a call should run only what it needs. */
const MARKS = {
  yaml: "tag:yaml.org,2002:map",
  licenses: "AFL-1.1",
  compressor: "need dictionary",
  prompts: String.raw`\u25C6`,
  registry: String.raw`{10}\.log$`,
};

/** Which of the large parts a call runs. */
async function partsRunBy(...args: string[]): Promise<string[]> {
  const scripts = await coverageOf(...args);
  const program = scripts.find(({ file }) => file.endsWith("program.js"));
  if (program === undefined) return [];
  const text = `(function(exports,require,module,__filename,__dirname){${await readFile(program.file, "utf8")}`;
  return Object.entries(MARKS).flatMap(([part, mark]) => (runs(program, text, mark) ? [part] : []));
}

/** Whether the function was called in which the mark stands first. */
function runs({ functions }: Coverage, text: string, mark: string): boolean {
  const at = text.indexOf(mark);
  expect(at, `${mark} stands in the command`).toBeGreaterThan(0);
  const around = functions.flatMap(({ ranges: [range] }) =>
    range !== undefined && range.startOffset <= at && at < range.endOffset ? [range] : [],
  );
  const innermost = around.toSorted((a, b) => a.endOffset - a.startOffset - (b.endOffset - b.startOffset))[0];
  return (innermost?.count ?? 0) > 0;
}

const ELSEWHERE = "start-up [skipped, of another command than the build V8 reports no files]";

describe.skipIf(!IS_BUILD)(IS_BUILD ? "start-up" : ELSEWHERE, () => {
  it("of version loads next to nothing", async () => {
    const files = (await coverageOf("version")).map(({ file }) => file);
    const sizes = await Promise.all(files.map(async (file) => (await stat(file)).size));
    expect(files).toContain(MAIN);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(8000);
  });

  it.each([["list"], ["help"], ["rm", "--force", "a/b:1"], ["tag", "a/b:1", "a/b:2"], ["prune"], ["fsck"]])(
    "of %s runs none of the large parts",
    async (...args) => {
      expect(await partsRunBy(...args)).toEqual([]);
    },
  );

  it("of promote runs what reads a card, and no compressor", async () => {
    expect(await partsRunBy("promote", "examples/hello:1.0.0-draft", "--to", "testing")).toEqual(["yaml", "licenses"]);
  });

  it("of pack runs those that it needs", async () => {
    expect(await partsRunBy("pack", "hello")).toEqual(["yaml", "licenses", "compressor"]);
  });

  it("of a call that takes long keeps code that the next one takes", async () => {
    const names = Array.from({ length: 300 }, (_, at) => `many-${at}`);
    for (const name of names) await user.skill(name);
    const env = { XDG_CACHE_HOME: user.path("cache") };
    const kept = async (): Promise<number[]> => {
      expect(await user.run(["validate", ...names], { env })).toMatchObject({ status: 0 });
      const directory = user.path("cache/skillctl/code");
      return Promise.all((await readdir(directory)).map(async (name) => (await stat(`${directory}/${name}`)).ino));
    };
    const first = await kept();
    expect(first).toHaveLength(1);
    expect(await kept()).toEqual(first);
  });

  it("of gc runs what keeps a registry, and no server", async () => {
    expect(await partsRunBy("gc", "--root", "nothing")).toEqual(["registry"]);
  });
});
