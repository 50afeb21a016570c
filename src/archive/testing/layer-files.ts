/** Files to pack in tests: the same bytes in every run. */
import type { LayerFile } from "../types.ts";

export function file(path: string, content: string | Uint8Array = "", executable = false): LayerFile {
  const bytes = Buffer.from(content);
  return { path, executable, size: bytes.length, open: () => pieces(bytes) };
}

/** Bytes as a stream of chunks of `size`. */
export async function* pieces(bytes: Uint8Array, size = 100_000): AsyncGenerator<Uint8Array> {
  await Promise.resolve();
  for (let offset = 0; offset < bytes.length; offset += size) yield bytes.subarray(offset, offset + size);
}

/** Text-like bytes. */
export function prose(size: number, seed = 1): Buffer {
  const words = ["skill", "layer", "digest", "manifest", "of", "the", "and", "registry", "\n"];
  const parts: string[] = [];
  for (let state = seed, length = 0; length < size;) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    const word = `${words[(state >>> 16) % words.length]} `;
    parts.push(word);
    length += word.length;
  }
  return Buffer.from(parts.join("").slice(0, size));
}

/** A small skill: text, a script, a name that is not ASCII, and one that needs a pax header or two fields. */
export const SAMPLE: readonly LayerFile[] = [
  file("SKILL.md", "---\nname: hello\n---\nSay hello.\n"),
  file("scripts/run.sh", "#!/bin/sh\necho hello\n", true),
  file("références/données.txt", "é"),
  file(`${"long/".repeat(30)}name.txt`, "long"),
];
