import { throwIfAborted } from "../../../errors.ts";
import type { Digest } from "../../../oci/index.ts";
import type { OpenFile } from "../../../store/layout/file-system.ts";
import type { ByteRange } from "../types.ts";
import { verified } from "../verified.ts";

const CHUNK = 512 * 1024;
const FIRST = 64 * 1024;

/**
 * The bytes of an open file, or a part of them; the next are read while the last are used. Whole content is checked: the last
 * chunk is handed out when the digest is right. Does not close the file.
 */
export async function* readBlob(
  file: OpenFile,
  digest: Digest,
  { range, signal }: { readonly range?: ByteRange | undefined; readonly signal?: AbortSignal | undefined },
): AsyncGenerator<Uint8Array, void, undefined> {
  const chunks = chunksOf(file, range ?? { start: 0, end: Infinity }, signal);
  yield* range === undefined ? verified(chunks, digest) : chunks;
}

async function* chunksOf(
  file: OpenFile,
  { start, end }: ByteRange,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  let size = FIRST;
  const readAt = async (at: number): Promise<Uint8Array> => {
    const buffer = Buffer.allocUnsafe(Math.max(0, Math.min(size, end + 1 - at)));
    return buffer.byteLength === 0 ? buffer : buffer.subarray(0, await file.read(buffer, at));
  };
  let next = readAt(start);
  try {
    for (let at = start; ;) {
      const chunk = await next;
      throwIfAborted(signal);
      if (chunk.byteLength === 0) return;
      at += chunk.byteLength;
      size = CHUNK;
      next = readAt(at);
      yield chunk;
    }
  } finally {
    // Whoever stops here closes the file next, which must not happen under a read.
    await next.catch(() => undefined);
  }
}
