import { createHash } from "node:crypto";

import type { Content } from "../../content/index.ts";
import { algorithmOf, digestFrom, type Digest } from "../../oci/index.ts";
import { blobDamaged } from "./failures.ts";

/** Whole content as it flows; its last chunk is handed out when the digest is right. Throws `DIGEST_MISMATCH`. */
export async function* verified(content: Content, digest: Digest): AsyncGenerator<Uint8Array, void, undefined> {
  const algorithm = algorithmOf(digest);
  const hash = createHash(algorithm);
  let held: Uint8Array | undefined;
  for await (const chunk of content) {
    hash.update(chunk);
    if (held !== undefined) yield held;
    held = chunk;
  }
  const actual = digestFrom(algorithm, hash);
  if (actual !== digest) throw blobDamaged(digest, actual);
  if (held !== undefined) yield held;
}
