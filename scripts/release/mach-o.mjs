/** What has to be changed in a Mac's executable that Bun has made. */
import { readFile, writeFile } from "node:fs/promises";

const LC_CODE_SIGNATURE = 0x1d;
const HEADER_SIZE = 32;

/**
 * Takes the signature off the Mach-O executable `file`, as `codesign --remove-signature` does; what has none stays as it is. For amd64 Bun leaves the
 * signature of its own runtime, which does not fit any more, and with which macOS would end the program. Without one it runs there; only arm64
 * asks for a signature, and for arm64 Bun makes a new one.
 */
export async function removeSignature(file) {
  const bytes = await readFile(file);
  const [count, size] = [bytes.readUInt32LE(16), bytes.readUInt32LE(20)];
  const end = HEADER_SIZE + size;
  for (let at = HEADER_SIZE, command = 0; command < count; command++) {
    const length = bytes.readUInt32LE(at + 4);
    if (bytes.readUInt32LE(at) === LC_CODE_SIGNATURE) {
      // The commands behind it move up. The signature itself stays in the file, where nothing names it.
      bytes.copyWithin(at, at + length, end);
      bytes.fill(0, end - length, end);
      bytes.writeUInt32LE(count - 1, 16);
      bytes.writeUInt32LE(size - length, 20);
      await writeFile(file, bytes);
      return;
    }
    at += length;
  }
}
