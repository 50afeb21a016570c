/** Is everything there that the registry says it has? Follows every reference; `scrub` reads the content. */
import { readAll } from "../../content/index.ts";
import { isSkillError, throwIfAborted } from "../../errors.ts";
import { childrenOf, parseManifest, type Descriptor, type Digest, type Index, type Manifest } from "../../oci/index.ts";
import type { OperationOptions } from "../../store/types.ts";
import { unlessDamaged } from "../storage/damaged.ts";
import { isElsewhere } from "../storage/recover.ts";
import type { RegistryStorage, RepositoryMetadata, StoredManifest } from "../storage/types.ts";

export type RegistryIssueKind =
  /** A file of the driver is damaged, or not one of its own. */
  | "file"
  /** A tag names a manifest that the repository does not have. */
  | "tag-dangling"
  /** The bytes of a manifest are missing. */
  | "manifest-missing"
  /** The bytes of a manifest are damaged, or are not what is known of it. */
  | "manifest-damaged"
  /** What a manifest refers to is missing, or the repository does not have it. */
  | "blob-missing"
  /** What a manifest refers to has another size than the manifest says. */
  | "size-wrong"
  /** A manifest is not listed among the referrers of its subject. */
  | "referrer-missing";

export interface RegistryIssue {
  readonly kind: RegistryIssueKind;
  readonly message: string;
  readonly repository?: string;
  readonly digest?: Digest;
  readonly path?: string;
}

/** Says what is wrong; nothing when the registry is sound. Changes nothing. What a server changes meanwhile may show. */
export async function* fsck(
  storage: RegistryStorage,
  options: OperationOptions = {},
): AsyncGenerator<RegistryIssue, void, undefined> {
  if (storage.inspect !== undefined) {
    for await (const issue of storage.inspect(options)) yield { kind: "file", ...issue };
  }
  for await (const name of storage.metadata.repositories(options)) {
    const repository = storage.metadata.repository(name);
    yield* checkTags(repository, options);
    yield* checkManifests(storage, repository, options);
  }
}

async function* checkTags(
  repository: RepositoryMetadata,
  options: OperationOptions,
): AsyncGenerator<RegistryIssue, void, undefined> {
  for await (const tag of repository.tags(options)) {
    const digest = await unlessDamaged(async () => repository.tag(tag, options));
    if (digest === undefined || (await unlessDamaged(async () => repository.manifest(digest, options))) !== undefined) {
      continue;
    }
    const message = `${repository.name}:${tag} names ${digest}, which is missing`;
    yield { kind: "tag-dangling", message, repository: repository.name, digest };
  }
}

async function* checkManifests(
  storage: RegistryStorage,
  repository: RepositoryMetadata,
  options: OperationOptions,
): AsyncGenerator<RegistryIssue, void, undefined> {
  // What cannot be read is reported where the files are.
  for await (const stored of repository.manifests({ ...options, onDamaged: () => undefined })) {
    throwIfAborted(options.signal);
    try {
      yield* checkManifest(storage, repository, stored, options);
    } catch (error) {
      if (!isSkillError(error, "STORE_CORRUPT")) throw error;
      const { digest } = stored.descriptor;
      const message = `${repository.name}@${digest} could not be checked: ${error.message}`;
      yield { kind: "file", message, repository: repository.name, digest };
    }
  }
}

async function* checkManifest(
  storage: RegistryStorage,
  repository: RepositoryMetadata,
  stored: StoredManifest & { readonly references: readonly Digest[] },
  options: OperationOptions,
): AsyncGenerator<RegistryIssue, void, undefined> {
  const { digest, size, mediaType } = stored.descriptor;
  const about = { repository: repository.name, digest };
  const name = `${repository.name}@${digest}`;
  let manifest: Manifest | Index;
  try {
    const bytes = await readAll(storage.blobs.read(digest, options), options);
    if (bytes.byteLength !== size) {
      yield { kind: "manifest-damaged", message: `${name} has ${bytes.byteLength} bytes, not ${size}`, ...about };
    }
    manifest = parseManifest(bytes, mediaType, { isStored: true });
  } catch (error) {
    if (!isSkillError(error) || error.code === "ABORTED") throw error;
    const kind = error.code === "NOT_FOUND" ? "manifest-missing" : "manifest-damaged";
    yield { kind, message: `${name}: ${error.message}`, ...about };
    return;
  }
  const known = new Set(stored.references);
  // What need not be there is not known of when it was not.
  const children = childrenOf(manifest).filter((child) => known.has(child.digest) || !isElsewhere(child));
  if (manifest.subject?.digest !== stored.subject || children.some((child) => !known.has(child.digest))) {
    yield { kind: "manifest-damaged", message: `${name} is not what is known of it`, ...about };
  }
  for (const child of children) yield* checkChild(storage, repository, name, manifest.kind, child, options);
  if (stored.subject === undefined) return;
  for await (const { descriptor } of repository.referrers(stored.subject, options)) {
    if (descriptor.digest === digest) return;
  }
  yield { kind: "referrer-missing", message: `${name} is not listed as a referrer of ${stored.subject}`, ...about };
}

async function* checkChild(
  { blobs }: RegistryStorage,
  repository: RepositoryMetadata,
  parent: string,
  kind: "manifest" | "index",
  child: Descriptor,
  options: OperationOptions,
): AsyncGenerator<RegistryIssue, void, undefined> {
  const { digest } = child;
  const about = { repository: repository.name, digest };
  const isHeld =
    kind === "index"
      ? (await unlessDamaged(async () => repository.manifest(digest, options))) !== undefined
      : await repository.hasBlob(digest, options);
  const blob = await blobs.stat(digest, options);
  if (blob === undefined || !isHeld) {
    const what = blob === undefined ? "is missing" : `is not in ${repository.name}`;
    yield { kind: "blob-missing", message: `${digest}, which ${parent} refers to, ${what}`, ...about };
  } else if (blob.size !== child.size) {
    const message = `${digest} has ${blob.size} bytes; ${parent} says ${child.size}`;
    yield { kind: "size-wrong", message, ...about };
  }
}
