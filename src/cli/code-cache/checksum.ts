/**
 * Checksums that need nothing loaded: FNV-1a, 32 bits. They find damage, as V8 does not look for a bit that a disk flipped in
 * the compiled code that it is given. They are no defence; that is the part of who owns the file.
 */
const BASIS = 0x811c9dc5;
const PRIME = 0x01000193;

/** Of bytes, taken as 32-bit words, and as bytes where these end. `bytes` must be aligned to four bytes. */
export function checksum(bytes: Uint8Array): number {
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >>> 2);
  let hash = BASIS;
  for (let at = 0; at < words.length; at++) hash = Math.imul(hash ^ (words[at] ?? 0), PRIME);
  for (const byte of bytes.subarray(words.byteLength)) hash = Math.imul(hash ^ byte, PRIME);
  return hash >>> 0;
}

/** Of a text: eight hexadecimal digits. */
export function textChecksum(text: string): string {
  let hash = BASIS;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), PRIME);
  return (hash >>> 0).toString(16).padStart(8, "0");
}
