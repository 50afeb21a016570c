import { Z_DEFAULT_STRATEGY, Z_FULL_FLUSH, zlibDeflate, zlibDeflateInit2, zlibDeflateReset, ZStream } from "pako";

/** How many uncompressed bytes are compressed as one unit. Part of the format: changing it changes every digest. */
export const BLOCK_SIZE = 512 * 1024;

const LEVEL = 4;
const METHOD_DEFLATE = 8;
const RAW_32_KIB_WINDOW = -15;
const MEMORY_LEVEL = 8;

/** How many bytes a compressed block may take: zlib's deflateBound() for these settings, and the flush marker. */
export const MAX_DEFLATED = BLOCK_SIZE + (BLOCK_SIZE >> 8) + 1024;

// One state for each thread, made when first needed: it would otherwise become garbage with every block.
let shared: ZStream | undefined;

/**
 * Compresses one block, of at most {@link BLOCK_SIZE}, into `output`, of at least {@link MAX_DEFLATED}, and returns how
 * many bytes it took. The block stands on its own and ends on a byte boundary, so that blocks can be compressed
 * anywhere, in any order, and simply be put one after another into one deflate stream.
 *
 * The bytes are those of classic zlib (level 4, memory level 8, full flush): pako is plain JavaScript, and its legacy
 * hash is that of the reference implementation, so neither CPU, system nor runtime has a say.
 */
export function deflateBlock(block: Uint8Array, output: Uint8Array): number {
  const stream = (shared ??= open());
  zlibDeflateReset(stream);
  stream.input = block;
  stream.next_in = 0;
  stream.avail_in = block.length;
  stream.output = output as Uint8Array<ArrayBuffer>;
  stream.next_out = 0;
  stream.avail_out = output.length;
  const status = zlibDeflate(stream, Z_FULL_FLUSH);
  if (status !== 0 || stream.avail_in !== 0 || stream.avail_out === 0) {
    throw new Error(`deflate failed with status ${status}`);
  }
  return stream.next_out;
}

function open(): ZStream {
  const stream = new ZStream();
  zlibDeflateInit2(stream, LEVEL, METHOD_DEFLATE, RAW_32_KIB_WINDOW, MEMORY_LEVEL, Z_DEFAULT_STRATEGY, true);
  return stream;
}
