/**
 * A store that behaves as a registry does, over memory: it lists nothing at once, its tags move one after the other, and
 * every request is counted. What a real client does beyond that is tested where the client is.
 */
import { asContent, rereadable, type Content } from "../../content/index.ts";
import { isSkillError, SkillError } from "../../errors.ts";
import { isDocumentType, type Descriptor, type Digest } from "../../oci/index.ts";
import {
  MemoryStore,
  type OperationOptions,
  type PushOptions,
  type Repository,
  type RetagOptions,
  type Store,
  type TagChange,
  type TagsOptions,
} from "../../store/index.ts";

export interface RegistryDoubleOptions {
  /** Whether it removes tags when asked to. Default: true. */
  readonly removesTags?: boolean;
  /** Called before each step of a `retag`; lets tests interleave what several callers do. */
  readonly onStep?: (step: "check" | "set" | "verify" | "remove", name: string) => Promise<void>;
  /** Throws for requests that shall fail. */
  readonly onRequest?: (request: string) => void;
}

export class RegistryDouble implements Store {
  /** `GET manifest 1.0.0`, `PUT blob sha256:…`: what was asked for, in order. */
  readonly requests: string[] = [];
  /** What it holds, to look at without being counted. */
  readonly inner = new MemoryStore();
  readonly #options: RegistryDoubleOptions;

  constructor(options: RegistryDoubleOptions = {}) {
    this.#options = options;
  }

  repository(name: string): Repository {
    return new RepositoryDouble(this.inner.repository(name), this.#options, (request) => {
      this.requests.push(request);
      this.#options.onRequest?.(request);
    });
  }

  // oxlint-disable-next-line require-yield -- it never gets that far
  async *repositories(): AsyncGenerator<string, void, undefined> {
    throw new SkillError("REGISTRY_UNSUPPORTED", "this registry does not list its repositories");
  }
}

class RepositoryDouble implements Repository {
  readonly name: string;
  readonly #inner: Repository;
  readonly #options: RegistryDoubleOptions;
  readonly #count: (request: string) => void;
  /** Documents that were just read need no second request. */
  readonly #known = new Set<Digest>();

  constructor(inner: Repository, options: RegistryDoubleOptions, count: (request: string) => void) {
    this.name = inner.name;
    this.#inner = inner;
    this.#options = options;
    this.#count = count;
  }

