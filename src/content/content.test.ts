import { describe, expect, it } from "vitest";

import { asContent, readAll } from "./index.ts";

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
