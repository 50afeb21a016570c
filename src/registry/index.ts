/**
 * A registry: OCI Distribution 1.1 over a storage, with access, rules for skills, events and maintenance. It is a handler of
 * requests for whatever server one has; `skillimage/server` is the one behind `skillctl serve`.
 */
export * from "./access/index.ts";
export * from "./admission/index.ts";
export { RegistryEvents } from "./events.ts";
export type {
  DeleteEvent,
  PromoteEvent,
  PushEvent,
  RegistryEvent,
  RegistryListener,
  TagEvent,
  UntagEvent,
} from "./events.ts";
export type {
  AccessControl,
  AccessRequest,
  Action,
  Admission,
  AdmissionContext,
  Audit,
  AuditEntry,
  DeleteChange,
  HeldManifest,
  Identity,
  ManifestChange,
  PutChange,
  Role,
  UntagChange,
} from "./hooks.ts";
export { createRegistry, DEFAULT_LIMITS } from "./http/index.ts";
export type { ExchangeReport, Registry, RegistryLimits, RegistryOptions, RegistryProblem } from "./http/index.ts";
export { RegistryRefusal, type OciCode, type RefusalOptions } from "./refusal.ts";
export { createFsStorage, type FsStorageOptions } from "./storage/fs/index.ts";
export { adaptiveFileSystem } from "../store/layout/adaptive-file-system.ts";
export { nodeFileSystem, type FileSystem } from "../store/layout/file-system.ts";
export { createMemoryStorage, type MemoryStorageOptions } from "./storage/memory/index.ts";
export { createS3Storage, type S3Credentials, type S3StorageOptions } from "./storage/s3/index.ts";
export type { PostgresOptions } from "./storage/postgres/database.ts";
export type { Quota, QuotaOptions, Usage } from "./storage/quota.ts";
export type {
  BlobStorage,
  ByteRange,
  IncomingManifest,
  MetadataStorage,
  PageOptions,
  RegistryMark,
  RegistryMarks,
  RegistryStorage,
  RepositoryMetadata,
  StoredBlob,
  StoredManifest,
  TagMove,
  Upload,
  UploadStorage,
} from "./storage/types.ts";
export * from "./maintenance/index.ts";
