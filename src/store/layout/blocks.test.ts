import { describe, expect, it } from "vitest";

import { readAll, type Content } from "../../content/index.ts";
import { inBlocks } from "./blocks.ts";

async function* chunks(...sizes: readonly number[]): AsyncGenerator<Uint8Array, void, undefined> {
  let value = 0;
  for (const size of sizes) yield Uint8Array.from({ length: size }, () => value++ % 251);
}

/** Each piece as it is when the one after it has been asked for, as a writer sees it that writes one behind. */
async function behind(content: Content): Promise<Uint8Array[]> {
  const seen: Uint8Array[] = [];
  let last: Uint8Array | undefined;
  for await (const piece of content) {
    if (last !== undefined) seen.push(last.slice());
    last = piece;
  }
  return last === undefined ? seen : [...seen, last.slice()];
}

describe("inBlocks", () => {
  it.each([
    [[]],
    [[1]],
    [[7]],
    [[8]],
    [[9]],
    [[3, 3, 3, 3, 3]],
    [[4, 4, 4]],
    [[1, 20, 1, 1, 8, 2]],
    [[0, 5, 0, 5, 5, 0]],
  ])("gives the same bytes, chunks of %j, also to who writes one behind", async (sizes) => {
    const pieces = await behind(inBlocks(chunks(...sizes), 8));
    expect(await readAll(pieces)).toEqual(await readAll(chunks(...sizes)));
  });

  it("makes few writes of many chunks, and copies none that is large or alone", async () => {
    const lengths = async (...sizes: readonly number[]): Promise<number[]> =>
      (await behind(inBlocks(chunks(...sizes), 8))).map(({ byteLength }) => byteLength);
    expect(await lengths(3, 3, 3, 3, 3, 3)).toEqual([6, 6, 6]);
    expect(await lengths(2, 30, 2, 2)).toEqual([2, 30, 4]);
    const alone = Uint8Array.of(1, 2, 3);
    for await (const piece of inBlocks(
      (async function* () {
        yield alone;
      })(),
    ))
      expect(piece).toBe(alone);
  });
});
