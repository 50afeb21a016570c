/**
 * Checksums that find damage, as V8 does not look for a bit that a disk flipped in the compiled code that it is given. They are no
 * defence; that is the part of who owns the file.
 */
import { createHash } from "node:crypto";

const BASIS = 0x811c9dc5;
const PRIME = 0x01000193;

/** SHA-256, which most processors have an instruction for; whatever runs needs the module anyway. Hexadecimal digits. */
export function checksum(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** FNV-1a, 32 bits, of a short text: eight hexadecimal digits. */
export function textChecksum(text: string): string {
  let hash = BASIS;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), PRIME);
  return (hash >>> 0).toString(16).padStart(8, "0");
}
