/**
 * The few facts of an image that a store keeps beside its tag.
 *
 * Listing ten thousand skills must not read ten thousand manifests. So whoever tags an image gives the store the facts
 * that a listing shows; they echo the manifest, which stays the truth, and an entry without them is read instead.
 */
import { Annotation, EntryAnnotation, type Annotations, type Descriptor } from "../oci/index.ts";
import { readDeprecation, type Deprecation } from "./deprecation.ts";
import { contentOf, type SkillImage } from "./image.ts";

const LISTED = [
  Annotation.status,
  Annotation.version,
  Annotation.created,
  Annotation.deprecationReason,
  Annotation.deprecationReplacedBy,
] as const;

/** What a listing shows of an image. */
export interface EntryFacts {
  readonly status?: string;
  readonly version?: string;
  /** RFC 3339. */
  readonly created?: string;
  /** Bytes of config and layers. */
  readonly size?: number;
  /** Only of an image that was deprecated with a reason or a replacement. */
  readonly deprecation?: Deprecation;
}

/** A descriptor to tag with: it carries the facts that {@link readFacts} reads. */
export function entryDescriptor(descriptor: Descriptor, annotations: Annotations, contentSize: number): Descriptor {
  const { mediaType, digest, size } = descriptor;
  const listed = LISTED.flatMap((key) => (annotations[key] === undefined ? [] : [[key, annotations[key]] as const]));
  return {
    mediaType,
    digest,
    size,
    annotations: { ...Object.fromEntries(listed), [EntryAnnotation.size]: String(contentSize) },
  };
}

/** {@link entryDescriptor} of an image that has been read. */
export function entryOf(image: SkillImage): Descriptor {
  return entryDescriptor(image.descriptor, image.annotations, contentOf(image).size);
}

/** The facts on an entry; `undefined` when nobody put them there. */
export function readFacts(descriptor: Descriptor): EntryFacts | undefined {
  const annotations = descriptor.annotations ?? {};
  const size = Number(annotations[EntryAnnotation.size]);
  if (annotations[EntryAnnotation.size] === undefined || !Number.isSafeInteger(size)) return undefined;
  return factsOf(annotations, size);
}

/** The same facts, of an image that has been read. */
export function factsOf(annotations: Annotations, size: number): EntryFacts {
  const facts: { -readonly [K in keyof EntryFacts]: EntryFacts[K] } = {};
  const { [Annotation.status]: status, [Annotation.version]: version, [Annotation.created]: created } = annotations;
  if (status !== undefined) facts.status = status;
  if (version !== undefined) facts.version = version;
  if (created !== undefined) facts.created = created;
  facts.size = size;
  const deprecation = readDeprecation(annotations);
  if (deprecation !== undefined) facts.deprecation = deprecation;
  return facts;
}
