/**
 * What an image says of the skill inside it.
 *
 * A catalog, a CI pipeline or `skopeo` reads a skill without downloading it: everything that describes it stands in
 * manifest annotations, and all but the lifecycle state again in config labels, which some tools show instead.
 */
import { Annotation, type Annotations } from "../oci/index.ts";
import { isLifecycleState, type LifecycleState } from "../lifecycle/index.ts";
import type { SkillCard, SkillCardProvenance } from "../skillcard/index.ts";

/** The description of a skill as its image carries it. An absent field was absent in the SkillCard. */
export interface SkillMetadata {
  readonly name: string;
  readonly namespace?: string;
  readonly version?: string;
  /** `display-name`, else the name. */
  readonly title?: string;
  /** At most 256 bytes of the SkillCard's description. */
  readonly description?: string;
  /** `Name <email>, Name`. */
  readonly authors?: string;
  readonly license?: string;
  readonly compatibility?: string;
  readonly tags: readonly string[];
  /** Words of SKILL.md without frontmatter. */
  readonly wordcount?: number;
  /** RFC 3339. */
  readonly created?: string;
  readonly source?: string;
  readonly revision?: string;
}

/** Facts that a SkillCard does not hold. */
export interface PackingFacts {
  /** RFC 3339. */
  readonly created: string;
  readonly wordcount: number | undefined;
  /** Where the files come from, for a card that does not say. */
  readonly provenance?: SkillCardProvenance;
}

const MAX_DESCRIPTION_BYTES = 256;

/** The annotations that do not change in the life of a version; they are also the config's labels. */
export function staticAnnotations(card: SkillCard, facts: PackingFacts): Annotations {
  const { metadata } = card;
  const provenance = card.provenance ?? facts.provenance;
  return present({
    [Annotation.title]: metadata.displayName ?? metadata.name,
    [Annotation.description]: firstBytes(metadata.description, MAX_DESCRIPTION_BYTES),
    [Annotation.version]: metadata.version,
    [Annotation.authors]: metadata.authors?.map(formatAuthor).join(", "),
    [Annotation.licenses]: metadata.license,
    [Annotation.vendor]: metadata.namespace,
    [Annotation.created]: facts.created,
    [Annotation.source]: provenance?.source,
    [Annotation.revision]: provenance?.commit,
    // The path in a card is in the image, with the card.
    [Annotation.path]: card.provenance === undefined ? provenance?.path : undefined,
    [Annotation.name]: metadata.name,
    [Annotation.tags]: metadata.tags && metadata.tags.length > 0 ? JSON.stringify(metadata.tags) : undefined,
    [Annotation.compatibility]: metadata.compatibility,
    [Annotation.wordcount]: facts.wordcount?.toString(),
  });
}

/** Reads what {@link staticAnnotations} wrote, here or elsewhere; `fallbackName` serves images without a name. */
export function readMetadata(annotations: Annotations, fallbackName: string): SkillMetadata {
  const words = Number(annotations[Annotation.wordcount]);
  return {
    name: annotations[Annotation.name] ?? fallbackName,
    ...present({
      namespace: annotations[Annotation.vendor],
      version: annotations[Annotation.version],
      title: annotations[Annotation.title],
      description: annotations[Annotation.description],
      authors: annotations[Annotation.authors],
      license: annotations[Annotation.licenses],
      compatibility: annotations[Annotation.compatibility],
    }),
    tags: readTags(annotations[Annotation.tags]),
    ...(Number.isSafeInteger(words) ? { wordcount: words } : {}),
    ...present({
      created: annotations[Annotation.created],
      source: annotations[Annotation.source],
      revision: annotations[Annotation.revision],
    }),
  };
}

/** The lifecycle state that annotations tell; `undefined` when they tell none that we know. */
export function readStatus(annotations: Annotations): LifecycleState | undefined {
  const status = annotations[Annotation.status];
  return status !== undefined && isLifecycleState(status) ? status : undefined;
}

function readTags(text: string | undefined): readonly string[] {
  if (text === undefined) return [];
  try {
    const tags: unknown = JSON.parse(text);
    return Array.isArray(tags) ? tags.filter((tag): tag is string => typeof tag === "string") : [];
  } catch {
    // Another tool's idea of tags is no reason to refuse its image.
    return [];
  }
}

function formatAuthor(author: { readonly name: string; readonly email?: string }): string {
  return author.email === undefined ? author.name : `${author.name} <${author.email}>`;
}

/** The longest prefix of whole characters that fits into `limit` bytes of UTF-8. */
function firstBytes(text: string, limit: number): string {
  const bytes = new TextEncoder().encode(text);
  if (bytes.byteLength <= limit) return text;
  let end = limit;
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return new TextDecoder().decode(bytes.subarray(0, end));
}

/** The same record without the keys whose value is `undefined` or empty. */
function present<K extends string>(
  record: Readonly<Record<K, string | undefined>>,
): Partial<Record<K, string>> & Annotations {
  const entries = Object.entries<string | undefined>(record).filter(([, value]) => value !== undefined && value !== "");
  return Object.fromEntries(entries) as Partial<Record<K, string>> & Annotations;
}
