/**
 * Content in blocks that are worth a call to the system. A network hands out what has come, 64 KiB at most; for each write
 * a thread is woken, which takes longer than to copy so few bytes.
 */
import { giveBack, isLent, type Content } from "../../content/index.ts";

/** In bytes. */
const BLOCK = 1024 * 1024;

/**
 * The same bytes in larger pieces. A piece is good until the next but one is asked for: its memory is used again. Content
 * that comes in one chunk, or in large ones, is passed on as it is. What the content throws comes before what was gathered. Chunks of
 * lent content are given back.
 */
export async function* inBlocks(content: Content, size = BLOCK): AsyncGenerator<Uint8Array, void, undefined> {
  const done = isLent(content) ? giveBack : ignore;
  /** The chunks that were passed on last, and are looked at still. */
  let [before, last]: [Uint8Array?, Uint8Array?] = [];
  const memory: Uint8Array[] = [];
  let turn = 0;
  let first: Uint8Array | undefined;
  let filled = 0;
  for await (const chunk of content) {
    if (filled + chunk.byteLength > size) {
      if (filled > 0) yield first === undefined ? turned() : passing(first);
      [first, filled] = [undefined, 0];
    }
    if (chunk.byteLength >= size) {
      yield passing(chunk);
    } else if (filled === 0) {
      [first, filled] = [chunk, chunk.byteLength];
    } else {
      const block = (memory[turn] ??= new Uint8Array(size));
      if (first !== undefined) {
        block.set(first);
        done(first);
      }
      first = undefined;
      block.set(chunk, filled);
      done(chunk);
      filled += chunk.byteLength;
    }
  }
  if (filled > 0) yield first ?? turned();

  /** A chunk as it is. By now, who reads is done with the last but one. */
  function passing(chunk: Uint8Array): Uint8Array {
    if (before !== undefined) done(before);
    [before, last] = [last, chunk];
    return chunk;
  }

  /** What was gathered; the next is gathered in the other memory. */
  function turned(): Uint8Array {
    const block = memory[turn]?.subarray(0, filled) ?? new Uint8Array();
    turn = 1 - turn;
    return block;
  }
}

function ignore(): void {
  // Somebody else may look at it.
}
