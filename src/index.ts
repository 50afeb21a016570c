/**
 * skillimage: AI agent skills as OCI images. This is the curated face of the library, the verbs and what they need;
 * the subpaths (`skillimage/oci`, `/skillcard`, `/lifecycle`, `/archive`, `/store`, `/skill`) hold the rest.
 */
export type { ArchiveLimits } from "./archive/index.ts";
export type { Content } from "./content/index.ts";
export { ERROR_CODES, isSkillError, SkillError } from "./errors.ts";
export type { SkillErrorCode, SkillErrorOptions } from "./errors.ts";
export { LIFECYCLE_STATES, parseLifecycleState } from "./lifecycle/index.ts";
export type { LifecycleState } from "./lifecycle/index.ts";
export { formatReference, parseReference } from "./oci/index.ts";
export type { Descriptor, Digest, Reference } from "./oci/index.ts";
export * from "./skill/index.ts";
export { parseSkillCard, SkillCardError, validateSkillCard } from "./skillcard/index.ts";
export type { SkillCard, SkillCardIssue } from "./skillcard/index.ts";
export { copy, copyRepository, LayoutStore, MemoryStore } from "./store/index.ts";
export type { EntryLister, GarbageCollector, OperationOptions, Repository, Store, StoreIssue } from "./store/index.ts";
