import { throwIfAborted } from "../errors.ts";
import { Pieces } from "./pieces.ts";

/** Bytes as they arrive: streamed, never all in memory. */
export type Content = AsyncIterable<Uint8Array>;

/** Bytes that are in memory, as a stream of one chunk that can be read again; a stream as it is. */
export function asContent(content: Content | Uint8Array): Content {
  return content instanceof Uint8Array ? rereadable(() => oneChunk(content)) : content;
}

/** Content that can be read more than once: every iteration calls `open` and reads from the start. */
export function rereadable(open: () => Content): Content {
  return { [Symbol.asyncIterator]: () => open()[Symbol.asyncIterator]() };
}

/** Whether every iteration of `content` starts anew; a generator goes on where the last one stopped. */
export function isRereadable(content: Content): boolean {
  const iterator: unknown = content[Symbol.asyncIterator]();
  return iterator !== content;
}

async function* oneChunk(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes;
}

/** Collects content that is known to be small (a manifest, a SkillCard) into memory of its own. Throws `ABORTED`. */
export async function readAll(
  content: Content | Iterable<Uint8Array>,
  options: { readonly signal?: AbortSignal } = {},
): Promise<Uint8Array> {
  const pieces = new Pieces();
  for await (const chunk of content) {
    throwIfAborted(options.signal);
    pieces.add(chunk);
  }
  return pieces.copy();
}
