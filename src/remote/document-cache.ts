/**
 * Manifests and indexes that were just read or written, by digest: to resolve a tag and then read what it names is one
 * request, and what was just pushed can be tagged without being fetched again.
 */
import type { Digest } from "../oci/index.ts";

/** The most bytes that are kept. */
const CAPACITY = 8 * 1024 * 1024;
/** Milliseconds for which a tag is taken to name what it was seen to name: a look of the same operation, not of an earlier one. */
const TAG_SEEN_FOR = 1000;
const MOST_TAGS = 1000;
/** Milliseconds for which a registry is taken to hold what it was seen to hold. */
const HELD_FOR = 60_000;

export interface CachedDocument {
  readonly mediaType: string;
  readonly bytes: Uint8Array;
}

interface Kept extends CachedDocument {
  /** When the registry itself, not a mirror of it, was last seen to hold it. */
  readonly held: number | undefined;
}

/** The least recently used goes first. A document is known in the repository in which it was seen, and nowhere else. */
export class DocumentCache {
  readonly #documents = new Map<string, Kept>();
  readonly #tags = new Map<string, { readonly digest: Digest; readonly at: number }>();
  readonly #now: () => number;
  readonly #capacity: number;
  #size = 0;

  constructor(now: () => number = Date.now, capacity = CAPACITY) {
    this.#now = now;
    this.#capacity = capacity;
  }

  get(repository: string, digest: Digest): CachedDocument | undefined {
    const key = keyOf(repository, digest);
    const found = this.#documents.get(key);
    if (found === undefined) return undefined;
    this.#documents.delete(key);
    this.#documents.set(key, found);
    return found;
  }

  /** Whether the registry was seen to hold the document a moment ago. */
  isHeld(repository: string, digest: Digest): boolean {
    const held = this.#documents.get(keyOf(repository, digest))?.held;
    return held !== undefined && this.#now() - held < HELD_FOR;
  }

  /** Keeps bytes that were checked to have this digest. `isHeld`: they are from the registry itself, or were just stored there. */
  set(repository: string, digest: Digest, { mediaType, bytes }: CachedDocument, isHeld: boolean): void {
    const key = keyOf(repository, digest);
    const held = isHeld ? this.#now() : this.#documents.get(key)?.held;
    this.forget(repository, digest);
    this.#documents.set(key, { mediaType, bytes, held });
    this.#size += bytes.byteLength;
    for (const [oldest, document] of this.#documents) {
      if (this.#size <= this.#capacity) break;
      this.#documents.delete(oldest);
      this.#size -= document.bytes.byteLength;
    }
  }

  /** Says that the registry itself was just seen to have a tag. Only the last few are remembered. */
  sawTag(repository: string, tag: string, digest: Digest): void {
    this.#tags.delete(`${repository}:${tag}`);
    this.#tags.set(`${repository}:${tag}`, { digest, at: this.#now() });
    const [oldest] = this.#tags.keys();
    if (this.#tags.size > MOST_TAGS && oldest !== undefined) this.#tags.delete(oldest);
  }

  /** What a tag was seen to name a moment ago. */
  seenTag(repository: string, tag: string): Digest | undefined {
    const seen = this.#tags.get(`${repository}:${tag}`);
    return seen !== undefined && this.#now() - seen.at < TAG_SEEN_FOR ? seen.digest : undefined;
  }

  forget(repository: string, digest: Digest): void {
    const key = keyOf(repository, digest);
    this.#size -= this.#documents.get(key)?.bytes.byteLength ?? 0;
    this.#documents.delete(key);
  }
}

function keyOf(repository: string, digest: Digest): string {
  return `${repository}@${digest}`;
}
