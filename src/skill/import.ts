/** Reads images from one file: an OCI image layout in a tar, from us, skopeo, podman or buildah. */
import { readTar } from "../archive/index.ts";
import type { Content } from "../content/index.ts";
import { SkillError } from "../errors.ts";
import { LATEST, tagFor } from "../lifecycle/index.ts";
import {
  Annotation,
  blobPath,
  formatReference,
  isDocumentType,
  isTag,
  parseReference,
  repositoryName,
  withTag,
} from "../oci/index.ts";
import type { Descriptor, Digest, Index, Reference } from "../oci/index.ts";
import { inOrder } from "../store/in-order.ts";
import type { OperationOptions, Repository, Store, TagChange } from "../store/index.ts";
import { quote } from "../text/index.ts";
import { entryOf } from "./entry.ts";
import { find } from "./find.ts";
import { haveSameContent, readImage, type SkillImage } from "./image.ts";
import { findArchived, refuseReplacing } from "./immutable.ts";
import { settleLatest, standing } from "./latest.ts";
import { graphOf, readDocuments, readIndex, type Documents } from "./layout-archive.ts";
import { readStatus } from "./metadata.ts";
import { ownSignal } from "./own-signal.ts";

/** How many images' documents are stored at once. */
const GRAPHS_AT_ONCE = 16;
/** How many repositories are named at once: a store saves the names of all of them in one write of its index. */
const REPOSITORIES_AT_ONCE = 64;

const NAMING = "skillctl import FILE --as namespace/name:tag";

export interface ImportOptions extends OperationOptions {
  /** Names the image, for an archive that holds just one and does not name it usefully. */
  readonly as?: Reference;
  /** Replaces published images of the same name. Default: false. */
  readonly force?: boolean;
}

export interface ImportedImage {
  readonly reference: string;
  readonly digest: Digest;
  /** True when the reference named this very image before. */
  readonly unchanged: boolean;
  /** The version that `latest` names now; with the last image of a repository, and absent when it names none. */
  readonly latest?: string;
  /** Whether the import set `latest`, or removed it; with the last image of a repository. */
  readonly latestMoved: boolean;
}

/** An image that the archive's index names. */
interface NamedImage {
  readonly descriptor: Descriptor;
  readonly reference: Reference;
}

/**
 * Imports every image of an archive; `open` starts reading it anew at each call. Content is verified, and no tag is set
 * before all of it is there. `latest` follows the published versions that are here afterwards, whatever the archive
 * calls latest.
 *
 * Throws `ARCHIVE_INVALID` for a file that is no OCI layout, `BLOB_MISSING` for one that is incomplete,
 * `REFERENCE_INVALID` for an image without a usable name and no `as`, `REFERENCE_AMBIGUOUS` for two of one name,
 * `ARCHIVE_LIMIT` for one that is too much, and `PUBLISHED_IMMUTABLE` when a tag names another
 * image here that is published, unless `force`. OCI image-spec "image-layout.md".
 */
export async function importImages(
  store: Store,
  open: () => Content,
  options: ImportOptions = {},
): Promise<readonly ImportedImage[]> {
  const index = await readIndex(open, options);
  const images = index.manifests.map((descriptor) => ({ descriptor, reference: nameOf(descriptor, index, options) }));
  const documents = await readDocuments(open, index.manifests, options);
  const graphs = graphsOf(store, images, documents);
  await storeBlobs(open, graphs, documents, options);
  const storing = inOrder(graphs, GRAPHS_AT_ONCE, async ({ repository, nodes }) =>
    storeDocuments(repository, nodes, documents, ownSignal(options.signal)),
  );
  for await (const _ of storing);
  const tagging = inOrder(byRepository(images), REPOSITORIES_AT_ONCE, async ([name, own]) =>
    tagImages(store.repository(name), own, { ...options, ...ownSignal(options.signal) }),
  );
  const imported: ImportedImage[] = [];
  for await (const some of tagging) imported.push(...some);
  return imported;
}

function byRepository(images: readonly NamedImage[]): ReadonlyMap<string, readonly NamedImage[]> {
  const repositories = new Map<string, NamedImage[]>();
  for (const image of images) {
    const name = repositoryName(image.reference);
    const own = repositories.get(name) ?? [];
    repositories.set(name, own);
    own.push(image);
  }
  return repositories;
}

/** Throws `ARCHIVE_LIMIT` for names that multiply: thousands of one image that is made of thousands. */
function graphsOf(store: Store, images: readonly NamedImage[], documents: Documents): readonly Graph[] {
  let count = 0;
  return images.map(({ descriptor, reference }) => {
    const nodes = graphOf(descriptor, documents);
    count += nodes.length;
    if (count > MAX_NODES) {
      throw new SkillError("ARCHIVE_LIMIT", `the archive's images consist of more than ${MAX_NODES} parts`);
    }
    return { repository: store.repository(repositoryName(reference)), nodes };
  });
}

function nameOf(descriptor: Descriptor, index: Index, { as }: ImportOptions): Reference {
  const count = index.manifests.length;
  const hint = `${count > 1 ? "Put each image into an archive of its own" : "Import it"} and name it: ${NAMING}`;
  if (as !== undefined) {
    if (count > 1) throw severalAs(as, count);
    if (as.digest === undefined && as.tag === undefined) return withTag(as, tagIn(descriptor, hint));
    if (as.digest === undefined || as.digest === descriptor.digest) return as;
    throw new SkillError("REFERENCE_INVALID", `the archive's image is ${descriptor.digest}, not ${as.digest}`, {
      hint,
    });
  }
  const text = descriptor.annotations?.[Annotation.refName] ?? "";
  if (!/[/:@]/.test(text)) {
    throw new SkillError("REFERENCE_INVALID", `the archive names its image ${quote(text)}`, { hint });
  }
  const reference = parseReference(text);
  if (reference.digest === undefined || reference.digest === descriptor.digest) return reference;
  throw new SkillError("REFERENCE_INVALID", `the archive names its image ${descriptor.digest} ${quote(text)}`, {
    hint,
  });
}

