/**
 * Where a registry keeps what it was given.
 *
 * Two halves, because they want different homes when a registry grows: {@link BlobStorage} holds bytes under their digests,
 * once however many repositories have them (a directory, an S3 bucket), and {@link MetadataStorage} holds what repositories
 * say about them: manifests, tags, referrers, which blobs a repository has (a directory, PostgreSQL). All rules of the
 * protocol and of skills are above; a driver stores, durably, and decides only what must be decided in one step: whether
 * a tag still is what somebody expected.
 *
 * Everything that resolves without an error is on the disk: it survives `kill -9` and a power cut.
 */
import type { Content } from "../../content/index.ts";
import type { SkillError } from "../../errors.ts";
import type { Descriptor, Digest } from "../../oci/index.ts";
import type { OperationOptions } from "../../store/types.ts";
import type { QuotaOptions, Usage } from "./quota.ts";

/** A piece of content, and when it was last asked for, stored or referred to, in milliseconds since 1970. */
export interface StoredBlob {
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
  readonly touched: number;
}

/** A part of a blob: from `start` (0-based) to `end` (inclusive), as in an HTTP range. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** How a blob is read. */
export interface ReadOptions extends OperationOptions {
  /** Default: all of it. */
  readonly range?: ByteRange;
  /** Looks at the content, whatever is remembered of it. Default: false. */
  readonly fresh?: boolean;
  /** Each chunk is good only until the next is asked for: a driver may use its memory again. Default: false. */
  readonly transient?: boolean;
}

/** Bytes under their digests, sha256 and sha512. */
export interface BlobStorage {
  /** `undefined` when it is not there. Does not touch it, and does not read it. */
  stat(digest: Digest, options?: OperationOptions): Promise<StoredBlob | undefined>;
  /**
   * Its bytes, or a part of them. Throws `NOT_FOUND`. A whole blob is verified as it flows: `DIGEST_MISMATCH` before its end. A
   * driver may remember for some minutes that it was.
   */
  read(digest: Digest, options?: ReadOptions): Content;
  /**
   * Makes it young for the garbage collector; resolves to whether it is there. From here on, it stays for the
   * collector's grace period, whoever collects at this moment.
   */
  touch(digest: Digest, options?: OperationOptions): Promise<boolean>;
  /** Stores bytes that are in memory (manifests, small blobs); what is there already is touched, or replaced if it is damaged. */
  put(digest: Digest, bytes: Uint8Array, options?: OperationOptions): Promise<void>;
  /** Uploads that outlast a request, and the process. */
  readonly uploads: UploadStorage;
  /** All blobs, in no order. */
  list(options?: OperationOptions): AsyncIterable<StoredBlob>;
  /** Removes a blob unless it was touched after `before`; resolves to whether it was removed. Never loses a race against {@link touch}. */
  remove(digest: Digest, before: number, options?: OperationOptions): Promise<boolean>;
  /**
   * Takes a damaged blob out of the way, for somebody to look at: from then on it is absent, and the next push of it
   * heals. One that is sound after all stays. Resolves to whether it was damaged.
   */
  setAside(digest: Digest, options?: OperationOptions): Promise<boolean>;
}

/** An upload session. Its id cannot be guessed. */
export interface Upload {
  readonly id: string;
  /** The full name of the repository that it was begun in, the only one that it can be finished in. */
  readonly repository: string;
  /** Bytes that are stored so far. */
  readonly offset: number;
  /** Milliseconds since 1970. */
  readonly started: number;
  /** When bytes came last, in milliseconds since 1970. */
  readonly touched: number;
}

/**
 * An upload survives the process that took it. It is not content yet, so a power cut may take it: then the client is told
 * that there is none of this id, or that its digest is wrong, and begins again.
 */
export interface UploadStorage {
  begin(repository: string, options?: OperationOptions): Promise<Upload>;
  /** `undefined` when there is none of this id, or no more. */
  find(id: string, options?: OperationOptions): Promise<Upload | undefined>;
  /**
   * Appends at `offset`, which must be where the upload ends; throws `CONFLICT` otherwise and while another append runs,
   * `NOT_FOUND` when there is no such upload.
   * When `content` throws, what had arrived stays (an interrupted upload goes on from there) and the error is thrown.
   * Throws `ARCHIVE_LIMIT` when the upload would exceed `limit` bytes.
   */
  append(
    id: string,
    offset: number,
    content: Content,
    options?: OperationOptions & { readonly limit?: number },
  ): Promise<Upload>;
  /**
   * Ends the upload as the blob `digest`, replacing a damaged one. Throws `DIGEST_MISMATCH`, and the upload is gone;
   * `CONFLICT` while an append runs; `NOT_FOUND`.
   */
  finish(id: string, digest: Digest, options?: OperationOptions): Promise<StoredBlob>;
  /** Forgets it, unless it was touched after `before` (default: in any case); resolves to whether it was forgotten. */
  cancel(id: string, options?: OperationOptions & { readonly before?: number }): Promise<boolean>;
  /** All that are under way, in no order. */
  list(options?: OperationOptions): AsyncIterable<Upload>;
}

