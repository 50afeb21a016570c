/**
 * Rules over a storage in memory, without HTTP: pushes are reviewed and stored as a registry does it, in the repository's exclusive
 * section. Images are real ones, packed as users pack them, and changed as attackers change them.
 */
import { readAll } from "../../../content/index.ts";
import {
  Annotation,
  childrenOf,
  describeManifest,
  digestOf,
  isDocumentType,
  parseManifest,
  parseReference,
  withAnnotations,
} from "../../../oci/index.ts";
import type { Descriptor, Digest, EncodedManifest, JsonObject } from "../../../oci/index.ts";
import { pack, type PackOptions } from "../../../skill/index.ts";
import { skillDirectory, type CardFields } from "../../../skill/testing/skill-directory.ts";
import { MemoryStore } from "../../../store/index.ts";
import type { LifecycleState } from "../../../lifecycle/index.ts";
import type { AdmissionContext, HeldManifest, Role } from "../../hooks.ts";
import { createMemoryStorage } from "../../storage/memory/index.ts";
import type { Quota } from "../../storage/quota.ts";
import type { RepositoryMetadata } from "../../storage/types.ts";
import { createAdmission, type AdmissionConfig } from "../admission.ts";

const REPOSITORY = "acme/greeter";

/** Document and media type of an image. */
export interface Image {
  readonly document: JsonObject;
  readonly mediaType: string;
}

export class Bench {
  readonly #storage = createMemoryStorage();
  readonly #config: AdmissionConfig;
  #admission: ReturnType<typeof createAdmission>;
  readonly #repository: RepositoryMetadata;
  /** Names of those who can log in; whoever pushes is called as their roles. */
  readonly people = new Set<string>();
  /** How much the storage takes; it is asked after the rules. */
  quotas: readonly Quota[] = [];

  constructor(config: AdmissionConfig = {}, name = REPOSITORY, admission = createAdmission(config)) {
    this.#config = config;
    this.#admission = admission;
    this.#repository = this.#storage.metadata.repository(name);
  }

