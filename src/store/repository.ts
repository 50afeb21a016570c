/**
 * The repository verbs, written once over two simpler things: a place for blobs and an index of entries.
 *
 * What differs between memory and a directory is how bytes and the index are kept, not what a push checks or what a
 * tag means; so that part is here, and a backend is a {@link BlobStore} with an {@link EntryIndex}.
 */
import type { Content } from "../content/index.ts";
import { isSkillError, SkillError, throwIfAborted } from "../errors.ts";
import { childrenOf, isDigest, isDocumentType, parseManifest } from "../oci/index.ts";
import type { Descriptor, Digest, Index, Manifest } from "../oci/index.ts";
import type { Entries } from "./entries.ts";
import { referrerDescriptor } from "./entry-descriptor.ts";
import { parseRepositoryName } from "./entry-name.ts";
import { readDocument, readManifest, receiveDocument } from "./read.ts";
import type { OperationOptions, Repository, TagChange } from "./types.ts";

/** Content by digest, shared by all repositories of a store. Every method rejects as `Reader` and `Writer` say. */
export interface BlobStore {
  fetch(descriptor: Descriptor, options?: OperationOptions): Content;
  /** Whether the content is held, and stays so for the grace period of garbage collection. */
  has(descriptor: Descriptor, options?: OperationOptions): Promise<boolean>;
  put(descriptor: Descriptor, content: Content | Uint8Array, options?: OperationOptions): Promise<void>;
  ingest(mediaType: string, content: Content, options?: OperationOptions): Promise<Descriptor>;
}

/** One change of the index. */
export interface IndexUpdate {
  /** Content that must be held for the change to be made; otherwise it throws `BLOB_MISSING`. */
  readonly needs: readonly Descriptor[];
  /** Makes the change, or throws and leaves the entries as they were. */
  apply(entries: Entries): void;
}

/** The entries of a store: read at will, changed one update after the other. */
export interface EntryIndex {
  read(options?: OperationOptions): Promise<Entries>;
  update(update: IndexUpdate, options?: OperationOptions): Promise<void>;
}

export class IndexedRepository implements Repository {
  readonly name: string;
  readonly retagsAtomically = true;
  readonly #blobs: BlobStore;
  readonly #index: EntryIndex;

  /** Throws `REFERENCE_INVALID` when `name` is not a full repository name. */
  constructor(name: string, blobs: BlobStore, index: EntryIndex) {
    this.name = parseRepositoryName(name);
    this.#blobs = blobs;
    this.#index = index;
  }

  fetch(descriptor: Descriptor, options: OperationOptions = {}): Content {
    return this.#blobs.fetch(descriptor, options);
  }

  async exists(descriptor: Descriptor, options: OperationOptions = {}): Promise<boolean> {
    throwIfAborted(options.signal);
    return this.#blobs.has(descriptor, options);
  }

  async push(descriptor: Descriptor, content: Content | Uint8Array, options: OperationOptions = {}): Promise<void> {
    throwIfAborted(options.signal);
    if (!isDocumentType(descriptor.mediaType)) return this.#blobs.put(descriptor, content, options);
    const { subject } = await this.#putDocument(descriptor, content, options);
    if (subject === undefined) return;
    // A referrer has no tag as a rule, so an entry of its own keeps it findable.
    const apply = (entries: Entries): void => entries.addReferrer(this.name, descriptor, subject.digest);
    await this.#index.update({ needs: [descriptor], apply }, options);
  }

  async ingest(mediaType: string, content: Content, options: OperationOptions = {}): Promise<Descriptor> {
    throwIfAborted(options.signal);
    return this.#blobs.ingest(mediaType, content, options);
  }

  async delete(descriptor: Descriptor, options: OperationOptions = {}): Promise<void> {
    const apply = (entries: Entries): void => {
      if (!entries.removeManifest(this.name, descriptor.digest)) throw this.#notFound(descriptor.digest);
    };
    return this.#index.update({ needs: [], apply }, options);
  }

