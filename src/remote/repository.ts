/** A repository of a registry, as a place that holds images. OCI distribution-spec 1.1. */
import { asContent, lent, rereadable, type Content } from "../content/index.ts";
import { SkillError, throwIfAborted } from "../errors.ts";
import { isDigest, isDocumentType, isTag, type Descriptor } from "../oci/index.ts";
import type { Limiter } from "../store/limiter.ts";
import { receiveDocument } from "../store/read.ts";
import type {
  OperationOptions,
  PushOptions,
  Repository,
  ResolveOptions,
  RetagOptions,
  TagChange,
  TagsOptions,
} from "../store/types.ts";
import { verified } from "../store/verify.ts";
import { quote } from "../text/index.ts";
import { hasBlob } from "./blobs.ts";
import type { DocumentCache } from "./document-cache.ts";
import { firstOf, lastOf, readers, type RepositoryEndpoints } from "./endpoints.ts";
import { inTurn } from "./in-turn.ts";
import { listTags } from "./lists.ts";
import { deleteManifest, getManifest, headManifest, type FoundDocument } from "./manifests.ts";
import { readFrom } from "./ranged-read.ts";
import { listReferrers } from "./referrers.ts";
import type { RepositoryClient } from "./repository-client.ts";
import { retag } from "./retag.ts";
import { isRefusedRemoval, TagsRemainError } from "./tags-remain.ts";
import { ingestBlob, pushBlob, type UploadSettings } from "./upload.ts";

/** What a repository shares with the others of its store. */
export interface RepositoryParts {
  /** The full name: `quay.io/myorg/hello-world`. */
  readonly name: string;
  readonly endpoints: () => Promise<RepositoryEndpoints>;
  /** The path of another repository at the registry that this one is written to; `undefined` when it is elsewhere. */
  readonly neighbour: (name: string) => Promise<string | undefined>;
  readonly cache: DocumentCache;
  readonly upload: UploadSettings;
  /** Changes the tags of this repository one by one within this process. */
  readonly oneByOne: Limiter;
}

/** Made by `RemoteStore`. */
export class RemoteRepository implements Repository {
  readonly name: string;
  readonly #parts: RepositoryParts;

  constructor(parts: RepositoryParts) {
    this.name = parts.name;
    this.#parts = parts;
  }

