import { throwIfAborted } from "../errors.ts";

/** Bytes as they arrive: streamed, never all in memory. */
export type Content = AsyncIterable<Uint8Array>;

/** Bytes that are in memory, as a stream of one chunk; a stream as it is. */
export function asContent(content: Content | Uint8Array): Content {
  return content instanceof Uint8Array ? oneChunk(content) : content;
}

async function* oneChunk(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes;
}

/** Collects content that is known to be small (a manifest, a SkillCard) into memory of its own. Throws `ABORTED`. */
export async function readAll(
  content: Content | Iterable<Uint8Array>,
  options: { readonly signal?: AbortSignal } = {},
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of content) {
    throwIfAborted(options.signal);
    chunks.push(chunk);
    size += chunk.byteLength;
  }
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.byteLength;
  }
  return bytes;
}