/** A manifest of a repository. */
export interface StoredManifest {
  /** `mediaType`, `digest`, `size`; `artifactType` and `annotations` as a referrers list shows them, for one that has a subject. */
  readonly descriptor: Descriptor;
  readonly subject?: Digest;
  /** Milliseconds since 1970. */
  readonly stored: number;
}

/** A manifest that comes in, with what was read from it. */
export interface IncomingManifest extends Omit<StoredManifest, "stored"> {
  /** What it refers to (config, layers, manifests of an index): the collector keeps them as long as the manifest. */
  readonly references: readonly Digest[];
  /** When it was stored, if it comes from a registry that knows. Default: now. Milliseconds since 1970. */
  readonly stored?: number;
}

/** One page of names in lexical (byte) order, starting after `last`. */
export interface PageOptions extends OperationOptions {
  readonly last?: string;
  /** At most so many. Default: all. */
  readonly limit?: number;
}

export interface TagMove {
  readonly tag: string;
  /** What it shall name; `undefined` removes it. */
  readonly to: Digest | undefined;
  /** What it must name now; `null`: nothing. Left out: whatever it is. Throws `CONFLICT` when it names something else. */
  readonly expect?: Digest | null;
}

/** How manifests are listed. */
export interface ManifestListOptions extends OperationOptions {
  /** Called for a manifest of which the driver cannot read what it knew; the others follow. Default: the list throws `STORE_CORRUPT`. */
  readonly onDamaged?: (digest: Digest, error: SkillError) => void;
  /** What the process remembers will do: a rule asks at every push. Default: what the storage has is read. */
  readonly remembered?: boolean;
  /** Leaves out the manifests for which it holds, and reads nothing of them. Default: none. */
  readonly unless?: (digest: Digest) => boolean;
}

/**
 * What one repository says. A repository exists as soon as it has something. Where a disk has damaged a tag or what is known of a
 * manifest, reading it throws `STORE_CORRUPT`; to whoever writes it names nothing, and is replaced.
 */
export interface RepositoryMetadata {
  /** `myorg/hello-world`, without a registry. */
  readonly name: string;
  /** Whether it has this blob (it was uploaded or mounted here). */
  hasBlob(digest: Digest, options?: OperationOptions): Promise<boolean>;
  /**
   * Gives it the blob, which the blob storage holds. One that it has counts as linked now. Throws `QUOTA_EXCEEDED`: in the same
   * step as it is given, so that racing pushes do not pass a bound together.
   */
  linkBlob(digest: Digest, options?: OperationOptions & QuotaOptions): Promise<void>;
  /**
   * {@link hasBlob} for somebody who is about to refer to it: from here on the repository keeps it for the collector's
   * grace period. The bytes are touched on their own.
   */
  touchBlob(digest: Digest, options?: OperationOptions): Promise<boolean>;
  /**
   * Takes it away, unless it was linked or touched after `before` (default: in any case); resolves to whether it did.
   * The bytes stay for whoever else has them.
   */
  unlinkBlob(digest: Digest, options?: OperationOptions & { readonly before?: number }): Promise<boolean>;
  manifest(digest: Digest, options?: OperationOptions): Promise<StoredManifest | undefined>;
  /**
   * Keeps a manifest, whose bytes the blob storage holds, together with the tag move if there is one: both or none. One
   * that is there already keeps the time when it was stored. Throws `QUOTA_EXCEEDED` as {@link linkBlob} does.
   */
  putManifest(manifest: IncomingManifest, move?: TagMove, options?: OperationOptions & QuotaOptions): Promise<void>;
  /** Removes a manifest and every tag that names it, and it from its subject's referrers. Resolves to the tags removed, `undefined` when it was not there. */
  deleteManifest(digest: Digest, options?: OperationOptions): Promise<readonly string[] | undefined>;
  tag(name: string, options?: OperationOptions): Promise<Digest | undefined>;
  /** Moves tags in one step, all or none. The manifests that they shall name must be there (`BLOB_MISSING`). */
  moveTags(moves: readonly TagMove[], options?: OperationOptions): Promise<void>;
  tags(options?: PageOptions): AsyncIterable<string>;
  /**
   * What tags name, once for each tag, for whoever must not take a manifest for deleted that a disk has lost. Left out where a tag cannot
   * outlive its manifest.
   */
  tagged?(options?: OperationOptions): AsyncIterable<Digest>;
  /** Manifests whose subject is `subject`, which need not be there itself, by digest. */
  referrers(subject: Digest, options?: OperationOptions): AsyncIterable<StoredManifest>;
  manifests(options?: ManifestListOptions): AsyncIterable<StoredManifest & { readonly references: readonly Digest[] }>;
  /** The blobs it has, with when they were linked. */
  blobs(options?: OperationOptions): AsyncIterable<{ readonly digest: Digest; readonly linked: number }>;
  /**
   * Calls `work` while no other writer of this repository's manifests and tags runs (in any process): what it reads is
   * still so when it writes. It must write with what it is handed, because every other writer waits for its end.
   */
  exclusively<T>(work: (held: RepositoryMetadata) => Promise<T>, options?: OperationOptions): Promise<T>;
}

