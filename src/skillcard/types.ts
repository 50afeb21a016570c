/**
 * The SkillCard as programs see it. Keys are camelCase here and kebab-case in YAML (`displayName`, `display-name`);
 * a field that the file leaves out is an absent key, never `undefined` or a default.
 */

/** The only `apiVersion` that this library reads and writes. */
export const SKILLCARD_API_VERSION = "skillimage.io/v1alpha1";
/** The only `kind` of a card. */
export const SKILLCARD_KIND = "SkillCard";
/** The file that an agent reads first when `spec.prompt` is absent. */
export const DEFAULT_PROMPT = "SKILL.md";

/** A skill's card. `schemas/skillcard-v1.json` has the rule of every field. */
export interface SkillCard {
  readonly apiVersion: typeof SKILLCARD_API_VERSION;
  readonly kind: typeof SKILLCARD_KIND;
  readonly metadata: SkillCardMetadata;
  readonly provenance?: SkillCardProvenance;
  readonly spec?: SkillCardSpec;
}

export interface SkillCardMetadata {
  readonly name: string;
  /** Name segments joined by `/`; the repository is `namespace/name`. */
  readonly namespace: string;
  /** Semantic Versioning 2.0.0, without a leading `v`. */
  readonly version: string;
  readonly description: string;
  readonly displayName?: string;
  /** An SPDX expression, or free text (which validation warns about). */
  readonly license?: string;
  readonly compatibility?: string;
  readonly tags?: readonly string[];
  readonly authors?: readonly SkillCardAuthor[];
  /** Tool names separated by spaces. */
  readonly allowedTools?: string;
}

export interface SkillCardAuthor {
  readonly name: string;
  readonly email?: string;
}

export interface SkillCardProvenance {
  readonly source?: string;
  readonly commit?: string;
  readonly path?: string;
}

export interface SkillCardSpec {
  /** Path inside the skill, with forward slashes. {@link DEFAULT_PROMPT} when absent. */
  readonly prompt?: string;
  readonly examples?: readonly SkillCardExample[];
  readonly dependencies?: readonly SkillCardDependency[];
}

export interface SkillCardExample {
  readonly input?: string;
  readonly output?: string;
}

export interface SkillCardDependency {
  /** `namespace/name`. */
  readonly name: string;
  /** A semantic version range. */
  readonly version: string;
}

/** One thing that is wrong with a card, and where. Every text in it but `file` is safe to show on a terminal. */
export interface SkillCardIssue {
  /** A card with only warnings is valid. */
  readonly severity: "error" | "warning";
  /** The field, such as `metadata.authors[0].name`; empty for the document as a whole. */
  readonly path: string;
  readonly message: string;
  /** What to do about it. */
  readonly hint?: string;
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1, in Unicode code points. A byte order mark does not count. */
  readonly column: number;
  /** In code points, at least 1, never past the end of the line. */
  readonly length: number;
}

/** What validation found. `card` is there exactly when no issue is an error. */
export interface SkillCardResult {
  readonly card?: SkillCard;
  /** In the order of their position in the file. Of more than 100, the last one says how many are not listed. */
  readonly issues: readonly SkillCardIssue[];
}