  async resolve(tagOrDigest: string, options: ResolveOptions = {}): Promise<Descriptor> {
    if (!isTag(tagOrDigest) && !isDigest(tagOrDigest)) {
      throw new SkillError("REFERENCE_INVALID", `${quote(tagOrDigest)} is neither a tag nor a digest`);
    }
    return (await this.#get(tagOrDigest, options)).descriptor;
  }

  fetch(descriptor: Descriptor, options: OperationOptions = {}): Content {
    const isDocument = isDocumentType(descriptor.mediaType);
    const read = () => (isDocument ? this.#document(descriptor, options) : this.#blob(descriptor, options));
    return verified(descriptor, lent(rereadable(read)));
  }

  /** Asks the registry itself, whatever its mirrors hold. */
  async exists(descriptor: Descriptor, options: OperationOptions = {}): Promise<boolean> {
    const { repository } = await this.#documents(options);
    if (!isDocumentType(descriptor.mediaType)) return hasBlob(repository, descriptor, options);
    return (await headManifest(repository, descriptor.digest, options))?.size === descriptor.size;
  }

  async push(descriptor: Descriptor, content: Content | Uint8Array, options: PushOptions = {}): Promise<void> {
    const documents = await this.#documents(options);
    const { mountFrom, ...plain } = options;
    if (!isDocumentType(descriptor.mediaType)) {
      const from = mountFrom === undefined ? undefined : await this.#parts.neighbour(mountFrom);
      const mount = from === undefined ? {} : { mountFrom: from };
      return pushBlob(documents.repository, descriptor, content, this.#parts.upload, { ...plain, ...mount });
    }
    if (documents.isHeld(descriptor.digest) && documents.isListed(descriptor.digest)) return undefined;
    const bytes = await receiveDocument(descriptor, asContent(content));
    throwIfAborted(options.signal);
    return documents.write(descriptor.digest, descriptor, bytes, plain);
  }

  async ingest(mediaType: string, content: Content, options: OperationOptions = {}): Promise<Descriptor> {
    const { repository } = await this.#documents(options);
    return { mediaType, ...(await ingestBlob(repository, content, this.#parts.upload, options)) };
  }

  async delete(descriptor: Descriptor, options: OperationOptions = {}): Promise<void> {
    return (await this.#documents(options)).remove(descriptor.digest, options);
  }

  /** Listed by the registry itself, by a mirror only when that fails: mirrors have what somebody has asked for. */
  async *tags(options: TagsOptions = {}): AsyncGenerator<string, void, undefined> {
    yield* await firstOf(await this.#listers("tag", options), async (place) => listTags(place, options));
  }

  async *referrers(
    descriptor: Descriptor,
    options: OperationOptions & { readonly artifactType?: string } = {},
  ): AsyncGenerator<Descriptor, void, undefined> {
    const places = await this.#listers("digest", options);
    yield* await firstOf(places, async (place) => listReferrers(place, descriptor.digest, options));
  }

  async tag(descriptor: Descriptor, tag: string, options: OperationOptions = {}): Promise<void> {
    return this.retag([{ name: tag, to: descriptor }], options);
  }

  async untag(tag: string, options: OperationOptions = {}): Promise<void> {
    if (!isTag(tag)) throw new SkillError("REFERENCE_INVALID", `${quote(tag)} is not a tag`);
    const { repository } = await this.#documents(options);
    try {
      const { found, isRepeated } = await deleteManifest(repository, tag, options);
      if (!found && !isRepeated) throw new SkillError("NOT_FOUND", `${this.name}:${tag} is not there`);
    } catch (error) {
      throw isRefusedRemoval(error) ? new TagsRemainError(this.name, [tag], error) : error;
    }
  }

  async retag(changes: readonly TagChange[], options: RetagOptions = {}): Promise<void> {
    const documents = await this.#documents(options);
    return inTurn(this.#parts.oneByOne, options.signal, async () => retag(documents, changes, options));
  }

  async #documents({ signal }: OperationOptions): Promise<RepositoryEndpoints["documents"]> {
    throwIfAborted(signal);
    return (await this.#parts.endpoints()).documents;
  }

  async #listers(by: "tag" | "digest", { signal }: OperationOptions): Promise<readonly RepositoryClient[]> {
    throwIfAborted(signal);
    return readers(await this.#parts.endpoints(), by).toReversed();
  }

  /** A document as the first place has it that has it. */
  async #get(
    reference: string,
    { bypassMirrors = false, mayCreate = false, ...options }: ResolveOptions,
  ): Promise<FoundDocument> {
    throwIfAborted(options.signal);
    const endpoints = await this.#parts.endpoints();
    const registry = endpoints.documents.repository;
    const places = bypassMirrors ? [registry] : readers(endpoints, isDigest(reference) ? "digest" : "tag");
    return firstOf(places, async (place) => {
      const found = await getManifest(place, reference, { ...options, access: mayCreate ? "push" : "pull" });
      const { mediaType, digest } = found.descriptor;
      this.#parts.cache.set(this.name, digest, { mediaType, bytes: found.bytes }, place === registry);
      if (place === registry && isTag(reference)) this.#parts.cache.sawTag(this.name, reference, digest);
      return found;
    });
  }

  async *#document({ digest }: Descriptor, options: OperationOptions): AsyncGenerator<Uint8Array, void, undefined> {
    throwIfAborted(options.signal);
    const { bytes } = this.#parts.cache.get(this.name, digest) ?? (await this.#get(digest, options));
    yield bytes.slice();
  }

  /** What one place did not give to its end is asked of the next from there on. */
  async *#blob(descriptor: Descriptor, options: OperationOptions): AsyncGenerator<Uint8Array, void, undefined> {
    throwIfAborted(options.signal);
    const failures: unknown[] = [];
    let at = 0;
    for (const place of readers(await this.#parts.endpoints(), "digest")) {
      try {
        for await (const chunk of readFrom(place, descriptor, at, options)) {
          at += chunk.byteLength;
          yield chunk;
        }
        return;
      } catch (error) {
        failures.push(error);
        throwIfAborted(options.signal);
      }
    }
    throw lastOf(failures);
  }
}
