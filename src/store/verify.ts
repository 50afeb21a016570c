/**
 * Verified reading. Content is named by its hash, so nobody downstream should ever hold bytes that were not checked:
 * every reader in this module wraps its source in {@link verified}, whatever the source is.
 */
import { createHash } from "node:crypto";

import { isLent, isRereadable, lent, rereadable, type Content } from "../content/index.ts";
import { SkillError } from "../errors.ts";
import { algorithmOf, digestFrom, type Descriptor } from "../oci/index.ts";

/**
 * Passes `content` on while checking that it is what `descriptor` describes. Throws `SIZE_MISMATCH` as soon as there
 * is a byte too many (or at the end, too few) and `DIGEST_MISMATCH` at the end. The last chunk is handed out only after
 * the check, so content that comes in one chunk is never seen unverified. A source must not reuse its chunks' memory. The
 * result can be read again, and is lent, if the source is. Content that is checked for this descriptor already is not hashed again.
 */
export function verified(descriptor: Descriptor, content: Content): Content {
  const known = CHECKED.get(content);
  if (known?.digest === descriptor.digest && known.size === descriptor.size) return content;
  const result = checkedAs(descriptor, content, (begin) => checked(descriptor, content, begin));
  return isLent(content) ? lent(result) : result;
}

/**
 * What content was wrapped to be checked for. Nobody else can make an entry, so that to be in here is to be checked. A
 * stream that can be read once is in here until somebody begins to: what is left of it then is not the whole.
 */
const CHECKED = new WeakMap<Content, Descriptor>();

/** What `open` makes, as often as `content` can be read; known to be checked for `descriptor`. */
function checkedAs(
  descriptor: Descriptor | undefined,
  content: Content,
  open: (begin: () => void) => AsyncGenerator<Uint8Array, void, undefined>,
): Content {
  const result: Content = isRereadable(content)
    ? rereadable(() => open(() => undefined))
    : open(() => void CHECKED.delete(result));
  if (descriptor !== undefined) CHECKED.set(result, descriptor);
  return result;
}

/**
 * Passes `content` on unchanged, and tells of it: `begin` when somebody starts to read it, `passed` after each chunk, with
 * the bytes since then and that chunk. It stays as checked, and as rereadable, as it was.
 */
export function observed(
  content: Content,
  { begin, passed }: { readonly begin: () => void; readonly passed: (bytes: number, chunk: Uint8Array) => void },
): Content {
  async function* pass(beginning: () => void): AsyncGenerator<Uint8Array, void, undefined> {
    beginning();
    begin();
    let bytes = 0;
    for await (const chunk of content) {
      yield chunk;
      bytes += chunk.byteLength;
      passed(bytes, chunk);
    }
  }
  return checkedAs(CHECKED.get(content), content, pass);
}

async function* checked(
  descriptor: Descriptor,
  content: Content,
  begin: () => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  begin();
  const algorithm = algorithmOf(descriptor.digest);
  const hash = createHash(algorithm);
  let size = 0;
  let held: Uint8Array | undefined;
  for await (const chunk of content) {
    // It would take the place of the chunk that is held.
    if (chunk.byteLength === 0) continue;
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
