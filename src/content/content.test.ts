import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";

import { asContent, Pieces, readAll } from "./index.ts";

const [one, two] = [Uint8Array.of(1, 2), Uint8Array.of(3)];

describe("content", () => {
  it("is read whole, whatever its chunks", async () => {
    expect(await readAll([one, new Uint8Array(), two])).toEqual(Uint8Array.of(1, 2, 3));
    expect(await readAll([])).toEqual(new Uint8Array());
  });

  it("is read into memory of its own", async () => {
    const source = Uint8Array.of(7);
    const read = await readAll(asContent(source));
    source[0] = 0;
    expect(read).toEqual(Uint8Array.of(7));
  });

  it("may be bytes that are at hand, or a stream that stays what it is", async () => {
    expect(await readAll(asContent(one))).toEqual(one);
    const stream = asContent(two);
    expect(asContent(stream)).toBe(stream);
  });

  it("is not read on once that is cancelled", async () => {
    await expect(readAll([one], { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: "ABORTED" });
  });
});

/** Bytes that are in use. */
function heapInUse(): number {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  return process.memoryUsage().heapUsed;
}

describe("pieces", () => {
  it("are all there in their order, however small and many they are", () => {
    const all = Buffer.from(Array.from({ length: 20_000 }, (_, at) => at % 251));
    const pieces = new Pieces();
    for (let at = 0, size = 0; at < all.length; at += size) {
      size = at % 7 === 0 ? 1500 : at % 3;
      pieces.add(all.subarray(at, (at += 1)));
      pieces.add(all.subarray(at, at + size));
    }
    expect(pieces.size).toBe(all.length);
    expect(Buffer.from(pieces.copy()).equals(all)).toBe(true);
    expect(Buffer.from(pieces.whole()).equals(all)).toBe(true);
  });

  it("are handed out as they came when there is one, but for a copy", () => {
    const pieces = new Pieces();
    expect(pieces.whole()).toEqual(new Uint8Array());
    pieces.add(one);
    expect(pieces.whole()).toBe(one);
    expect(pieces.copy()).not.toBe(one);
  });

  it("of one byte each take little more than that", () => {
    const pieces = new Pieces();
    const before = heapInUse();
    const block = Buffer.alloc(200_000);
    for (let at = 0; at < block.length; at += 1) pieces.add(block.subarray(at, at + 1));
    expect(heapInUse() - before).toBeLessThan(4 * 1024 ** 2);
    expect(pieces.size).toBe(block.length);
  });

  it("of one byte each take little more, also with a larger one among them now and then", () => {
    const pieces = new Pieces();
    const before = heapInUse();
    const block = Buffer.alloc(1024);
    for (let count = 1; count <= 200_000; count += 1) pieces.add(count % 256 === 0 ? block : block.subarray(0, 1));
    expect(heapInUse() - before).toBeLessThan(4 * 1024 ** 2);
    expect(pieces.size).toBe(200_000 + 781 * 1023);
  });
});
