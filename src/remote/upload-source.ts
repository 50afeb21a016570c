/** Content on its way up: checked while it flows, and read again from where an interrupted upload goes on. */
import { createHash } from "node:crypto";

import { isRereadable, rereadable, type Content } from "../content/index.ts";
import { digestFrom, type Descriptor, type Digest } from "../oci/index.ts";
import { verified } from "../store/verify.ts";

/** What is known of content: all of it before it flows, or only afterwards. */
export interface Measured {
  readonly digest: Digest;
  /** In bytes. */
  readonly size: number;
}

export class UploadSource {
  /** In bytes; `undefined` when it shows only when the content has flowed. */
  readonly size: number | undefined;
  /** Whether {@link UploadSource.read} can be called more than once. */
  readonly isRereadable: boolean;
  readonly #content: Content;
  readonly #measure: () => Measured;
  #failure: { readonly error: unknown } | undefined;

  private constructor(content: Content, size: number | undefined, measure: () => Measured) {
    this.#content = content;
    this.#measure = measure;
    this.size = size;
    this.isRereadable = isRereadable(content);
  }

  /** Content that must be what `descriptor` describes; it throws `DIGEST_MISMATCH` or `SIZE_MISMATCH` where it is not. */
  static described(descriptor: Descriptor, content: Content): UploadSource {
    return new UploadSource(verified(descriptor, content), descriptor.size, () => descriptor);
  }

  /** Content of which nothing is known before it has flowed. */
  static unknown(content: Content): UploadSource {
    let hash = createHash("sha256");
    let size = 0;
    async function* counted(): AsyncGenerator<Uint8Array, void, undefined> {
      hash = createHash("sha256");
      size = 0;
      for await (const chunk of content) {
        hash.update(chunk);
        size += chunk.byteLength;
        yield chunk;
      }
    }
    const observed = isRereadable(content) ? rereadable(counted) : counted();
    return new UploadSource(observed, undefined, () => ({ digest: digestFrom("sha256", hash.copy()), size }));
  }

  /** What the content itself threw: nothing that sending it again could mend. */
  get failure(): { readonly error: unknown } | undefined {
    return this.#failure;
  }

  /** What has flowed, once all of it has. */
  measure(): Measured {
    return this.#measure();
  }

  /** The bytes from a position on. All before it are read and checked, too. */
  async *read(from: number): AsyncGenerator<Uint8Array, void, undefined> {
    let skip = from;
    try {
      for await (const chunk of this.#content) {
        const part = chunk.subarray(Math.min(skip, chunk.byteLength));
        skip -= chunk.byteLength - part.byteLength;
        if (part.byteLength > 0) yield part;
      }
    } catch (error) {
      this.#failure = { error };
      throw error;
    }
  }
}

/** The same bytes in pieces of exactly `size`, the last one shorter. Each piece is memory of its own. */
export async function* piecesOf(content: Content, size: number): AsyncGenerator<Uint8Array, void, undefined> {
  let piece = new Uint8Array(size);
  let filled = 0;
  for await (const chunk of content) {
    for (let at = 0; at < chunk.byteLength;) {
      const part = chunk.subarray(at, at + size - filled);
      piece.set(part, filled);
      filled += part.byteLength;
      at += part.byteLength;
      if (filled < size) continue;
      yield piece;
      piece = new Uint8Array(size);
      filled = 0;
    }
  }
  if (filled > 0) yield piece.subarray(0, filled);
}
