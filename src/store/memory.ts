/** A store in memory: for tests, and for building images that are pushed elsewhere at once. */
import { asContent, readAll, rereadable, type Content } from "../content/index.ts";
import { SkillError, throwIfAborted } from "../errors.ts";
import { digestOf, type Descriptor, type Digest } from "../oci/index.ts";
import { Entries } from "./entries.ts";
import { blobMissing, IndexedRepository, type BlobStore, type EntryIndex, type IndexUpdate } from "./repository.ts";
import type { EntriesOptions, EntryLister, OperationOptions, Repository, Store, StoreEntry } from "./types.ts";
import { verified } from "./verify.ts";

/** Keeps everything in memory until it is garbage itself; nothing is ever collected. */
export class MemoryStore implements Store, EntryLister {
  readonly #blobs = new MemoryBlobs();
  readonly #index = new MemoryIndex(this.#blobs);

  repository(name: string): Repository {
    return new IndexedRepository(name, this.#blobs, this.#index);
  }

  async *repositories(options: OperationOptions = {}): AsyncGenerator<string, void, undefined> {
    yield* (await this.#index.read(options)).repositories();
  }

  async entries(options: EntriesOptions = {}): Promise<readonly StoreEntry[]> {
    return (await this.#index.read(options)).list(options.repository);
  }
}

class MemoryBlobs implements BlobStore {
  readonly #bytes = new Map<Digest, Uint8Array>();

  fetch(descriptor: Descriptor, options: OperationOptions = {}): Content {
    return verified(
      descriptor,
      rereadable(() => this.#read(descriptor, options)),
    );
  }

  async *#read(descriptor: Descriptor, options: OperationOptions): AsyncGenerator<Uint8Array, void, undefined> {
    throwIfAborted(options.signal);
    const bytes = this.#bytes.get(descriptor.digest);
    if (bytes === undefined) throw new SkillError("NOT_FOUND", `${descriptor.digest} is not in the store`);
    yield bytes.slice();
  }

  async has(descriptor: Descriptor): Promise<boolean> {
    return this.#bytes.get(descriptor.digest)?.byteLength === descriptor.size;
  }

  async put(descriptor: Descriptor, content: Content | Uint8Array, options: OperationOptions = {}): Promise<void> {
    if (await this.has(descriptor)) return;
    this.#bytes.set(descriptor.digest, await readAll(verified(descriptor, asContent(content)), options));
  }

  async ingest(mediaType: string, content: Content, options: OperationOptions = {}): Promise<Descriptor> {
    const bytes = await readAll(content, options);
    const digest = digestOf(bytes);
    this.#bytes.set(digest, bytes);
    return { mediaType, digest, size: bytes.byteLength };
  }
}

class MemoryIndex implements EntryIndex {
  readonly #entries = new Entries();
  readonly #blobs: BlobStore;

  constructor(blobs: BlobStore) {
    this.#blobs = blobs;
  }

  async read(options: OperationOptions = {}): Promise<Entries> {
    throwIfAborted(options.signal);
    return this.#entries;
  }

  async update(update: IndexUpdate, options: OperationOptions = {}): Promise<void> {
    throwIfAborted(options.signal);
    for (const descriptor of update.needs) {
      if (!(await this.#blobs.has(descriptor))) throw blobMissing(descriptor, "a tag would point at it");
    }
    update.apply(this.#entries);
  }
}
