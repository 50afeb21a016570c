/**
 * An OCI image layout in a tar, read without unpacking it.
 *
 * Nothing in a tar says what a blob is before the index has been read, and the index may come last. So the archive is
 * read several times, each time taking what is known to be wanted, and never more in memory than documents.
 */
import { readTar } from "../archive/index.ts";
import { readAll, type Content } from "../content/index.ts";
import { SkillError } from "../errors.ts";
import {
  algorithmOf,
  blobPath,
  childrenOf,
  digestOf,
  isDocumentType,
  MAX_MANIFEST_SIZE,
  parseManifest,
} from "../oci/index.ts";
import type { Descriptor, Digest, Index, Manifest } from "../oci/index.ts";
import type { OperationOptions } from "../store/index.ts";

/** A manifest or index of the archive. */
export interface ArchivedDocument {
  readonly bytes: Uint8Array;
  readonly parsed: Manifest | Index;
}

export type Documents = ReadonlyMap<Digest, ArchivedDocument>;

/** An index of indexes of manifests; nothing that any tool writes is deeper. */
const MAX_DEPTH = 4;
/** All documents together, which are held in memory at once. */
const MAX_DOCUMENT_BYTES = 64 * 1024 * 1024;

/** Reads `index.json`. Throws `ARCHIVE_INVALID` when there is none that names an image. */
export async function readIndex(open: () => Content, options: OperationOptions): Promise<Index> {
  for await (const entry of readTar(open(), options)) {
    if (entry.path !== "index.json" || entry.size > MAX_MANIFEST_SIZE) continue;
    const index = parseManifest(await readAll(entry.content));
    if (index.kind === "index" && index.manifests.length > 0) return index;
  }
  throw new SkillError("ARCHIVE_INVALID", "the archive holds no index.json that names an image", {
    hint: "Make one with skillctl export, skopeo copy … oci-archive:FILE, or podman save --format oci-archive.",
  });
}

/**
 * Every manifest and index that `roots` consist of, read level by level, verified by digest. Throws `ARCHIVE_LIMIT` when
 * they are more than 64 MiB.
 */
export async function readDocuments(
  open: () => Content,
  roots: readonly Descriptor[],
  options: OperationOptions,
): Promise<Documents> {
  const documents = new Map<Digest, ArchivedDocument>();
  let [level, held] = [roots, 0];
  for (let depth = 0; level.length > 0 && depth < MAX_DEPTH; depth++) {
    const wanted = new Map(level.map((descriptor) => [blobPath(descriptor.digest), descriptor]));
    const found = new Map<Digest, Descriptor>();
    for await (const entry of readTar(open(), options)) {
      const descriptor = wanted.get(entry.path);
      if (descriptor === undefined || documents.has(descriptor.digest)) continue;
      held += entry.size;
      if (held > MAX_DOCUMENT_BYTES) {
        throw new SkillError("ARCHIVE_LIMIT", `the archive's manifests are more than ${MAX_DOCUMENT_BYTES} bytes`);
      }
      const bytes = await readDocument(descriptor, entry.size, entry.content);
      const parsed = parseManifest(bytes, descriptor.mediaType);
      documents.set(descriptor.digest, { bytes, parsed });
      for (const child of childrenOf(parsed)) if (isDocumentType(child.mediaType)) found.set(child.digest, child);
    }
    level = [...found.values()].filter(({ digest }) => !documents.has(digest));
  }
  return documents;
}

async function readDocument(descriptor: Descriptor, size: number, content: Content): Promise<Uint8Array> {
  const { digest } = descriptor;
  if (size !== descriptor.size || size > MAX_MANIFEST_SIZE) {
    throw new SkillError("SIZE_MISMATCH", `the archive's ${digest} has ${size} bytes, not ${descriptor.size}`);
  }
  const bytes = await readAll(content);
  if (digestOf(bytes, algorithmOf(digest)) === digest) return bytes;
  throw new SkillError("DIGEST_MISMATCH", `the archive's ${digest} holds other content`);
}

/** What an image consists of, children before parents, each once however often it is referred to. */
export function graphOf(root: Descriptor, documents: Documents): readonly Descriptor[] {
  const nodes = new Map<Digest, Descriptor>();
  const visited = new Set<Digest>();
  const visit = (descriptor: Descriptor): void => {
    if (visited.has(descriptor.digest)) return;
    visited.add(descriptor.digest);
    const document = documents.get(descriptor.digest);
    for (const child of document === undefined ? [] : childrenOf(document.parsed)) visit(child);
    nodes.set(descriptor.digest, descriptor);
  };
  visit(root);
  return [...nodes.values()];
}
