/**
 * Places that hold images, behind one set of small interfaces: a directory, memory, or elsewhere a registry.
 */
export type { Content } from "../content/index.ts";
export { copy } from "./copy.ts";
export type { CopyOptions, CopyProgress } from "./copy.ts";
export type { FsckOptions, IssueKind, StoreIssue } from "./layout/fsck.ts";
export type { FileStatus, FileSystem, OpenFile } from "./layout/file-system.ts";
export type { Liveness, ProcessTable } from "./layout/processes.ts";
export { LayoutStore } from "./layout/store.ts";
export type { LayoutOptions } from "./layout/store.ts";
export { MemoryStore } from "./memory.ts";
export { readDocument, readManifest } from "./read.ts";
export type {
  EntryLister,
  GarbageCollector,
  GarbageReport,
  GcOptions,
  OperationOptions,
  Reader,
  ReferrersLister,
  Repository,
  Resolver,
  Store,
  StoreEntry,
  TagChange,
  Tagger,
  Writer,
} from "./types.ts";
export { verified } from "./verify.ts";