function severalAs(as: Reference, count: number): SkillError {
  const what = `the archive holds ${count} images, which cannot all be ${formatReference(as)}`;
  return new SkillError("REFERENCE_AMBIGUOUS", what, {
    hint: "Leave out --as to import each by the name that it has there, then skillctl tag gives it another one.",
  });
}

/** The tag that the archive gives its image; skopeo may write the tag alone. */
function tagIn(descriptor: Descriptor, hint: string): string {
  const text = descriptor.annotations?.[Annotation.refName] ?? "";
  const tag = /[/:@]/.test(text) ? parseReference(text).tag : text;
  if (tag !== undefined && isTag(tag)) return tag;
  throw new SkillError("REFERENCE_INVALID", "the archive does not tell a tag for its image", { hint });
}

/** What all images consist of together, counted for each of them. */
const MAX_NODES = 500_000;

/** What one repository is to receive. */
interface Graph {
  readonly repository: Repository;
  readonly nodes: readonly Descriptor[];
}

async function storeBlobs(
  open: () => Content,
  graphs: readonly Graph[],
  documents: Documents,
  options: OperationOptions,
): Promise<void> {
  const wanted = new Map<string, { readonly descriptor: Descriptor; readonly repositories: Map<string, Repository> }>();
  for (const { repository, nodes } of graphs) {
    for (const descriptor of nodes) {
      if (documents.has(descriptor.digest)) continue;
      const path = blobPath(descriptor.digest);
      const blob = wanted.get(path) ?? { descriptor, repositories: new Map<string, Repository>() };
      wanted.set(path, blob);
      blob.repositories.set(repository.name, repository);
    }
  }
  for await (const entry of readTar(open(), options)) {
    const { descriptor, repositories } = wanted.get(entry.path) ?? {};
    const [first, ...others] = repositories?.values() ?? [];
    if (descriptor === undefined || first === undefined) continue;
    await first.push(descriptor, entry.content, options);
    for (const other of others) await other.push(descriptor, first.fetch(descriptor, options), options);
  }
}

async function storeDocuments(
  repository: Repository,
  nodes: readonly Descriptor[],
  documents: Documents,
  options: OperationOptions,
): Promise<void> {
  for (const descriptor of nodes) {
    const document = documents.get(descriptor.digest);
    if (document !== undefined) await repository.push(descriptor, document.bytes, options);
    else if (isDocumentType(descriptor.mediaType)) {
      throw new SkillError("BLOB_MISSING", `the archive does not hold ${descriptor.digest}, which it refers to`);
    }
  }
}

/** Names the images of one repository, all at once, and lets `latest` follow. */
async function tagImages(
  repository: Repository,
  images: readonly NamedImage[],
  options: ImportOptions,
): Promise<readonly ImportedImage[]> {
  const changes = new Map<string, TagChange>();
  const imported: ImportedImage[] = [];
  for (const { descriptor, reference } of images) {
    const { digest } = descriptor;
    const image = await readImage(repository, descriptor, options);
    const name = properTag(reference, image) ?? reference.tag ?? digest;
    const current = await find(repository, name, options);
    if (current?.digest !== digest && options.force !== true) {
      const there = await occupantOf(repository, name, image, current, options);
      if (there !== undefined) refuseReplacing(repository.name, name, there);
    }
    if ((changes.get(name)?.to?.digest ?? digest) !== digest) {
      throw new SkillError("REFERENCE_AMBIGUOUS", `the archive holds two images for ${repository.name}:${name}`, {
        hint: "Make one that names each of its images differently.",
      });
    }
    changes.set(name, { name, to: entryOf(image), expect: current?.digest ?? null });
    const proper = isTag(name) ? withTag(reference, name) : reference;
    imported.push({
      reference: formatReference(proper),
      digest,
      unchanged: current?.digest === digest,
      latestMoved: false,
    });
  }
  await repository.retag([...changes.values()], options);
  const latest = standing(await settleLatest(repository, options));
  return imported.map((image, at) => (at === imported.length - 1 ? { ...image, ...latest } : image));
}

/** What has the name now; or this version, where it is archived with other content, and has no tag any more. */
async function occupantOf(
  repository: Repository,
  name: string,
  image: SkillImage,
  current: Descriptor | undefined,
  options: OperationOptions,
): Promise<SkillImage | undefined> {
  if (current !== undefined) return readImage(repository, current, options);
  const version = image.annotations[Annotation.version];
  if (version === undefined || name !== tagFor(version, "published")) return undefined;
  const archived = await findArchived(repository, version, options);
  return archived === undefined || haveSameContent(archived, image) ? undefined : archived;
}

/** An image that is called latest only is named by its version: latest may soon be another one. */
function properTag(reference: Reference, image: SkillImage): string | undefined {
  const version = image.annotations[Annotation.version];
  if (reference.tag !== LATEST || version === undefined || readStatus(image.annotations) !== "published")
    return undefined;
  return tagFor(version, "published");
}
