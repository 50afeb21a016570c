/**
 * Image manifests and indexes, read strictly and written stably.
 *
 * A manifest is promoted by rewriting one annotation, possibly by somebody who knows fewer fields than its author. So
 * the document is kept as it came and changed in place: unknown fields and their order survive.
 */
import { SkillError } from "../errors.ts";
import { quote } from "../text/index.ts";
import type { Annotations, Descriptor, Platform } from "./descriptor.ts";
import { digestOf, isDigest } from "./digest.ts";
import { FieldNames } from "./folded-keys.ts";
import { parseStrictJson } from "./json.ts";
import { isIndexType, isManifestType, MediaType } from "./media-types.ts";

/** The most bytes that a manifest or index may have, here as in most registries. */
export const MAX_MANIFEST_SIZE = 4 * 1024 * 1024;

const DOCUMENT = new FieldNames(
  "schemaVersion",
  "mediaType",
  "artifactType",
  "config",
  "layers",
  "manifests",
  "subject",
  "annotations",
);
const DESCRIPTOR = new FieldNames(
  "mediaType",
  "digest",
  "size",
  "urls",
  "annotations",
  "data",
  "platform",
  "artifactType",
);
const PLATFORM = new FieldNames("architecture", "os", "os.version", "os.features", "variant", "features");

/** OCI image-spec "manifest.md", or its Docker schema 2 twin. */
export interface Manifest {
  readonly kind: "manifest";
  readonly mediaType: string;
  readonly artifactType: string | undefined;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly subject: Descriptor | undefined;
  readonly annotations: Annotations;
  /** The whole document as it was read, with the fields that we do not know. */
  readonly document: JsonObject;
}

/** OCI image-spec "image-index.md", or a Docker manifest list. */
export interface Index {
  readonly kind: "index";
  readonly mediaType: string;
  readonly artifactType: string | undefined;
  readonly manifests: readonly Descriptor[];
  readonly subject: Descriptor | undefined;
  readonly annotations: Annotations;
  /** The whole document as it was read, with the fields that we do not know. */
  readonly document: JsonObject;
}

export interface ParseOptions {
  /** It was let in before, when its keys may not have been looked at: it must be read to be removed, say. Default: false. */
  readonly isStored?: boolean;
}

/** A JSON object whose values have not been looked at. */
export type JsonObject = Readonly<Record<string, unknown>>;

/**
 * Reads a manifest or index. `mediaType` is what the content was announced as; a document that says otherwise is
 * refused, so that no two readers see two kinds, and so is a key that some readers take for a field. Throws `MANIFEST_TOO_LARGE`, `JSON_INVALID` or `MANIFEST_INVALID`.
 */
export function parseManifest(bytes: Uint8Array, mediaType?: string, options: ParseOptions = {}): Manifest | Index {
  if (bytes.byteLength > MAX_MANIFEST_SIZE) {
    throw new SkillError(
      "MANIFEST_TOO_LARGE",
      `a manifest of ${bytes.byteLength} bytes is over the limit of ${MAX_MANIFEST_SIZE}`,
    );
  }
  const document = asObject(parseStrictJson(bytes), "the document");
  if (options.isStored !== true) checkSpelling(document);
  if (document["schemaVersion"] !== 2) return refuse("schemaVersion is not 2");
  if ("manifests" in document && ("layers" in document || "config" in document)) {
    return refuse("it is both a manifest and an index");
  }
  const declared = optionalString(document, "mediaType");
  if (declared !== undefined && mediaType !== undefined && declared !== mediaType) {
    return refuse(`it says mediaType ${quote(declared)} but was announced as ${quote(mediaType)}`);
  }
  const actual = declared ?? mediaType ?? ("manifests" in document ? MediaType.index : MediaType.manifest);
  if (isIndexType(actual)) return readIndex(document, actual);
  if (isManifestType(actual)) return readManifest(document, actual);
  throw new SkillError("MEDIA_TYPE_UNSUPPORTED", `${quote(actual)} is neither an image manifest nor an index`);
}

/** {@link parseManifest} for a place where only an image manifest will do; an index throws `MANIFEST_INVALID`. */
export function parseImageManifest(bytes: Uint8Array, mediaType?: string): Manifest {
  const parsed = parseManifest(bytes, mediaType);
  return parsed.kind === "manifest" ? parsed : refuse("it is an index of several images, not one image");
}

/** The bytes of a document: compact JSON, keys in the order that the object has them. Equal objects, equal bytes. */
export function encodeManifest(document: JsonObject): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(document));
}

/** A document's bytes together with the descriptor that names them. */
export interface EncodedManifest {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
}

/** Encodes a document and describes the result. */
export function describeManifest(document: JsonObject, mediaType: string): EncodedManifest {
  const bytes = encodeManifest(document);
  return { bytes, descriptor: { mediaType, digest: digestOf(bytes), size: bytes.byteLength } };
}

