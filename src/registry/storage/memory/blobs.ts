import { createHash } from "node:crypto";

import { rereadable, type Content } from "../../../content/index.ts";
import { throwIfAborted } from "../../../errors.ts";
import { algorithmOf, digestFrom, type Digest } from "../../../oci/index.ts";
import type { OperationOptions } from "../../../store/types.ts";
import { blobAbsent, blobDamaged } from "../failures.ts";
import type { BlobStorage, ByteRange, StoredBlob } from "../types.ts";
import { MemoryUploads } from "./uploads.ts";

const CHUNK = 1024 * 1024;

interface HeldBlob {
  readonly bytes: Uint8Array;
  touched: number;
}

export class MemoryBlobs implements BlobStorage {
  readonly uploads: MemoryUploads;
  readonly #blobs = new Map<Digest, HeldBlob>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
    this.uploads = new MemoryUploads(now, async (digest, bytes) => {
      await this.put(digest, bytes);
      return { digest, size: bytes.byteLength, touched: now() };
    });
  }

  async stat(digest: Digest): Promise<StoredBlob | undefined> {
    const held = this.#blobs.get(digest);
    return held === undefined ? undefined : { digest, size: held.bytes.byteLength, touched: held.touched };
  }

  read(digest: Digest, options: OperationOptions & { readonly range?: ByteRange } = {}): Content {
    return rereadable(() => this.#read(digest, options));
  }

  async touch(digest: Digest): Promise<boolean> {
    const held = this.#blobs.get(digest);
    if (held !== undefined) held.touched = this.#now();
    return held !== undefined;
  }

  async put(digest: Digest, bytes: Uint8Array, options: OperationOptions = {}): Promise<void> {
    throwIfAborted(options.signal);
    const actual = hashOf(digest, bytes);
    if (actual !== digest) throw blobDamaged(digest, actual);
    this.#blobs.set(digest, { bytes: bytes.slice(), touched: this.#now() });
  }

  async *list(): AsyncGenerator<StoredBlob, void, undefined> {
    for (const [digest, { bytes, touched }] of this.#blobs) yield { digest, size: bytes.byteLength, touched };
  }

  async remove(digest: Digest, before: number): Promise<boolean> {
    const held = this.#blobs.get(digest);
    return held !== undefined && held.touched <= before && this.#blobs.delete(digest);
  }

  async setAside(digest: Digest): Promise<boolean> {
    const held = this.#blobs.get(digest);
    return held !== undefined && hashOf(digest, held.bytes) !== digest && this.#blobs.delete(digest);
  }

  async *#read(
    digest: Digest,
    { range, signal }: OperationOptions & { readonly range?: ByteRange },
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const held = this.#blobs.get(digest);
    if (held === undefined) throw blobAbsent(digest);
    const { start, end } = range ?? { start: 0, end: held.bytes.byteLength - 1 };
    for (let at = start; at <= Math.min(end, held.bytes.byteLength - 1); at += CHUNK) {
      throwIfAborted(signal);
      yield held.bytes.slice(at, Math.min(at + CHUNK, end + 1));
    }
  }
}

function hashOf(digest: Digest, bytes: Uint8Array): Digest {
  const algorithm = algorithmOf(digest);
  return digestFrom(algorithm, createHash(algorithm).update(bytes));
}
