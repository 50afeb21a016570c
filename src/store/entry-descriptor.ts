/** What the descriptor of an entry says: about the manifest, and for the index only. */
import {
  Annotation,
  EntryAnnotation,
  isDigest,
  type Annotations,
  type Descriptor,
  type Digest,
  type Index,
  type Manifest,
} from "../oci/index.ts";

/** The descriptor without what only the index needs. */
export function plainDescriptor(entry: Descriptor): Descriptor {
  return descriptorOf(entry, entry.annotations === undefined ? undefined : listAnnotations(entry.annotations));
}

/** The descriptor with these annotations. The order of its fields is the one in which image-spec's Go types have them. */
export function descriptorOf(descriptor: Descriptor, annotations: Annotations | undefined): Descriptor {
  const { mediaType, digest, size, artifactType, platform } = descriptor;
  const plain = annotations === undefined ? { mediaType, digest, size } : { mediaType, digest, size, annotations };
  if (artifactType === undefined && platform === undefined) return plain;
  return {
    ...plain,
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(platform === undefined ? {} : { platform }),
  };
}

function listAnnotations(annotations: Annotations): Annotations | undefined {
  const rest: Record<string, string> = {};
  let isEmpty = true;
  for (const key of Object.keys(annotations)) {
    if (key === Annotation.refName || key === EntryAnnotation.subject) continue;
    rest[key] = annotations[key] ?? "";
    isEmpty = false;
  }
  return isEmpty ? undefined : rest;
}

/** An entry with a subject is there because its manifest refers to it, and goes when the subject does. */
export function subjectOf(entry: Descriptor): Digest | undefined {
  const subject = entry.annotations?.[EntryAnnotation.subject];
  return subject !== undefined && isDigest(subject) ? subject : undefined;
}

/** A referrer as it is listed (OCI distribution-spec, "Listing Referrers"): with what its manifest says of itself. */
export function referrerDescriptor(descriptor: Descriptor, manifest: Manifest | Index): Descriptor {
  const { annotations } = manifest;
  const artifactType = manifest.artifactType ?? (manifest.kind === "manifest" ? manifest.config.mediaType : undefined);
  return { ...descriptor, annotations, ...(artifactType === undefined ? {} : { artifactType }) };
}