/**
 * The same document with some annotations set (a string) or removed (`undefined`). An annotation that is there keeps
 * its place, a new one comes last; every other byte of meaning is as it was.
 */
export function withAnnotations(
  manifest: Manifest | Index,
  changes: Readonly<Record<string, string | undefined>>,
): JsonObject {
  const annotations: Record<string, string> = { ...manifest.annotations };
  for (const [key, value] of Object.entries(changes)) {
    if (value === undefined) delete annotations[key];
    else annotations[key] = value;
  }
  return { ...manifest.document, annotations };
}

/** Everything that must be stored before this document may be: config and layers, or manifests. Not the subject. */
export function childrenOf(manifest: Manifest | Index): readonly Descriptor[] {
  return manifest.kind === "index" ? manifest.manifests : [manifest.config, ...manifest.layers];
}

/** Looks at the keys of all that is read of a document, whose form is not known yet. */
function checkSpelling(document: JsonObject): void {
  DOCUMENT.check(document, "it");
  for (const field of ["config", "subject", "layers", "manifests"]) {
    const value = document[field];
    const descriptors: readonly unknown[] = Array.isArray(value) ? value : [value];
    for (const [at, descriptor] of descriptors.entries()) {
      if (!isObject(descriptor)) continue;
      const where = Array.isArray(value) ? `${field}[${at}]` : field;
      DESCRIPTOR.check(descriptor, where);
      if (isObject(descriptor["platform"])) PLATFORM.check(descriptor["platform"], `${where}.platform`);
    }
  }
}

function readManifest(document: JsonObject, mediaType: string): Manifest {
  return {
    kind: "manifest",
    mediaType,
    artifactType: optionalString(document, "artifactType"),
    config: readDescriptor(document["config"], "config"),
    layers: readDescriptors(document["layers"], "layers"),
    subject: optionalDescriptor(document, "subject"),
    annotations: readAnnotations(document, "annotations"),
    document,
  };
}

function readIndex(document: JsonObject, mediaType: string): Index {
  return {
    kind: "index",
    mediaType,
    artifactType: optionalString(document, "artifactType"),
    manifests: readDescriptors(document["manifests"], "manifests"),
    subject: optionalDescriptor(document, "subject"),
    annotations: readAnnotations(document, "annotations"),
    document,
  };
}

/** Reads one descriptor; throws `MANIFEST_INVALID` naming `where` it stands. OCI image-spec "descriptor.md". */
export function readDescriptor(value: unknown, where: string): Descriptor {
  const object = asObject(value, where);
  const { mediaType, digest, size } = object;
  if (typeof mediaType !== "string" || mediaType === "") return refuse(`${where}.mediaType is missing`);
  if (typeof digest !== "string" || !isDigest(digest)) return refuse(`${where}.digest is not a digest`);
  if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 0) return refuse(`${where}.size is not a size`);
  const artifactType = optionalString(object, "artifactType", where);
  return {
    mediaType,
    digest,
    size,
    ...("annotations" in object ? { annotations: readAnnotations(object, `${where}.annotations`) } : {}),
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(object["platform"] === undefined ? {} : { platform: readPlatform(object["platform"], `${where}.platform`) }),
  };
}

function readDescriptors(value: unknown, where: string): readonly Descriptor[] {
  if (!Array.isArray(value)) return refuse(`${where} is not an array`);
  return value.map((item: unknown, at) => readDescriptor(item, `${where}[${at}]`));
}

function optionalDescriptor(document: JsonObject, key: string): Descriptor | undefined {
  return document[key] === undefined || document[key] === null ? undefined : readDescriptor(document[key], key);
}

function readPlatform(value: unknown, where: string): Platform {
  const object = asObject(value, where);
  const { architecture, os } = object;
  if (typeof architecture !== "string" || typeof os !== "string") return refuse(`${where} lacks architecture or os`);
  const variant = optionalString(object, "variant", where);
  return { architecture, os, ...(variant === undefined ? {} : { variant }) };
}

function readAnnotations(object: JsonObject, where: string): Annotations {
  const value = object["annotations"];
  if (value === undefined || value === null) return {};
  const annotations = asObject(value, where);
  for (const [key, text] of Object.entries(annotations)) {
    if (typeof text !== "string") return refuse(`${where}[${quote(key)}] is not a string`);
  }
  return annotations as Annotations;
}

function optionalString(object: JsonObject, key: string, where?: string): string | undefined {
  const value = object[key];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "string") return refuse(`${where === undefined ? "" : `${where}.`}${key} is not a string`);
  return value === "" ? undefined : value;
}

function asObject(value: unknown, where: string): JsonObject {
  return isObject(value) ? value : refuse(`${where} is not an object`);
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function refuse(why: string): never {
  throw new SkillError("MANIFEST_INVALID", `not a valid manifest: ${why}`);
}
