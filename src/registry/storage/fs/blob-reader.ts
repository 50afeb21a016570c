import type { Content } from "../../../content/index.ts";
import { throwIfAborted } from "../../../errors.ts";
import type { Digest } from "../../../oci/index.ts";
import type { OpenFile } from "../../../store/layout/file-system.ts";
import type { ByteRange } from "../types.ts";
import { verified } from "../verified.ts";
import type { VerifiedFiles } from "./verified-files.ts";

const CHUNK = 1024 * 1024;
const FIRST = 64 * 1024;
const WHOLE: ByteRange = { start: 0, end: Infinity };

interface Chunk {
  readonly bytes: Uint8Array;
  readonly isLast: boolean;
}

/** What {@link readBlob} may read, and what it knows. */
export interface BlobReading {
  readonly range?: ByteRange | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Each chunk is good only until the next is asked for: its memory is used again. Default: false. */
  readonly transient?: boolean;
  /** Files whose content need not be hashed again. Default: none. */
  readonly verifiedFiles?: VerifiedFiles;
}

/**
 * The bytes of an open file, or a part of them; the next are read while the last are used. No part is handed out of content that
 * was not found to have the digest, and of the whole not the last chunk. Throws `DIGEST_MISMATCH`. Does not close the file.
 */
export async function* readBlob(
  file: OpenFile,
  digest: Digest,
  { range, signal, transient = false, verifiedFiles }: BlobReading,
): AsyncGenerator<Uint8Array, void, undefined> {
  const before = await file.state?.();
  const isVerified = before !== undefined && verifiedFiles?.has(digest, before) === true;
  const chunks = (part: ByteRange, reuse: boolean): AsyncGenerator<Uint8Array, void, undefined> =>
    chunksOf(file, part, signal, reuse ? inTurns() : (size) => Buffer.allocUnsafe(size));
  const look = async (): Promise<void> => {
    for await (const _ of verified(chunks(WHOLE, true), digest));
  };
  const note = async (): Promise<void> => {
    const after = await file.state?.();
    if (before !== undefined && after !== undefined) verifiedFiles?.note(digest, before, after);
  };
  if (range === undefined && !isVerified) {
    yield* verified(chunks(WHOLE, transient), digest);
    return note();
  }
  if (!isVerified) {
    await look();
    await note();
  }
  const check = async (): Promise<void> => {
    // Somebody touched it, or worse.
    if ((await file.state?.())?.id !== before?.id) await look();
  };
  yield* withLastChecked(chunks(range ?? WHOLE, transient), check);
}

/** Hands the last chunk out when `check` is over. */
async function* withLastChecked(
  content: Content,
  check: () => Promise<void>,
): AsyncGenerator<Uint8Array, void, undefined> {
  let held: Uint8Array | undefined;
  for await (const chunk of content) {
    if (held !== undefined) yield held;
    held = chunk;
  }
  await check();
  if (held !== undefined) yield held;
}

/**
 * `memory`: what chunks are read into, in turns: so each is good until the next but one is asked for, which leaves time to hold one
 * back. Default: memory of its own for each.
 */
async function* chunksOf(
  file: OpenFile,
  { start, end }: ByteRange,
  signal: AbortSignal | undefined,
  memory: (size: number) => Buffer,
): AsyncGenerator<Uint8Array, void, undefined> {
  let size = FIRST;
  const readAt = async (at: number): Promise<Chunk> => {
    const wanted = Math.max(0, Math.min(size, end + 1 - at));
    if (wanted === 0) return { bytes: new Uint8Array(), isLast: true };
    const buffer = memory(wanted);
    const bytes = buffer.subarray(0, await file.read(buffer, at));
    // Less than was asked for: this was the end, which need not be asked for again.
    return { bytes, isLast: bytes.byteLength < wanted };
  };
  let next = readAt(start);
  try {
    for (let at = start; ;) {
      const { bytes, isLast } = await next;
      throwIfAborted(signal);
      at += bytes.byteLength;
      size = CHUNK;
      if (!isLast) next = readAt(at);
      if (bytes.byteLength > 0) yield bytes;
      if (isLast) return;
    }
  } finally {
    // Whoever stops here closes the file next, which must not happen under a read.
    await next.catch(() => undefined);
  }
}

/** One chunk is in the hands of the reader, one is held back, and one is being read. */
const TURNS = 3;

function inTurns(): (size: number) => Buffer {
  const memory: Buffer[] = [];
  let turn = 0;
  return (size) => {
    const at = turn;
    turn = (turn + 1) % TURNS;
    // The first chunk is smaller than all others.
    if ((memory[at]?.byteLength ?? 0) < size) memory[at] = Buffer.allocUnsafeSlow(size);
    return memory[at]?.subarray(0, size) ?? Buffer.alloc(size);
  };
}
