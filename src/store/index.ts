/**
 * Places that hold images, behind one set of small interfaces: a directory, memory, or elsewhere a registry.
 */
export type { Content } from "../content/index.ts";
export { copy } from "./copy.ts";
export type { CopyOptions } from "./copy.ts";
export { copyRepository } from "./copy-repository.ts";
export type { CopyRepositoryOptions, TagCopy } from "./copy-repository.ts";
export type { CopyProgress } from "./graph-copy.ts";
export type { FsckOptions } from "./layout/fsck.ts";
export type { IssueKind, StoreIssue } from "./layout/issue.ts";
export type { FileStatus, FileSystem, OpenFile } from "./layout/file-system.ts";
export type { Liveness, ProcessTable } from "./layout/processes.ts";
export { LayoutStore } from "./layout/store.ts";
export type { LayoutOptions } from "./layout/store.ts";
export { MemoryStore } from "./memory.ts";
export { readDocument, readManifest } from "./read.ts";
export type {
  EntriesOptions,
  EntryLister,
  GarbageCollector,
  GarbageReport,
  GcOptions,
  OperationOptions,
  PushOptions,
  Reader,
  ReferrersLister,
  Repository,
  ResolveOptions,
  Resolver,
  Store,
  StoreEntry,
  RetagOptions,
  TagChange,
  TagsOptions,
  Tagger,
  Writer,
} from "./types.ts";
export { verified } from "./verify.ts";
