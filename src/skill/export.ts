/** Writes images as one file that other tools read: an OCI image layout in a tar, what skopeo calls an oci-archive. */
import { writeTar, type LayerFile } from "../archive/index.ts";
import { asContent, type Content } from "../content/index.ts";
import { LATEST, tagFor } from "../lifecycle/index.ts";
import {
  Annotation,
  blobPath,
  childrenOf,
  encodeManifest,
  formatReference,
  isDocumentType,
  MediaType,
  withTag,
} from "../oci/index.ts";
import type { Descriptor, Digest, Reference } from "../oci/index.ts";
import { readManifest } from "../store/index.ts";
import type { OperationOptions, Reader, Store } from "../store/index.ts";
import { find } from "./find.ts";
import { readImage } from "./image.ts";
import { resolveReference, type ResolvedImage } from "./resolve.ts";

/** Something that the archive holds, and where its bytes come from. */
interface Piece {
  readonly descriptor: Descriptor;
  readonly reader: Reader;
}

/**
 * Streams images as an OCI image layout in an uncompressed tar, each named by its full reference. Reproducible: the same
 * images give the same bytes. Throws as `resolveReference` and fetching do. OCI image-spec "image-layout.md".
 */
export async function* exportImages(
  store: Store,
  references: readonly Reference[],
  options: OperationOptions = {},
): Content {
  const pieces = new Map<Digest, Piece>();
  const manifests: Descriptor[] = [];
  for (const reference of references) {
    const resolved = await resolveReference(store, reference, options);
    const { mediaType, digest, size } = resolved.descriptor;
    const named = reference.tag === undefined ? await byVersion(resolved, options) : resolved.reference;
    manifests.push({ mediaType, digest, size, annotations: { [Annotation.refName]: formatReference(named) } });
    await gather(resolved.repository, resolved.descriptor, pieces, options);
  }
  const index = encodeManifest({ schemaVersion: 2, mediaType: MediaType.index, manifests });
  const blobs = [...pieces.values()].map((piece) => blobFile(piece, options));
  const layout = encodeManifest({ imageLayoutVersion: "1.0.0" });
  yield* writeTar([...blobs.toSorted(byPath), document("index.json", index), document("oci-layout", layout)], options);
}

/** What was found as `latest` is given out under its version: elsewhere another one may be the latest. */
async function byVersion(
  { reference, descriptor, repository }: ResolvedImage,
  options: OperationOptions,
): Promise<Reference> {
  if (reference.tag !== LATEST) return reference;
  const { annotations } = await readImage(repository, descriptor, options);
  const tag = tagFor(annotations[Annotation.version] ?? "", "published");
  if (tag === undefined || tag === "") return reference;
  return (await find(repository, tag, options))?.digest === descriptor.digest ? withTag(reference, tag) : reference;
}

async function gather(
  reader: Reader,
  descriptor: Descriptor,
  pieces: Map<Digest, Piece>,
  options: OperationOptions,
): Promise<void> {
  if (pieces.has(descriptor.digest)) return;
  pieces.set(descriptor.digest, { descriptor, reader });
  if (!isDocumentType(descriptor.mediaType)) return;
  for (const child of childrenOf(await readManifest(reader, descriptor, options))) {
    await gather(reader, child, pieces, options);
  }
}

function blobFile({ descriptor, reader }: Piece, options: OperationOptions): LayerFile {
  const path = blobPath(descriptor.digest);
  return { path, executable: false, size: descriptor.size, open: () => reader.fetch(descriptor, options) };
}

function document(path: string, bytes: Uint8Array): LayerFile {
  return { path, executable: false, size: bytes.byteLength, open: () => asContent(bytes) };
}

function byPath(a: LayerFile, b: LayerFile): number {
  return a.path < b.path ? -1 : 1;
}