  fetch(descriptor: Descriptor, options?: OperationOptions): Content {
    return rereadable(() => this.#read(descriptor, options));
  }

  async *#read(descriptor: Descriptor, options?: OperationOptions): AsyncGenerator<Uint8Array, void, undefined> {
    const isDocument = isDocumentType(descriptor.mediaType);
    if (!isDocument) this.#count(`GET blob ${descriptor.digest}`);
    else if (!this.#known.has(descriptor.digest)) this.#count(`GET manifest ${descriptor.digest}`);
    yield* this.#inner.fetch(descriptor, options);
  }

  async exists(descriptor: Descriptor, options?: OperationOptions): Promise<boolean> {
    const kind = isDocumentType(descriptor.mediaType) ? "manifest" : "blob";
    this.#count(`HEAD ${kind} ${descriptor.digest}`);
    return this.#inner.exists(descriptor, options);
  }

  async push(descriptor: Descriptor, content: Content | Uint8Array, options?: PushOptions): Promise<void> {
    if (isDocumentType(descriptor.mediaType)) this.#count(`PUT manifest ${descriptor.digest}`);
    else if (await this.exists(descriptor)) return;
    else this.#count(`PUT blob ${descriptor.digest}`);
    this.#known.add(descriptor.digest);
    await this.#inner.push(descriptor, asContent(content), options);
  }

  async ingest(mediaType: string, content: Content, options?: OperationOptions): Promise<Descriptor> {
    return this.#inner.ingest(mediaType, content, options);
  }

  async delete(descriptor: Descriptor, options?: OperationOptions): Promise<void> {
    this.#count(`DELETE manifest ${descriptor.digest}`);
    return this.#inner.delete(descriptor, options);
  }

  async resolve(tagOrDigest: string, options?: OperationOptions): Promise<Descriptor> {
    this.#count(`GET manifest ${tagOrDigest}`);
    const { mediaType, digest, size } = await this.#inner.resolve(tagOrDigest, options);
    this.#known.add(digest);
    return { mediaType, digest, size };
  }

  async *tags({ mustExist, ...options }: TagsOptions = {}): AsyncGenerator<string, void, undefined> {
    this.#count("GET tags");
    let isThere = false;
    for await (const tag of this.#inner.tags(options)) {
      isThere = true;
      yield tag;
    }
    if (!isThere && mustExist === true) throw new SkillError("NOT_FOUND", `there is no repository ${this.name}`);
  }

  async *referrers(
    descriptor: Descriptor,
    options?: OperationOptions & { readonly artifactType?: string },
  ): AsyncGenerator<Descriptor, void, undefined> {
    this.#count(`GET referrers ${descriptor.digest}`);
    yield* this.#inner.referrers(descriptor, options);
  }

  async tag(descriptor: Descriptor, tag: string, options?: OperationOptions): Promise<void> {
    this.#count(`PUT manifest ${tag}`);
    return this.#inner.tag(descriptor, tag, options);
  }

  async untag(tag: string, options?: OperationOptions): Promise<void> {
    this.#count(`DELETE manifest ${tag}`);
    return this.#inner.untag(tag, options);
  }

  /** As `Tagger.retag` says for a registry: checks, sets, looks again, removes. */
  async retag(changes: readonly TagChange[], { between, ...options }: RetagOptions = {}): Promise<void> {
    const step = this.#options.onStep ?? (async () => undefined);
    for (const { name, to, expect, isSeen } of changes) {
      if (expect === undefined || (isSeen === true && to !== undefined)) continue;
      await step("check", name);
      this.#count(`HEAD manifest ${name}`);
      if ((await this.#now(name)) !== expect) throw conflict(this.name, name);
    }
    for (const { name, to, content } of changes) {
      if (to === undefined) continue;
      await step("set", name);
      if (content === undefined && !this.#known.has(to.digest)) this.#count(`GET manifest ${to.digest}`);
      this.#count(`PUT manifest ${name}`);
      this.#known.add(to.digest);
      await this.#inner.retag([{ name, to, ...(content === undefined ? {} : { content }) }], options);
    }
    await between?.();
    const isDecidedByRemoval = changes.some(({ to }) => to === undefined);
    for (const { name, to, expect } of changes) {
      if (to === undefined || expect === undefined || isDecidedByRemoval) continue;
      await step("verify", name);
      this.#count(`HEAD manifest ${name}`);
      if ((await this.#now(name)) !== to.digest) throw conflict(this.name, name);
    }
    const remaining: string[] = [];
    for (const { name, to } of changes) {
      if (to !== undefined) continue;
      await step("remove", name);
      this.#count(`DELETE manifest ${name}`);
      if (this.#options.removesTags === false) remaining.push(name);
      else await this.#inner.untag(name, options).catch((error: unknown) => Promise.reject(asConflict(error, name)));
    }
    if (remaining.length === 0) return;
    throw Object.assign(new SkillError("REGISTRY_UNSUPPORTED", "this registry removes no tags"), { remaining });
  }

  async #now(name: string): Promise<Digest | null> {
    return this.#inner.resolve(name).then(
      ({ digest }) => digest,
      () => null,
    );
  }
}

/** Somebody removed the tag first: of two who would, one has lost. */
function asConflict(error: unknown, name: string): unknown {
  return isSkillError(error, "NOT_FOUND") ? conflict("the repository", name) : error;
}

function conflict(repository: string, name: string): SkillError {
  return new SkillError("CONFLICT", `${repository}:${name} was changed by somebody else`);
}