  async resolve(tagOrDigest: string, options: OperationOptions = {}): Promise<Descriptor> {
    const found = (await this.#index.read(options)).resolve(this.name, tagOrDigest);
    if (found === undefined) throw this.#notFound(tagOrDigest);
    return found;
  }

  async *tags(options: OperationOptions = {}): AsyncGenerator<string, void, undefined> {
    yield* (await this.#index.read(options)).tags(this.name);
  }

  async *untagged(options: OperationOptions = {}): AsyncGenerator<Descriptor, void, undefined> {
    yield* (await this.#index.read(options)).untagged(this.name);
  }

  async tag(descriptor: Descriptor, tag: string, options: OperationOptions = {}): Promise<void> {
    return this.retag([{ name: tag, to: descriptor }], options);
  }

  async untag(tag: string, options: OperationOptions = {}): Promise<void> {
    const apply = (entries: Entries): void => {
      if (!entries.has(this.name, tag)) throw this.#notFound(tag);
      entries.retag(this.name, [{ name: tag, to: undefined }]);
    };
    return this.#index.update({ needs: [], apply }, options);
  }

  async retag(changes: readonly TagChange[], options: OperationOptions = {}): Promise<void> {
    throwIfAborted(options.signal);
    const brought = await Promise.all(changes.map((change) => this.#bring(change, options)));
    const apply = (entries: Entries): void => {
      const named = changes.filter(({ name }, at) => brought[at] === undefined || !isDigest(name));
      entries.retag(this.name, named);
      for (const referrer of brought) {
        if (referrer !== undefined) entries.addReferrer(this.name, referrer.descriptor, referrer.subject);
      }
    };
    return this.#index.update({ needs: changes.flatMap(({ to }) => to ?? []), apply }, options);
  }

  async *referrers(
    descriptor: Descriptor,
    options: OperationOptions & { readonly artifactType?: string } = {},
  ): AsyncGenerator<Descriptor, void, undefined> {
    const entries = await this.#index.read(options);
    for (const referrer of entries.referrers(this.name, descriptor.digest)) {
      const listed = referrerDescriptor(referrer, await readManifest(this, referrer, options));
      if (options.artifactType === undefined || listed.artifactType === options.artifactType) yield listed;
    }
  }

  /** Stores the content of a change, if it has any; tells what it refers to when it is a referrer. */
  async #bring(
    { to, content }: TagChange,
    options: OperationOptions,
  ): Promise<{ readonly descriptor: Descriptor; readonly subject: Digest } | undefined> {
    if (to === undefined || content === undefined) return undefined;
    const { subject } = await this.#putDocument(to, content, options);
    return subject === undefined ? undefined : { descriptor: to, subject: subject.digest };
  }

  /** Stores a document whose children are held, and parses it. */
  async #putDocument(
    descriptor: Descriptor,
    content: Content | Uint8Array,
    options: OperationOptions,
  ): Promise<Manifest | Index> {
    const bytes = await this.#receive(descriptor, content, options);
    const manifest = parseManifest(bytes, descriptor.mediaType);
    await this.#refuseOrphan(descriptor, manifest, options);
    await this.#blobs.put(descriptor, bytes, options);
    return manifest;
  }

  /** The bytes of a document: our own where we hold them undamaged, so that a stream of what is present is not read again. */
  async #receive(
    descriptor: Descriptor,
    content: Content | Uint8Array,
    options: OperationOptions,
  ): Promise<Uint8Array> {
    if (!(content instanceof Uint8Array) && (await this.#blobs.has(descriptor, options))) {
      try {
        return await readDocument(this, descriptor, options);
      } catch (error) {
        if (!isSkillError(error, "DIGEST_MISMATCH") && !isSkillError(error, "SIZE_MISMATCH")) throw error;
      }
    }
    return receiveDocument(descriptor, content);
  }

  async #refuseOrphan(descriptor: Descriptor, manifest: Manifest | Index, options: OperationOptions): Promise<void> {
    const children = childrenOf(manifest);
    const held = await Promise.all(children.map((child) => this.#blobs.has(child, options)));
    const missing = children.find((_, at) => held[at] === false);
    if (missing !== undefined) throw blobMissing(missing, `${descriptor.digest} refers to it`);
  }

  #notFound(tagOrDigest: string): SkillError {
    const separator = tagOrDigest.includes(":") ? "@" : ":";
    return new SkillError("NOT_FOUND", `${this.name}${separator}${tagOrDigest} is not in the store`);
  }
}

/** The error for content that something needs and the store does not hold. */
export function blobMissing(descriptor: Descriptor, why: string): SkillError {
  return new SkillError("BLOB_MISSING", `${descriptor.digest} (${descriptor.mediaType}) is not in the store; ${why}`, {
    hint: "Push what a manifest refers to before the manifest, and the manifest before its tag.",
  });
}
