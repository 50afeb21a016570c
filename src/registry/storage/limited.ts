/** A bound on content that comes in, whatever it is written to. */
import type { Content } from "../../content/index.ts";
import { throwIfAborted } from "../../errors.ts";
import { uploadTooLarge } from "./failures.ts";

/** Passes content on. Throws `ARCHIVE_LIMIT` when more than `left` bytes come; `limit` is what is said to be too small. */
export async function* limited(
  content: Content,
  left: number,
  limit: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of content) {
    throwIfAborted(signal);
    if ((left -= chunk.byteLength) < 0) throw uploadTooLarge(limit);
    yield chunk;
  }
  throwIfAborted(signal);
}
