/**
 * Verified reading. Content is named by its hash, so nobody downstream should ever hold bytes that were not checked:
 * every reader in this module wraps its source in {@link verified}, whatever the source is.
 */
import { createHash } from "node:crypto";

import { isRereadable, rereadable, type Content } from "../content/index.ts";
import { SkillError } from "../errors.ts";
import { algorithmOf, digestFrom, type Descriptor } from "../oci/index.ts";

/**
 * Passes `content` on while checking that it is what `descriptor` describes. Throws `SIZE_MISMATCH` as soon as there
 * is a byte too many (or at the end, too few) and `DIGEST_MISMATCH` at the end. The last chunk is handed out only after
 * the check, so content that comes in one chunk is never seen unverified. A source must not reuse its chunks' memory. The
 * result can be read again if the source can.
 */
export function verified(descriptor: Descriptor, content: Content): Content {
  return isRereadable(content) ? rereadable(() => checked(descriptor, content)) : checked(descriptor, content);
}

async function* checked(descriptor: Descriptor, content: Content): AsyncGenerator<Uint8Array, void, undefined> {
  const algorithm = algorithmOf(descriptor.digest);
  const hash = createHash(algorithm);
  let size = 0;
  let held: Uint8Array | undefined;
  for await (const chunk of content) {
    size += chunk.byteLength;
    if (size > descriptor.size) throw sizeMismatch(descriptor, `is longer than its ${descriptor.size} bytes`);
    hash.update(chunk);
    if (held !== undefined) yield held;
    held = chunk;
  }
  if (size < descriptor.size) throw sizeMismatch(descriptor, `ends after ${size} of ${descriptor.size} bytes`);
  const actual = digestFrom(algorithm, hash);
  if (actual !== descriptor.digest) {
    throw new SkillError("DIGEST_MISMATCH", `content of ${descriptor.digest} hashes to ${actual}`, {
      hint: "It was damaged or changed on its way; fetch or push it again.",
    });
  }
  if (held !== undefined) yield held;
}

function sizeMismatch(descriptor: Descriptor, what: string): SkillError {
  return new SkillError("SIZE_MISMATCH", `content of ${descriptor.digest} ${what}`, {
    hint: "It was damaged or changed on its way; fetch or push it again.",
  });
}
