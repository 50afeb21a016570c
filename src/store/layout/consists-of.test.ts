import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";

import { consistsOf } from "./consists-of.ts";
import { directFileSystem } from "./direct-file-system.ts";

let path: string;
let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "skillimage-consists-"));
  path = join(directory, "file");
});
afterAll(() => rm(directory, { recursive: true }));

const of = async (...pieces: readonly Uint8Array[]): Promise<boolean> => consistsOf(directFileSystem, path, pieces);

it("holds for the file's bytes in whatever pieces, and for no others", async () => {
  const bytes = fc.uint8Array({ maxLength: 40, size: "max" });
  await fc.assert(
    fc.asyncProperty(fc.array(bytes, { maxLength: 5 }), bytes, fc.nat(), async (pieces, more, at) => {
      const whole = Buffer.concat(pieces);
      await writeFile(path, whole);
      expect(await of(...pieces)).toBe(true);
      expect(await of(whole)).toBe(true);
      expect(await of(...pieces, more)).toBe(more.byteLength === 0);
      if (whole.byteLength === 0) return;
      expect(await of(whole.subarray(1))).toBe(false);
      expect(await of(whole.subarray(0, -1))).toBe(false);
      const flipped = Buffer.from(whole);
      flipped[at % whole.byteLength] = (flipped[at % whole.byteLength] ?? 0) ^ 1;
      expect(await of(flipped)).toBe(false);
    }),
    { numRuns: 100 },
  );
});

it("holds for a file of many blocks, and not when one bit of its last is another", async () => {
  const bytes = Buffer.alloc(200_001, "abc");
  await writeFile(path, bytes);
  expect(await of(bytes.subarray(0, 70_000), bytes.subarray(70_000))).toBe(true);
  const last = Buffer.from([(bytes.at(-1) ?? 0) ^ 1]);
  expect(await of(bytes.subarray(0, -1), last)).toBe(false);
});

it("does not hold for a file that is absent", async () => {
  expect(await consistsOf(directFileSystem, join(directory, "none"), [])).toBe(false);
});
