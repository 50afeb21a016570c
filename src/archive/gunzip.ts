/**
 * Decompresses exactly one gzip member (RFC 1952) and insists that nothing follows it.
 *
 * node:zlib's own gunzip reads on through concatenated members and drops trailing garbage, so the bytes that were
 * hashed and the bytes that were unpacked could differ from what another tool sees. Here node:zlib inflates, and the
 * frame around it is ours.
 */
import { createInflateRaw, crc32, type InflateRaw } from "node:zlib";

import type { Content } from "../content/index.ts";
import { errnoOf } from "../errno.ts";
import { ByteReader } from "./byte-reader.ts";
import { invalid } from "./refusals.ts";

const FEED = 16 * 1024;
const CHUNK = 64 * 1024;
const MAX_HEADER_TEXT = 64 * 1024;

const FLAG = { headerCrc: 2, extra: 4, name: 8, comment: 16, reserved: 0xe0 } as const;

/** Streams what `compressed` decompresses to. Throws `ARCHIVE_INVALID` for anything but one whole gzip member. */
export async function* gunzip(compressed: Content): AsyncGenerator<Uint8Array> {
  const bytes = new ByteReader(compressed);
  try {
    await skipHeader(bytes);
    let crc = 0;
    let size = 0;
    for await (const chunk of inflate(bytes)) {
      crc = crc32(chunk, crc);
      size += chunk.length;
      yield chunk;
    }
    const trailer = Buffer.from(await bytes.need(8, "its checksum"));
    if (trailer.readUInt32LE(0) !== crc) throw invalid("its gzip checksum is wrong");
    if (trailer.readUInt32LE(4) !== size % 0x1_0000_0000) throw invalid("its gzip length is wrong");
    if ((await bytes.take(1)) !== undefined) throw invalid("there is more after the end of the gzip stream");
  } finally {
    bytes.close();
  }
}

/** Reads past the header, whose own checksum, when it has one, must be right: GNU gzip refuses it otherwise. */
async function skipHeader(bytes: ByteReader): Promise<void> {
  let crc = 0;
  const need = async (length: number): Promise<Uint8Array> => {
    const piece = await bytes.need(length, "its gzip header");
    crc = crc32(piece, crc);
    return piece;
  };
  const [id1, id2, method, flags = 0] = await need(10);
  if (id1 !== 0x1f || id2 !== 0x8b) throw invalid("it is not gzip");
  if (method !== 8 || (flags & FLAG.reserved) !== 0) throw invalid("its gzip header is not one that RFC 1952 defines");
  if ((flags & FLAG.extra) !== 0) {
    const [low = 0, high = 0] = await need(2);
    await need(low + 256 * high);
  }
  if ((flags & FLAG.name) !== 0) await skipText(need);
  if ((flags & FLAG.comment) !== 0) await skipText(need);
  if ((flags & FLAG.headerCrc) === 0) return;
  const expected = crc & 0xffff;
  const [low = 0, high = 0] = await need(2);
  if (low + 256 * high !== expected) throw invalid("the checksum of its gzip header is wrong");
}

async function skipText(need: (length: number) => Promise<Uint8Array>): Promise<void> {
  for (let length = 0; length < MAX_HEADER_TEXT; length++) if ((await need(1))[0] === 0) return;
  throw invalid("its gzip header holds a name without end");
}

/** Inflates up to the end of the deflate stream, and leaves in `bytes` what comes after it. */
async function* inflate(bytes: ByteReader): AsyncGenerator<Uint8Array> {
  const inflater = createInflateRaw({ chunkSize: CHUNK });
  const feeding = feed(inflater, bytes).catch((error: unknown) => {
    inflater.destroy(error instanceof Error ? error : new Error(String(error)));
  });
  try {
    for await (const chunk of inflater) yield chunk as Uint8Array;
    await feeding;
  } catch (error) {
    throw errnoOf(error)?.startsWith("Z_") === true ? invalid("its compressed data cannot be inflated", error) : error;
  } finally {
    inflater.destroy();
  }
}

async function feed(inflater: InflateRaw, bytes: ByteReader): Promise<void> {
  for (;;) {
    const piece = await bytes.take(FEED);
    if (inflater.destroyed) return;
    if (piece === undefined) {
      inflater.end();
      return;
    }
    const before = inflater.bytesWritten;
    await write(inflater, piece);
    if (inflater.destroyed) return;
    // What the engine did not want lies behind the end of the deflate stream.
    const used = inflater.bytesWritten - before;
    if (used === piece.length) continue;
    bytes.unread(piece.subarray(used));
    return;
  }
}

/** Resolves when the engine is done with `piece`, or is gone. */
function write(inflater: InflateRaw, piece: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      inflater.off("close", done);
      resolve();
    };
    inflater.once("close", done);
    inflater.write(piece, done);
  });
}
