import { isAbsent } from "../../errno.ts";
import type { FileSystem } from "./file-system.ts";

/** Bytes that are compared at once. */
const BLOCK = 64 * 1024;

/** Whether a file holds the same bytes as the pieces together. Takes no memory of the file's size; a file that is absent does not. */
export async function consistsOf(fs: FileSystem, path: string, pieces: readonly Uint8Array[]): Promise<boolean> {
  const file = await fs.open(path).catch((error: unknown) => {
    if (isAbsent(error)) return undefined;
    throw error;
  });
  if (file === undefined) return false;
  try {
    const block = Buffer.allocUnsafe(BLOCK);
    let [piece, next, at] = [pieces[0], 1, 0];
    for (;;) {
      const length = await file.read(block);
      if (length === 0) break;
      for (let seen = 0; seen < length;) {
        while (piece !== undefined && at === piece.byteLength) [piece, next, at] = [pieces[next], next + 1, 0];
        if (piece === undefined) return false;
        const count = Math.min(length - seen, piece.byteLength - at);
        if (block.compare(piece, at, at + count, seen, seen + count) !== 0) return false;
        seen += count;
        at += count;
      }
    }
    while (piece !== undefined && at === piece.byteLength) [piece, next, at] = [pieces[next], next + 1, 0];
    return piece === undefined;
  } finally {
    await file.close();
  }
}
