/**
 * What every place that holds images can do, in small capabilities.
 *
 * A layout directory, memory and a remote registry differ in where bytes lie, not in what push, pull, promote or
 * mirror mean; so verbs are written once against these interfaces. A {@link Repository} is one name's content and
 * tags (what OCI distribution-spec calls a repository); a {@link Store} is a family of repositories.
 */
import type { Content } from "../content/index.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";

export interface OperationOptions {
  /** Cancels the operation, which then rejects with `ABORTED` and leaves nothing half-done behind. */
  readonly signal?: AbortSignal;
}

export interface PushOptions extends OperationOptions {
  /**
   * The full name of a repository that holds the content, too. A registry that has both takes it from there, and no byte
   * is sent; otherwise it means nothing.
   */
  readonly mountFrom?: string;
}

export interface Reader {
  /**
   * Streams the content of `descriptor`, verified as it flows: the iteration throws `DIGEST_MISMATCH` or
   * `SIZE_MISMATCH` before its end if the bytes are not the ones described, `NOT_FOUND` if there are none. Each
   * iteration reads from the start.
   */
  fetch(descriptor: Descriptor, options?: OperationOptions): Content;
  /**
   * Tells whether content of this digest and size is held. Does not read it. A store that collects garbage keeps what
   * it said to hold for its grace period, so that there is time to push what refers to it.
   */
  exists(descriptor: Descriptor, options?: OperationOptions): Promise<boolean>;
}

export interface Writer {
  /**
   * Stores content under its digest, durably, before it resolves. Content that is there already is not stored
   * again. Throws `DIGEST_MISMATCH`/`SIZE_MISMATCH` when the bytes are not the ones described and `BLOB_MISSING` when
   * a manifest refers to content that is absent; in both cases nothing is stored. A store across a network goes on after
   * an interruption if the content can be read again (`isRereadable`).
   */
  push(descriptor: Descriptor, content: Content | Uint8Array, options?: PushOptions): Promise<void>;
  /**
   * Stores content whose digest is not known before it has flowed (a layer that is being packed) and returns its
   * descriptor: `mediaType` as given, sha256 digest, size in bytes. Nothing is stored when `content` throws.
   */
  ingest(mediaType: string, content: Content, options?: OperationOptions): Promise<Descriptor>;
  /**
   * Removes a manifest together with every tag of this repository that points at it. Its blobs stay until garbage
   * collection. Throws `NOT_FOUND`.
   */
  delete(descriptor: Descriptor, options?: OperationOptions): Promise<void>;
}

export interface TagsOptions extends OperationOptions {
  /** Throws `NOT_FOUND` where a registry says that it has no such repository, which has no tags otherwise. Default: false. */
  readonly mustExist?: boolean;
}

export interface ResolveOptions extends OperationOptions {
  /** Asks the registry itself, whatever its mirrors hold: for whoever is about to change what a tag names. Default: false. */
  readonly bypassMirrors?: boolean;
  /**
   * Asks in the name of somebody who is about to push. Some registries make a repository that is not there then, and tell those who
   * only want to pull nothing of it. Default: false.
   */
  readonly mayCreate?: boolean;
}

export interface Resolver {
  /**
   * The manifest that a tag or digest names in this repository. A digest is resolved when it is tagged or kept; whether
   * one that was only pushed is, is up to the store. Throws `NOT_FOUND`, and `REFERENCE_INVALID` for any other text.
   */
  resolve(tagOrDigest: string, options?: ResolveOptions): Promise<Descriptor>;
  /** The tags, in lexical order. */
  tags(options?: TagsOptions): AsyncIterable<string>;
  /**
   * Manifests that are kept without a tag, other than referrers, as archived images are. A registry cannot list them and
   * has no such method.
   */
  untagged?(options?: OperationOptions): AsyncIterable<Descriptor>;
}

/** One step of {@link Tagger.retag}. */
export interface TagChange {
  /**
   * A tag; or a digest, to keep a manifest reachable that has no tag (an archived skill). The digest of a manifest that
   * comes along as `content` and has a subject keeps it as a referrer.
   */
  readonly name: string;
  /** What it shall name from now on; `undefined` removes it. */
  readonly to: Descriptor | undefined;
  /** What it must name now for the change to happen; `null`: nothing. Left out: whatever it is. */
  readonly expect?: Digest | null;
  /** The bytes of `to`, which are pushed with the change: a registry then needs one request instead of two. */
  readonly content?: Uint8Array;
  /** The caller has looked a moment ago, and `expect` is what it saw: a registry that is set need not be asked once more. */
  readonly isSeen?: true;
}

