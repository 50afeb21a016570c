/** Looking after a registry's storage, beside a running server or without one. */
export { backup } from "./backup.ts";
export type { BackupOptions } from "./backup.ts";
export { fsck } from "./fsck.ts";
export type { RegistryIssue, RegistryIssueKind } from "./fsck.ts";
export { gc } from "./gc.ts";
export type { CollectOptions, CollectReport } from "./gc.ts";
export type { MirrorOptions, MirrorReport, MissingImage } from "./mirror.ts";
export { restore } from "./restore.ts";
export type { RestoreOptions } from "./restore.ts";
export { scrub } from "./scrub.ts";
export type { DamagedBlob, ScrubOptions, ScrubReport } from "./scrub.ts";
export type { BlobUse } from "./uses.ts";
