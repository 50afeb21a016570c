/**
 * Where skills come from: a git repository, and the pipeline that works on it. The only part that runs git, and it never runs
 * what a repository brings along.
 */
export { baseFor, commitOf, isShallow } from "./base.ts";
export { filesAt, filesChanged, submodulesIn } from "./changes.ts";
export type { FileChange } from "./changes.ts";
export { openGit } from "./git.ts";
export type { Git, GitOptions } from "./git.ts";
export { readPipeline } from "./pipeline.ts";
export type { Pipeline } from "./pipeline.ts";
export { isCommitted, lastChange, originAddress, publicAddress } from "./provenance.ts";
export type { LastChange } from "./provenance.ts";
