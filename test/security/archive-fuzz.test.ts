/**
 * Archives that nobody thought of: valid ones with bytes flipped, cut out and put in, before and after compression.
 * Whatever comes, reading ends, either well or with a SkillError, and nothing is written outside the target.
 */
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";

import { extractLayers, readLayer } from "../../src/archive/index.ts";
import { isSkillError } from "../../src/errors.ts";
import { inPieces, longName, pax, rawTar } from "../fixtures/raw-tar.ts";

const RUNS = Number(process.env["SKILLIMAGE_FUZZ_RUNS"] ?? 150);

const VALID = rawTar(
  { name: "./", type: "5" },
  { name: "SKILL.md", content: "# Hello\n".repeat(100) },
  pax({ path: "données/é.txt", mtime: "1.5" }),
  { name: "x", content: "é" },
  longName(`${"long/".repeat(30)}name`),
  { name: "y", magic: "ustar  \0", content: "z".repeat(700) },
  { name: "scripts/run.sh", mode: "0000755\0" },
);

type Change = { readonly kind: "flip" | "cut" | "insert"; readonly at: number; readonly bytes: Uint8Array };

const change: fc.Arbitrary<Change> = fc.record({
  kind: fc.constantFrom("flip", "cut", "insert"),
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  bytes: fc.oneof(
    fc.uint8Array({ minLength: 1, maxLength: 20 }),
    fc.constantFrom(new Uint8Array(512), VALID.subarray(512, 1024)),
  ),
});

function apply(bytes: Uint8Array, changes: readonly Change[]): Uint8Array {
  return changes.reduce((result, { kind, at, bytes: piece }) => {
    const index = Math.floor(at * result.length);
    const [before, after] = [result.subarray(0, index), result.subarray(index)];
    if (kind === "insert") return Buffer.concat([before, piece, after]);
    if (kind === "cut")
      return Buffer.concat([before, after.subarray(piece.length === 1 ? after.length : piece.length)]);
    return Buffer.concat([
      before,
      after.subarray(0, piece.length).map((byte, i) => byte ^ (piece[i] ?? 0)),
      after.subarray(piece.length),
    ]);
  }, bytes);
}

/** Puts the right checksum into whatever now stands where a header stood, so that changes get past it. */
function mended(tar: Uint8Array): Uint8Array {
  const copy = Buffer.from(tar);
  for (let at = 0; at + 512 <= copy.length; at += 512) {
    if (copy.toString("latin1", at + 257, at + 262) !== "ustar") continue;
    copy.fill(" ", at + 148, at + 156);
    const sum = copy.subarray(at, at + 512).reduce((total, byte) => total + byte, 0);
    copy.write(`${sum.toString(8).padStart(6, "0")}\0 `, at + 148, "latin1");
  }
  return copy;
}

let room: string;

beforeAll(async () => {
  room = await mkdtemp(join(tmpdir(), "fuzz-"));
});

afterAll(async () => {
  await rm(room, { recursive: true, force: true });
});

async function survives(bytes: Uint8Array, compression: "gzip" | "none"): Promise<void> {
  const target = join(room, "target");
  try {
    const paths: string[] = [];
    for await (const { path } of readLayer(inPieces(bytes, 300), { compression })) paths.push(path);
    for (const path of paths) expect(path.split("/")).not.toContain("..");
    await extractLayers([{ content: inPieces(bytes), compression }], target);
    expect(await readdir(room)).toEqual(["target"]);
    await rm(target, { recursive: true });
  } catch (error) {
    if (!isSkillError(error)) throw error;
  }
  expect(await readdir(room)).toEqual([]);
}

test("the archive that is changed is a valid one", async () => {
  const paths: string[] = [];
  for await (const { path } of readLayer(inPieces(VALID), { compression: "none" })) paths.push(path);
  expect(paths).toHaveLength(4);
});

const changes = fc.array(change, { minLength: 1, maxLength: 4 });

test("a tar with random changes is read or refused", { timeout: 300_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(changes, async (list) => await survives(apply(VALID, list), "none")),
    { numRuns: RUNS },
  );
});

test("a tar with random changes and right checksums is read or refused", { timeout: 300_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(changes, async (list) => await survives(mended(apply(VALID, list)), "none")),
    { numRuns: RUNS },
  );
});

test("a gzip stream with random changes is read or refused", { timeout: 300_000 }, async () => {
  const zipped = gzipSync(VALID);
  await fc.assert(
    fc.asyncProperty(changes, async (list) => await survives(apply(zipped, list), "gzip")),
    { numRuns: RUNS },
  );
});

test("random bytes are refused", { timeout: 300_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 3000 }), async (bytes) => {
      await survives(bytes, "none");
      await survives(Buffer.concat([Buffer.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255), bytes]), "gzip");
    }),
    { numRuns: RUNS },
  );
});
