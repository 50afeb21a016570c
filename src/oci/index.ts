/**
 * The vocabulary of the OCI image and distribution specifications: digests, references, descriptors, manifests.
 * Pure: nothing here reads or writes anything.
 */
export { Annotation, EntryAnnotation, PromotionAnnotation } from "./annotations.ts";
export type { Annotations, Descriptor, Platform } from "./descriptor.ts";
export { algorithmOf, blobPath, digestFrom, digestOf, encodedOf, isDigest, parseDigest } from "./digest.ts";
export type { Digest, DigestAlgorithm } from "./digest.ts";
export { FieldNames, foldKey } from "./folded-keys.ts";
export { parseStrictJson } from "./json.ts";
export { hasMoreValues } from "./json-weight.ts";
export type { JsonLimits } from "./json.ts";
export {
  childrenOf,
  describeManifest,
  encodeManifest,
  MAX_MANIFEST_SIZE,
  parseImageManifest,
  parseManifest,
  readDescriptor,
  withAnnotations,
} from "./manifest.ts";
export type { EncodedManifest, Index, JsonObject, Manifest, ParseOptions } from "./manifest.ts";
export { isDocumentType, isIndexType, isManifestType, layerCompression, MediaType } from "./media-types.ts";
export {
  baseName,
  formatReference,
  isRepositoryPath,
  isTag,
  parseReference,
  repositoryName,
  withTag,
} from "./reference.ts";
export type { Reference } from "./reference.ts";
