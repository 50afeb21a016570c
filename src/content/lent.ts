/**
 * Memory that is used again. Content's chunks are whoever's takes them: their memory is not used again, as somebody may keep them. For
 * hundreds of megabytes that takes time, because memory that was just used is at hand and new memory is not. So a source
 * may lend it, and who is sure to be the last to look at a chunk may give it back. docs/adr/0040-long-bodies-past-the-parser.md
 *
 * To be sure takes that nobody stands between source and reader who could keep chunks: content is lent for as long as it is handed on by
 * code that says so here. What anybody else makes of it is another object, and not lent.
 */
import type { Content } from "./content.ts";

const LENT = new WeakSet<Content>();

const OWNERS = new WeakMap<ArrayBufferLike, (bytes: number) => void>();

/** Says of `content` that nobody but its reader keeps its chunks; returns it. */
export function lent(content: Content): Content {
  LENT.add(content);
  return content;
}

export function isLent(content: Content): boolean {
  return LENT.has(content);
}

/** `returned` is told how many bytes of chunks in `memory` nobody looks at any more. */
export function lend(memory: ArrayBufferLike, returned: (bytes: number) => void): void {
  OWNERS.set(memory, returned);
}

/** Once for each chunk, by the reader of lent content, who does not look at it again. Without effect on memory that nobody lends. */
export function giveBack(chunk: Uint8Array): void {
  OWNERS.get(chunk.buffer)?.(chunk.byteLength);
}