  /** Another repository, under the same rules. */
  beside(name: string): Bench {
    return new Bench(this.#config, name, this.#admission);
  }

  /** As a registry that was started anew, or another replica: rules that have seen nothing. */
  restart(changes: AdmissionConfig = {}): void {
    this.#admission = createAdmission({ ...this.#config, ...changes });
  }

  /** Packs a skill and uploads its blobs; of several platforms, also its images, which is what a client does first. */
  async pack(
    card: CardFields = {},
    files: Readonly<Record<string, string>> = {},
    options: PackOptions = {},
  ): Promise<Image> {
    const store = new MemoryStore();
    const { reference } = await pack(await skillDirectory(card, files), store, options);
    const { repository: name, tag = "" } = parseReference(reference);
    const repository = store.repository(name);
    const fetch = async (descriptor: Descriptor): Promise<Uint8Array> => readAll(repository.fetch(descriptor));
    const root = await repository.resolve(tag);
    const parsed = parseManifest(await fetch(root), root.mediaType);
    for (const child of childrenOf(parsed)) {
      const bytes = await fetch(child);
      if (!isDocumentType(child.mediaType)) {
        await this.upload(bytes);
        continue;
      }
      const member = parseManifest(bytes, child.mediaType);
      for (const blob of childrenOf(member)) await this.upload(await fetch(blob));
      await this.push({ document: member.document, mediaType: child.mediaType }, undefined, "author");
    }
    return { document: parsed.document, mediaType: parsed.mediaType };
  }

  async upload(bytes: Uint8Array | string): Promise<Digest> {
    const digest = digestOf(bytes);
    await this.#storage.blobs.put(digest, Buffer.from(bytes));
    await this.#repository.linkBlob(digest);
    return digest;
  }

  /** Pushes as somebody with these roles; by digest without a tag. */
  async push({ document, mediaType }: Image, tag: string | undefined, ...roles: readonly Role[]): Promise<Digest> {
    const manifest = held(describeManifest(document, mediaType));
    const { digest } = manifest.descriptor;
    await this.#storage.blobs.put(digest, manifest.bytes);
    const set = new Set<Role>(roles);
    await this.#repository.exclusively(async (repository) => {
      const previous = tag === undefined ? undefined : await repository.tag(tag);
      const current = previous === undefined ? undefined : await this.#manifest(repository, previous);
      const knows = async (name: string): Promise<boolean> => this.people.has(name);
      const identity = { name: roles.join("+"), roles: () => set, knows };
      const notes: (() => void)[] = [];
      await this.#admission.review(
        { kind: "put", repository: this.#repository.name, identity, manifest, tag, current },
        this.#context(repository, notes),
      );
      const { subject, artifactType } = manifest.parsed;
      const incoming = {
        descriptor: {
          ...manifest.descriptor,
          ...(artifactType === undefined ? {} : { artifactType }),
          ...(subject === undefined ? {} : { annotations: manifest.parsed.annotations }),
        },
        references: childrenOf(manifest.parsed).map((child) => child.digest),
        ...(subject === undefined ? {} : { subject: subject.digest }),
      };
      await repository.putManifest(
        incoming,
        tag === undefined ? undefined : { tag, to: digest, expect: previous ?? null },
        { quotas: this.quotas },
      );
      for (const note of notes) note();
    });
    return digest;
  }

  /** Takes a version from draft to published, by those who may. Resolves to the published image. */
  async publish(draft: Image, version: string): Promise<Image> {
    await this.push(draft, `${version}-draft`, "author");
    await this.push(inState(draft, "testing"), `${version}-testing`, "author");
    const published = inState(draft, "published");
    await this.push(published, version, "approver");
    return published;
  }

  async untag(tag: string, ...roles: readonly Role[]): Promise<void> {
    await this.#repository.exclusively(async (repository) => {
      const digest = await repository.tag(tag);
      const current = digest === undefined ? undefined : await this.#manifest(repository, digest);
      if (current === undefined) throw new Error(`there is no ${tag}`);
      const identity = { name: roles.join("+"), roles: () => new Set<Role>(roles) };
      await this.#admission.review(
        { kind: "untag", repository: this.#repository.name, identity, tag, current },
        this.#context(repository),
      );
      await repository.moveTags([{ tag, to: undefined }]);
    });
  }

  /** Removes a manifest by its digest. */
  async delete(digest: Digest, ...roles: readonly Role[]): Promise<void> {
    await this.#repository.exclusively(async (repository) => {
      const current = await this.#manifest(repository, digest);
      if (current === undefined) throw new Error(`there is no ${digest}`);
      const identity = { name: roles.join("+"), roles: () => new Set<Role>(roles) };
      const change = { kind: "delete", repository: this.#repository.name, identity, current, tags: [] } as const;
      await this.#admission.review(change, this.#context(repository));
      await repository.deleteManifest(digest);
    });
  }

  async tag(name: string): Promise<Digest | undefined> {
    return this.#repository.tag(name);
  }

  async #manifest(repository: RepositoryMetadata, digest: Digest): Promise<HeldManifest | undefined> {
    const stored = await repository.manifest(digest);
    if (stored === undefined) return undefined;
    return held({ descriptor: stored.descriptor, bytes: await readAll(this.#storage.blobs.read(digest)) });
  }

  #context(repository: RepositoryMetadata, notes: (() => void)[] = []): AdmissionContext {
    const blob = ({ digest }: Descriptor) => this.#storage.blobs.read(digest);
    return {
      repository: repository.name,
      manifest: async (digest) => this.#manifest(repository, digest),
      tag: async (name) => repository.tag(name),
      tags: () => repository.tags(),
      manifests: (unless) => repository.manifests(unless && { unless }),
      referrers: (digest) => repository.referrers(digest),
      blob,
      readBlob: async (descriptor) => readAll(blob(descriptor)),
      whenMade: (note) => notes.push(note),
      signal: new AbortController().signal,
    };
  }
}

/** The same image with other annotations; `undefined` removes one. */
export function annotated(
  { document, mediaType }: Image,
  changes: Readonly<Record<string, string | undefined>>,
): Image {
  const { bytes } = describeManifest(document, mediaType);
  return { document: withAnnotations(parseManifest(bytes, mediaType), changes), mediaType };
}

/** The same image, saying that it is in another state: what a promotion sends, and what a forger sends. */
export function inState(image: Image, state: LifecycleState): Image {
  return annotated(image, { [Annotation.status]: state });
}

function held({ descriptor, bytes }: EncodedManifest): HeldManifest {
  return { descriptor, bytes, parsed: parseManifest(bytes, descriptor.mediaType) };
}
