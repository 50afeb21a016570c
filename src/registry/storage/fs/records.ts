/** What the small files of a repository say. */
import { SkillError } from "../../../errors.ts";
import { isDigest, readDescriptor, type Descriptor, type Digest } from "../../../oci/index.ts";
import type { IncomingManifest, StoredManifest } from "../types.ts";

/** A manifest as its file has it. */
export type ManifestRecord = StoredManifest & { readonly references: readonly Digest[] };

/** The most that such a file may have: annotations and references come from a manifest of at most 4 MiB. */
export const MAX_RECORD = 16 * 1024 * 1024;
export const MAX_TAG = 256;
/** Bytes of memory, about: a record without what can be long, a digest in it, and an annotation without what it says. */
const ITSELF = 512;
const REFERENCE = 96;
const ANNOTATION = 96;

export function encodeRecord({ descriptor, subject, references }: IncomingManifest, stored: number): string {
  const { mediaType, digest, size, artifactType, annotations } = descriptor;
  const shown = { mediaType, digest, size, artifactType, annotations };
  return `${JSON.stringify({ descriptor: shown, subject, references, stored })}\n`;
}

/** Reads what {@link encodeRecord} wrote. Throws `STORE_CORRUPT` when the file at `path` is something else. */
export function decodeRecord(path: string, digest: Digest, bytes: Uint8Array): ManifestRecord {
  try {
    const value = JSON.parse(new TextDecoder().decode(bytes)) as Readonly<Record<string, unknown>>;
    const { subject, references, stored } = value;
    const descriptor = readDescriptor(value["descriptor"], "descriptor");
    const isRecord = descriptor.digest === digest && typeof stored === "number" && isDigestList(references);
    if (isRecord && subject === undefined) return { descriptor, references, stored };
    if (isRecord && typeof subject === "string" && isDigest(subject)) {
      return { descriptor, subject, references, stored };
    }
  } catch (cause) {
    throw damaged(path, cause);
  }
  throw damaged(path);
}

export function encodeTag(digest: Digest): string {
  return `${digest}\n`;
}

/** Reads what {@link encodeTag} wrote. Throws `STORE_CORRUPT`. */
export function decodeTag(path: string, bytes: Uint8Array): Digest {
  const text = new TextDecoder().decode(bytes);
  const digest = text.slice(0, -1);
  if (text.endsWith("\n") && isDigest(digest)) return digest;
  throw damaged(path);
}

/** Whether a manifest that comes in says something else than is known of it. */
export function differs(record: ManifestRecord, incoming: IncomingManifest): boolean {
  return encodeRecord(record, 0) !== encodeRecord(incoming, 0);
}

/** Keeps of a descriptor what a record keeps. */
export function recordOf(incoming: IncomingManifest, stored: number): ManifestRecord {
  const { mediaType, digest, size, artifactType, annotations } = incoming.descriptor;
  const descriptor: Descriptor = {
    mediaType,
    digest,
    size,
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(annotations === undefined ? {} : { annotations }),
  };
  const { subject, references } = incoming;
  return { descriptor, ...(subject === undefined ? {} : { subject }), references, stored };
}

/** How much memory a record takes: 1 for each KiB or part of one. Of a referrer, it has all that 4 MiB of annotations say. */
export function weightOf({ descriptor: { annotations = {} }, references }: ManifestRecord): number {
  const said = Object.entries(annotations).reduce(
    (sum, [key, value]) => sum + ANNOTATION + key.length + value.length,
    0,
  );
  return Math.ceil((ITSELF + said + references.length * REFERENCE) / 1024);
}

function isDigestList(value: unknown): value is readonly Digest[] {
  return Array.isArray(value) && value.every((each) => typeof each === "string" && isDigest(each));
}

function damaged(path: string, cause?: unknown): SkillError {
  return new SkillError("STORE_CORRUPT", `${path} is damaged`, {
    hint: "skillctl fsck shows all that is. Restore it from a backup, or push the image again.",
    cause,
  });
}
