import fc from "fast-check";
import { expect, it } from "vitest";

import { giveBack } from "../../content/index.ts";
import { Slabs } from "./slabs.ts";

const LEAST = 64 * 1024;
const KIB = 1024;

/** Fills the beginning of what is free. */
function read(slabs: Slabs, bytes: number, value = 0): Uint8Array {
  const piece = slabs.room().subarray(0, bytes).fill(value);
  slabs.filled(piece);
  return piece;
}

it("reads into memory that was given back, and goes on in new memory otherwise", () => {
  const memoryFor = (isReturned: boolean): number => {
    const slabs = new Slabs(LEAST);
    const used = new Set<ArrayBufferLike>();
    for (let at = 0; at < 1000; at += 1) {
      const piece = read(slabs, 60 * KIB);
      used.add(piece.buffer);
      if (isReturned) giveBack(piece);
    }
    return used.size;
  };
  expect(memoryFor(true)).toBe(1);
  expect(memoryFor(false)).toBeGreaterThan(50);
});

it("changes nothing that was not given back, in whatever order the rest is", () => {
  const step = fc.record({ bytes: fc.integer({ min: 1, max: LEAST }), returned: fc.option(fc.nat()) });
  fc.assert(
    fc.property(fc.array(step, { minLength: 50, maxLength: 150 }), (steps) => {
      const slabs = new Slabs(LEAST);
      const kept: { readonly piece: Uint8Array; readonly value: number }[] = [];
      for (const [at, { bytes, returned }] of steps.entries()) {
        kept.push({ piece: read(slabs, bytes, at % 256), value: at % 256 });
        if (returned === null) continue;
        const [{ piece } = kept[0]!] = kept.splice(returned % kept.length, 1);
        giveBack(piece);
      }
      for (const { piece, value } of kept) if (!piece.every((byte) => byte === value)) return false;
      return true;
    }),
    { numRuns: 30 },
  );
});

it("always has as much room as it promises", () => {
  const slabs = new Slabs(LEAST);
  for (let at = 0; at < 100; at += 1) {
    expect(slabs.room().byteLength).toBeGreaterThanOrEqual(LEAST);
    read(slabs, 50 * KIB + at);
  }
});
