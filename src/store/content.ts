import type { Content } from "./types.ts";

/** Collects content that is known to be small (a manifest, a SkillCard) into memory. */
export async function readAll(content: Content): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of content) chunks.push(chunk);
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
}
