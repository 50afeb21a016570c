/**
 * The verbs: what one does with a skill. Each takes the store that it works on, so the same verb serves a directory, memory
 * and a registry.
 */
export { cat } from "./cat.ts";
export { diff } from "./diff.ts";
export type { DiffSide, SkillDiff } from "./diff.ts";
export type { FieldChange } from "./diff-card.ts";
export type { ComparedFile, FileChange } from "./diff-files.ts";
export { validate } from "./directory.ts";
export type { ValidationReport } from "./directory.ts";
export { exportImages } from "./export.ts";
export type { Profile } from "./image.ts";
export { importImages } from "./import.ts";
export type { ImportedImage, ImportOptions } from "./import.ts";
export { initSkill } from "./init.ts";
export type { InitAnswers, InitResult } from "./init.ts";
export { inspect, raw } from "./inspect.ts";
export type { FileFacts, InspectOptions, LayerFacts, SkillInspection } from "./inspect.ts";
export type { LayerOptions } from "./layers.ts";
export { list } from "./list.ts";
export type { ListOptions, SkillSummary } from "./list.ts";
export type { SkillMetadata } from "./metadata.ts";
export { pack } from "./pack.ts";
export type { PackOptions, PackProgress, PackResult } from "./pack.ts";
export { packAll } from "./pack-all.ts";
export type { PackAllOptions, PackOutcome } from "./pack-all.ts";
export { promote } from "./promote.ts";
export type { PromoteResult } from "./promote.ts";
export { prune } from "./prune.ts";
export type { PruneOptions, PruneResult } from "./prune.ts";
export { remove } from "./remove.ts";
export type { RemoveResult } from "./remove.ts";
export { resolveReference } from "./resolve.ts";
export type { ResolvedImage } from "./resolve.ts";
export { tag } from "./tag.ts";
export type { TagOptions, TagResult } from "./tag.ts";
export { unpack } from "./unpack.ts";
export type { UnpackOptions, UnpackResult } from "./unpack.ts";
