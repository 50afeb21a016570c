import { expect, test } from "vitest";

import { processorTime } from "../../test/fixtures/processor-time.ts";
import { compareFiles, readFiles, type FileRecord } from "./diff-files.ts";
import type { SkillFile } from "./files.ts";

/** Lines of `a` and `b` without any pattern: two such texts have no cheap difference. Linear congruential, so repeatable. */
function noise(seed: number, lines: number): string {
  let state = seed;
  const letters = Array.from({ length: lines }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state >>> 31 === 0 ? "a\n" : "b\n";
  });
  return letters.join("");
}

async function records(texts: Readonly<Record<string, string>>): Promise<ReadonlyMap<string, FileRecord>> {
  async function* files(): AsyncIterable<SkillFile> {
    for (const [path, text] of Object.entries(texts)) {
      const bytes = Buffer.from(text);
      yield { path, size: bytes.byteLength, mode: 0o644, content: chunks(bytes) };
    }
  }
  return readFiles(files());
}

async function* chunks(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes;
}

const LINES = 130_000;

test("two files of 260 KB of random lines are compared in a moment, not in 8 seconds", async () => {
  const [before, after] = [await records({ "x.txt": noise(1, LINES) }), await records({ "x.txt": noise(2, LINES) })];
  const start = processorTime();
  const [change] = await compareFiles(before, after);
  expect(processorTime() - start).toBeLessThan(2_000);
  expect(change).toMatchObject({ path: "x.txt", change: "modified" });
  expect(change).not.toHaveProperty("patch");
});

test("many such files share one budget, and what comes after it has no patch", async () => {
  const names = ["b.txt", "c.txt", "d.txt"];
  const side = (seed: number): Promise<ReadonlyMap<string, FileRecord>> => {
    const large = names.map((name, at) => [name, noise(seed + at, LINES)]);
    return records({ "a.txt": `${seed}\n`, ...Object.fromEntries(large), "e.txt": `${seed}\n` });
  };
  const changes = await compareFiles(await side(1), await side(7), { times: { file: 200, all: 300 } });
  expect(changes.map(({ path, patch }) => [path, patch !== undefined])).toEqual([
    ["a.txt", true],
    ["b.txt", false],
    ["c.txt", false],
    ["d.txt", false],
    ["e.txt", false],
  ]);
});

test("a comparison can be cancelled between two files", async () => {
  const side = (seed: number): Promise<ReadonlyMap<string, FileRecord>> =>
    records(Object.fromEntries(["a", "b", "c", "d", "e", "f"].map((name) => [name, noise(seed, LINES)])));
  const [before, after] = [await side(1), await side(2)];
  const cancel = new AbortController();
  const comparing = compareFiles(before, after, { signal: cancel.signal });
  const start = processorTime();
  setImmediate(() => cancel.abort());
  await expect(comparing).rejects.toMatchObject({ code: "ABORTED" });
  expect(processorTime() - start).toBeLessThan(1_000);
});
