import { crc32 } from "node:zlib";

import type { Content } from "../content/index.ts";
import { BLOCK_SIZE } from "./deflate-block.ts";
import type { DeflatePool, Slot } from "./deflate-pool.ts";

// RFC 1952: deflate, no flags, no time, no extra flags, unknown operating system.
const HEADER = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255);

// An empty last block (RFC 1951, fixed codes): every data block is compressed alike, none needs to know it is the last.
const LAST_BLOCK = Uint8Array.of(0x03, 0x00);

/**
 * Compresses `source` into one gzip member made of independent blocks, in order, with at most `pool.depth` of them in
 * memory. `observe` sees every uncompressed block. The bytes depend on nothing but `source`.
 */
export async function* gzip(
  source: Content,
  pool: DeflatePool,
  observe: (block: Uint8Array) => void,
): AsyncGenerator<Uint8Array> {
  yield HEADER;
  let crc = 0;
  let size = 0;
  const underway: Promise<Uint8Array>[] = [];
  for await (const { slot, length } of blocks(source, pool)) {
    const block = slot.block.subarray(0, length);
    observe(block);
    crc = crc32(block, crc);
    size += length;
    underway.push(pool.deflate(slot, length));
    if (underway.length >= pool.depth) yield await (underway.shift() as Promise<Uint8Array>);
  }
  for (const result of underway) yield await result;
  yield LAST_BLOCK;
  yield trailer(crc, size);
}

/** Fills one slot after the other; only the last may be shorter than a whole block. */
async function* blocks(source: Content, pool: DeflatePool): AsyncGenerator<{ slot: Slot; length: number }> {
  let slot = pool.slot();
  let length = 0;
  for await (const chunk of source) {
    for (let offset = 0; offset < chunk.length;) {
      const part = chunk.subarray(offset, offset + BLOCK_SIZE - length);
      slot.block.set(part, length);
      length += part.length;
      offset += part.length;
      if (length < BLOCK_SIZE) continue;
      yield { slot, length };
      slot = pool.slot();
      length = 0;
    }
  }
  if (length > 0) yield { slot, length };
}

function trailer(crc: number, size: number): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32LE(crc, 0);
  bytes.writeUInt32LE(size % 0x1_0000_0000, 4);
  return bytes;
}
