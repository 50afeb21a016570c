/**
 * Reads images from one file: an OCI image layout in a tar, from us, skopeo, podman or buildah.
 *
 * Nothing in a tar says what a blob is before the index has been read, and the index may come last. So the archive is
 * read several times, each time taking what is known to be wanted, and never more in memory than documents.
 */
import { readTar } from "../archive/index.ts";
import { readAll, type Content } from "../content/index.ts";
import { SkillError } from "../errors.ts";
import { LATEST } from "../lifecycle/index.ts";
import {
  algorithmOf,
  Annotation,
  blobPath,
  childrenOf,
  digestOf,
  formatReference,
  isDocumentType,
  MAX_MANIFEST_SIZE,
  parseManifest,
  parseReference,
  repositoryName,
} from "../oci/index.ts";
import type { Descriptor, Digest, Index, Manifest, Reference } from "../oci/index.ts";
import type { Content, OperationOptions, Repository, Store, TagChange } from "../store/index.ts";
import { entryOf } from "./entry.ts";
import { find } from "./find.ts";
import { readImage } from "./image.ts";
import { refuseReplacing } from "./immutable.ts";
import { highestPublished } from "./latest.ts";

export interface ImportOptions extends OperationOptions {
  /** Names the image, for an archive that holds just one and does not name it usefully. */
  readonly as?: Reference;
  /** Replaces published images of the same name. Default: false. */
  readonly force?: boolean;
}

export interface ImportedImage {
  readonly reference: string;
  readonly digest: Digest;
}

/** An image that the archive's index names. */
interface NamedImage {
  readonly descriptor: Descriptor;
  readonly reference: Reference;
}

type Documents = ReadonlyMap<Digest, { readonly bytes: Uint8Array; readonly parsed: Manifest | Index }>;

/** An index of indexes of manifests; nothing that any tool writes is deeper. */
const MAX_DEPTH = 4;

/**
 * Imports every image of an archive; `open` starts reading it anew at each call. Content is verified, and no tag is set
 * before all of it is there. Throws `ARCHIVE_INVALID` for a file that is no OCI layout, `BLOB_MISSING` for one that is
 * incomplete, `REFERENCE_INVALID` for an image without a usable name and no `as`, and `PUBLISHED_IMMUTABLE` when a tag
 * names another image here that is published, unless `force`. `latest` is not taken from the archive where there are
 * published versions to tell it from. OCI image-spec "image-layout.md".
 */
export async function importImages(
  store: Store,
  open: () => Content,
  options: ImportOptions = {},
): Promise<readonly ImportedImage[]> {
  const index = await readIndex(open, options);
  const images = index.manifests.map((descriptor) => ({ descriptor, reference: nameOf(descriptor, index, options) }));
  const documents = await readDocuments(open, index.manifests, options);
  await storeBlobs(open, blobsOf(store, images, documents), options);
  for (const { descriptor, reference } of images) {
    await storeDocuments(store.repository(repositoryName(reference)), descriptor, documents, options);
  }
  for (const name of new Set(images.map(({ reference }) => repositoryName(reference)))) {
    const own = images.filter(({ reference }) => repositoryName(reference) === name);
    await tagImages(store.repository(name), own, options);
  }
  return images.map(({ reference, descriptor }) => ({
    reference: formatReference(reference),
    digest: descriptor.digest,
  }));
}

/** Names the images of one repository, all at once, and lets `latest` follow. */
async function tagImages(repository: Repository, images: readonly NamedImage[], options: ImportOptions): Promise<void> {
  const changes: TagChange[] = [];
  for (const { descriptor, reference } of images) {
    const name = reference.tag ?? descriptor.digest;
    const current = await find(repository, name, options);
    if (current !== undefined && current.digest !== descriptor.digest && options.force !== true && name !== LATEST) {
      refuseReplacing(repository.name, name, await readImage(repository, current, options));
    }
    const to = entryOf(await readImage(repository, descriptor, options));
    changes.push({ name, to, expect: current?.digest ?? null });
  }
  await repository.retag(
    changes.filter((change) => change.name !== LATEST),
    options,
  );
  const latest = await highestPublished(repository, undefined, options);
  const change = changes.find(({ name }) => name === LATEST);
  const current = await find(repository, LATEST, options);
  const to = latest?.descriptor ?? change?.to ?? current;
  if (to !== undefined && to.digest !== current?.digest) {
    await repository.retag([{ name: LATEST, to, expect: current?.digest ?? null }], options);
  }
}

