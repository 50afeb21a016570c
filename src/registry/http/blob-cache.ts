/**
 * Small content that was read lately. What stands under a digest never changes, so there is nothing to invalidate; whether a
 * repository has it, and whether somebody may read it, is asked anew each time.
 */
import type { Digest } from "../../oci/index.ts";

export interface CachedContent {
  readonly bytes: Uint8Array;
  /** For a manifest: what a client that pulls it is to be warned of. */
  readonly warning?: string;
}

export class BlobCache {
  readonly #entries = new Map<Digest, CachedContent>();
  readonly #capacity: number;
  #size = 0;

  /** `capacity` in bytes; nothing larger than a sixteenth of it is kept. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Whether content of so many bytes would be kept. */
  takes(size: number): boolean {
    return size <= this.#capacity / 16;
  }

  get(digest: Digest): CachedContent | undefined {
    const entry = this.#entries.get(digest);
    if (entry === undefined) return undefined;
    this.#entries.delete(digest);
    this.#entries.set(digest, entry);
    return entry;
  }

  set(digest: Digest, content: CachedContent): void {
    if (!this.takes(content.bytes.byteLength) || this.#entries.has(digest)) return;
    this.#entries.set(digest, content);
    this.#size += weightOf(content);
    for (const [oldest, entry] of this.#entries) {
      if (this.#size <= this.#capacity) return;
      this.#entries.delete(oldest);
      this.#size -= weightOf(entry);
    }
  }
}

/** With what the entry itself takes. */
function weightOf({ bytes, warning = "" }: CachedContent): number {
  return bytes.byteLength + warning.length + 256;
}