export interface MetadataStorage {
  /** No I/O. `name` has been checked by the caller. */
  repository(name: string): RepositoryMetadata;
  /** Names of repositories that hold something. */
  repositories(options?: PageOptions): AsyncIterable<string>;
  /**
   * What the repositories of a namespace hold, blobs that no manifest refers to included; the empty one is all of them. It may be
   * too high for what another process took away, unless it is to be `fresh`.
   */
  usage(namespace: string, options?: OperationOptions & { readonly fresh?: boolean }): Promise<Usage>;
}

/**
 * What a registry as a whole may say of itself. `id`: which one it is. `backup`: the next backup replaces what it holds.
 * `backing-up`: it may have only a part of the registry that it is to be a backup of. `restoring`: it has only a part of the backup
 * that its text names.
 */
export type RegistryMark = "id" | "backup" | "backing-up" | "restoring";

export interface RegistryMarks {
  /** The text that was set with it; `undefined` when the registry does not carry it. */
  read(mark: RegistryMark): Promise<string | undefined>;
  /** Replaces the text of one that is set. `text` is one line. */
  set(mark: RegistryMark, text: string): Promise<void>;
  clear(mark: RegistryMark): Promise<void>;
}

/** Something that is wrong with a driver's own files. */
export interface StorageIssue {
  /** What and where, for a person. */
  readonly message: string;
  readonly path?: string;
}

/** Both halves, and how to let go of them. */
export interface RegistryStorage {
  readonly blobs: BlobStorage;
  readonly metadata: MetadataStorage;
  readonly marks: RegistryMarks;
  /** The absolute path of the directory that it keeps all of it in, if it does. */
  readonly directory?: string;
  /** Looks at everything that the driver wrote beside blobs. Changes nothing. Left out where nothing can be wrong. */
  inspect?(options?: OperationOptions): AsyncIterable<StorageIssue>;
  /**
   * Deletes what nobody needs since `before` or longer: bytes of removed blobs and uploads, and of writes whose process died;
   * resolves to how many pieces that were. Left out where removing deletes at once and an opening clears away the rest.
   */
  sweep?(before: number, options?: OperationOptions): Promise<number>;
  /** Sets right what the driver keeps of {@link MetadataStorage.usage}; resolves to the repositories that were counted wrong. Left out where nothing is kept. */
  recount?(options?: OperationOptions): Promise<readonly string[]>;
  /**
   * Tries whether everything is there that writing needs, without leaving anything. Throws `STORE_UNWRITABLE`, `REGISTRY_UNREACHABLE`.
   * Left out where nothing can be missing.
   */
  check?(options?: OperationOptions): Promise<void>;
  /**
   * Makes the changes that a failing disk has kept, of which whoever reads the storage sees nothing. Throws `STORE_UNWRITABLE` while it
   * fails, `STORE_LOCKED` where another process has to make them. Left out where nothing is ever kept.
   */
  settle?(): Promise<void>;
  /** Waits for writes under way. Nothing may be called after it. */
  close(): Promise<void>;
}