async function readIndex(open: () => Content, options: OperationOptions): Promise<Index> {
  for await (const entry of readTar(open(), options)) {
    if (entry.path !== "index.json" || entry.size > MAX_MANIFEST_SIZE) continue;
    const index = parseManifest(await readAll(entry.content));
    if (index.kind === "index" && index.manifests.length > 0) return index;
  }
  throw new SkillError("ARCHIVE_INVALID", "the archive holds no index.json that names an image", {
    hint: "Make one with skillctl export, skopeo copy … oci-archive:FILE, or podman save --format oci-archive.",
  });
}

function nameOf(descriptor: Descriptor, index: Index, { as }: ImportOptions): Reference {
  if (as !== undefined && index.manifests.length === 1) return as;
  const text = descriptor.annotations?.[Annotation.refName] ?? "";
  const hint = "Import one image at a time and name it: skillctl import FILE --as namespace/name:tag";
  if (as !== undefined) throw new SkillError("REFERENCE_AMBIGUOUS", "the archive holds several images", { hint });
  if (!/[/:@]/.test(text))
    throw new SkillError("REFERENCE_INVALID", `the archive names its image ${JSON.stringify(text)}`, { hint });
  return parseReference(text);
}

/** Every manifest and index that the images consist of, read level by level, verified by digest. */
async function readDocuments(
  open: () => Content,
  roots: readonly Descriptor[],
  options: OperationOptions,
): Promise<Documents> {
  const documents = new Map<Digest, { bytes: Uint8Array; parsed: Manifest | Index }>();
  let level = roots;
  for (let depth = 0; level.length > 0 && depth < MAX_DEPTH; depth++) {
    const wanted = new Map(level.map((descriptor) => [blobPath(descriptor.digest), descriptor]));
    const found: Descriptor[] = [];
    for await (const entry of readTar(open(), options)) {
      const descriptor = wanted.get(entry.path);
      if (descriptor === undefined || documents.has(descriptor.digest)) continue;
      const bytes = await readDocument(descriptor, entry.size, entry.content);
      const parsed = parseManifest(bytes, descriptor.mediaType);
      documents.set(descriptor.digest, { bytes, parsed });
      found.push(...childrenOf(parsed).filter(({ mediaType }) => isDocumentType(mediaType)));
    }
    level = found.filter((descriptor) => !documents.has(descriptor.digest));
  }
  return documents;
}

async function readDocument(descriptor: Descriptor, size: number, content: Content): Promise<Uint8Array> {
  if (size !== descriptor.size || size > MAX_MANIFEST_SIZE) {
    throw new SkillError(
      "SIZE_MISMATCH",
      `the archive's ${descriptor.digest} has ${size} bytes, not ${descriptor.size}`,
    );
  }
  const bytes = await readAll(content);
  if (digestOf(bytes, algorithmOf(descriptor.digest)) === descriptor.digest)
    return bytes;
  throw new SkillError("DIGEST_MISMATCH", `the archive's ${descriptor.digest} holds other content`);
}

/** A blob that is needed, and the repositories that need it. */
interface WantedBlob {
  readonly descriptor: Descriptor;
  readonly repositories: Set<Repository>;
}

function blobsOf(store: Store, images: readonly NamedImage[], documents: Documents): ReadonlyMap<string, WantedBlob> {
  const blobs = new Map<string, WantedBlob>();
  const gather = (descriptor: Descriptor, repository: Repository): void => {
    const document = documents.get(descriptor.digest);
    if (document !== undefined) {
      for (const child of childrenOf(document.parsed)) gather(child, repository);
      return;
    }
    const blob = blobs.get(blobPath(descriptor.digest)) ?? { descriptor, repositories: new Set() };
    blob.repositories.add(repository);
    blobs.set(blobPath(descriptor.digest), blob);
  };
  for (const { descriptor, reference } of images) gather(descriptor, store.repository(repositoryName(reference)));
  return blobs;
}

async function storeBlobs(
  open: () => Content,
  wanted: ReadonlyMap<string, WantedBlob>,
  options: OperationOptions,
): Promise<void> {
  for await (const entry of readTar(open(), options)) {
    const blob = wanted.get(entry.path);
    if (blob === undefined) continue;
    const [first, ...others] = blob.repositories;
    await first?.push(blob.descriptor, entry.content, options);
    for (const other of others)
      if (first !== undefined) await other.push(blob.descriptor, first.fetch(blob.descriptor), options);
  }
}

async function storeDocuments(
  repository: Repository,
  descriptor: Descriptor,
  documents: Documents,
  options: OperationOptions,
): Promise<void> {
  const document = documents.get(descriptor.digest);
  if (document === undefined) {
    if (!isDocumentType(descriptor.mediaType)) return;
    throw new SkillError("BLOB_MISSING", `the archive does not hold ${descriptor.digest}, which it refers to`);
  }
  for (const child of childrenOf(document.parsed)) await storeDocuments(repository, child, documents, options);
  await repository.push(descriptor, document.bytes, options);
}

