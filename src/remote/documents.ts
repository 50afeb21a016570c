/** The manifests and indexes of one repository as its registry has them, each asked for once and written with its referrers. */
import { isSkillError, SkillError } from "../errors.ts";
import { parseManifest, type Descriptor, type Digest } from "../oci/index.ts";
import type { Limiter } from "../store/limiter.ts";
import type { OperationOptions } from "../store/types.ts";
import type { CachedDocument, DocumentCache } from "./document-cache.ts";
import { inTurn } from "./in-turn.ts";
import { deleteManifest, getManifest, putManifest, type Condition } from "./manifests.ts";
import { addReferrer, referrerEntry, removeReferrer } from "./referrers-fallback.ts";
import type { RepositoryClient } from "./repository-client.ts";

export class Documents {
  readonly repository: RepositoryClient;
  readonly #name: string;
  readonly #cache: DocumentCache;
  readonly #oneByOne: Limiter;

  /** `cache` knows the repository as `name`. The indexes of referrers are changed `oneByOne`. */
  constructor(repository: RepositoryClient, name: string, cache: DocumentCache, oneByOne: Limiter) {
    this.repository = repository;
    this.#name = name;
    this.#cache = cache;
    this.#oneByOne = oneByOne;
  }

  /** Whether the registry was seen to hold it a moment ago. */
  isHeld(digest: Digest): boolean {
    return this.#cache.isHeld(this.#name, digest);
  }

  /**
   * Whether a document that is held needs no entry in an index of referrers: whoever was cut off may have written it and not that.
   * Only of those that were just read or written it can be told.
   */
  isListed(digest: Digest): boolean {
    if (this.repository.traits.listsReferrers === true) return true;
    const cached = this.#cache.get(this.#name, digest);
    return cached !== undefined && subjectOf(cached) === undefined;
  }

  /** What a tag was seen to name a moment ago, in the registry itself. */
  seenTag(tag: string): Digest | undefined {
    return this.#cache.seenTag(this.#name, tag);
  }

  /** The bytes of a document that was just read or written, or that the registry has. Throws `NOT_FOUND`. */
  async read(digest: Digest, options: OperationOptions): Promise<CachedDocument> {
    const cached = this.#cache.get(this.#name, digest);
    if (cached !== undefined) return cached;
    const { descriptor, bytes } = await getManifest(this.repository, digest, options);
    const document = { mediaType: descriptor.mediaType, bytes };
    this.#cache.set(this.#name, digest, document, true);
    return document;
  }

  /**
   * Writes a document under a tag or its digest and, where it has a subject and the registry does not list referrers, into
   * the index that stands in for the list. Throws `MANIFEST_INVALID`, and what {@link putManifest} throws.
   */
  async write(
    reference: string,
    descriptor: Descriptor,
    bytes: Uint8Array,
    options: OperationOptions & Condition,
  ): Promise<void> {
    const { repository } = this;
    const manifest = parseManifest(bytes, descriptor.mediaType);
    const subject = manifest.subject?.digest;
    const put = async () => putManifest(repository, reference, { descriptor, bytes }, options);
    // One by one also where the registry keeps the list: olareg, for one, loses entries that come at the same time.
    const { isListed } = await (subject === undefined ? put() : inTurn(this.#oneByOne, options.signal, put));
    if (isListed) repository.traits.listsReferrers = true;
    // Who lists referrers says so with every one that is pushed: distribution-spec "Pushing Manifests with Subject".
    else if (subject !== undefined) repository.traits.listsReferrers ??= false;
    if (subject !== undefined && repository.traits.listsReferrers !== true) {
      const { expect: _, ...plain } = options;
      const entry = referrerEntry(descriptor, manifest);
      await inTurn(this.#oneByOne, options.signal, async () => addReferrer(repository, subject, entry, plain));
    }
    this.#cache.set(this.#name, descriptor.digest, { mediaType: descriptor.mediaType, bytes }, true);
  }

  /** Removes a manifest, and from the index of its subject's referrers where it stands there. Throws `NOT_FOUND`. */
  async remove(digest: Digest, options: OperationOptions): Promise<void> {
    const { repository } = this;
    const subject = repository.traits.listsReferrers === true ? undefined : await this.#subjectOf(digest, options);
    const { found, isRepeated } = await deleteManifest(repository, digest, options);
    this.#cache.forget(this.#name, digest);
    if (!found && !isRepeated) throw new SkillError("NOT_FOUND", `${repository.name}@${digest} is not there`);
    if (subject === undefined) return;
    await inTurn(this.#oneByOne, options.signal, async () => removeReferrer(repository, subject, digest, options));
  }

  /** What a manifest refers to. One that is not valid can be removed all the same. */
  async #subjectOf(digest: Digest, options: OperationOptions): Promise<Digest | undefined> {
    return subjectOf(await this.read(digest, options));
  }
}

function subjectOf({ bytes, mediaType }: CachedDocument): Digest | undefined {
  try {
    return parseManifest(bytes, mediaType).subject?.digest;
  } catch (error) {
    if (isSkillError(error)) return undefined;
    throw error;
  }
}