export interface RetagOptions extends OperationOptions {
  /**
   * Where changes are made one by one: is waited for once what is to be set is set, before anything is removed. What must be
   * there when the last change has been made belongs here. A rejection ends the call. Not called where changes are made at once.
   */
  readonly between?: () => Promise<void>;
  /**
   * Where changes are made one by one: is called when all were made and it did not show whether an expected tag was removed by this
   * call or by somebody else's, as when the answer to the removal was lost.
   */
  readonly onUnsure?: () => void;
}

export interface Tagger {
  /** Set where {@link retag} makes all of its changes or none. Then what belongs together goes into one call. */
  readonly retagsAtomically?: true;
  /** Points `tag` at a stored manifest, moving it if it exists. Throws `BLOB_MISSING` when the manifest is absent. */
  tag(descriptor: Descriptor, tag: string, options?: OperationOptions): Promise<void>;
  /** Removes a tag, leaving the manifest. Throws `NOT_FOUND`. */
  untag(tag: string, options?: OperationOptions): Promise<void>;
  /**
   * Applies several tag changes, all or none where the backend can (memory and layout do). A registry has no such
   * request: it checks all that is expected, applies the changes in their order, those that set before those that remove,
   * and looks again whether what it set is still there. Throws `CONFLICT` when an `expect` does not hold,
   * `REGISTRY_UNSUPPORTED` when a registry cannot remove a tag; then the tags that were to be set are set, and the error's
   * `remaining` lists those that were to be removed and are still there.
   */
  retag(changes: readonly TagChange[], options?: RetagOptions): Promise<void>;
}

export interface ReferrersLister {
  /** Manifests whose `subject` is `descriptor`. OCI distribution-spec "Listing Referrers". */
  referrers(
    descriptor: Descriptor,
    options?: OperationOptions & { readonly artifactType?: string },
  ): AsyncIterable<Descriptor>;
}

/** The content and tags of one repository. */
export interface Repository extends Reader, Writer, Resolver, Tagger, ReferrersLister {
  /** The full name: `examples/hello-world`, or `quay.io/myorg/hello-world`. */
  readonly name: string;
}

/** A family of repositories: a layout directory, memory, or (elsewhere) a registry. */
export interface Store {
  /** The absolute path of the directory that it keeps its files in, if it does. */
  readonly directory?: string;
  repository(name: string): Repository;
  /** Names of the repositories that hold at least one manifest, in lexical order. */
  repositories(options?: OperationOptions): AsyncIterable<string>;
}

/** A tag (or a kept digest) and its manifest, as a listing needs them. */
export interface StoreEntry {
  /** The full repository name. */
  readonly repository: string;
  /** `undefined` for a manifest that is kept without a tag. */
  readonly tag: string | undefined;
  /**
   * Its `annotations`, when the store knows them without reading the manifest, are those given to `tag`; the entry's own
   * `org.opencontainers.image.ref.name` may stand among them.
   */
  readonly descriptor: Descriptor;
}

export interface EntriesOptions extends OperationOptions {
  /** The full name of the one repository whose entries are wanted. Default: all. */
  readonly repository?: string;
}

/** A store that can list everything it holds at once, faster than repository by repository. */
export interface EntryLister {
  /** By repository, then tag; reads no manifest. */
  entries(options?: EntriesOptions): Promise<readonly StoreEntry[]>;
}

export interface GcOptions extends OperationOptions {
  /** Only says what would be removed; takes no lock and writes nothing. Default: false. */
  readonly dryRun?: boolean;
  /**
   * Unreferenced content touched within so many milliseconds stays: a push may be about to refer to it. It must be
   * longer than any push takes from its first blob to its tag. Default: one hour.
   */
  readonly grace?: number;
  /**
   * With `dryRun`: references, as entries bear them, to take as removed already. What would come free without them?
   * Otherwise it means nothing: what an entry names is never removed. Default: none.
   */
  readonly without?: readonly string[];
  /**
   * For a referrer that tells of an earlier image, as a promotion record does, that image: what refers to it stays as long as the
   * referrer, though the image itself is gone.
   */
  readonly earlier?: (referrer: Descriptor) => Descriptor | undefined;
}

export interface GarbageReport {
  readonly removed: readonly Digest[];
  /** How many bytes the removed blobs and temporary files had. */
  readonly bytes: number;
  /** How many unreferenced blobs stay because they are within the grace period. */
  readonly kept: number;
  /** How many temporary files of dead processes were removed. */
  readonly temporaries: number;
}

/** A store whose content is garbage once nothing refers to it, and that collects it when told to. */
export interface GarbageCollector {
  /**
   * Removes content that nothing refers to. Throws `STORE_CORRUPT`, having removed nothing, when a manifest cannot be
   * read; `STORE_LOCKED`; `STORE_UNWRITABLE`.
   */
  gc(options?: GcOptions): Promise<GarbageReport>;
}
