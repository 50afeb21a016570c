/**
 * Garbage collection beside a running registry: removes what nothing refers to, and never what somebody is about to refer to.
 *
 * No lock is held. First everything is marked that manifests refer to; then what is not marked is removed if it has not been
 * touched for the grace period. Whoever pushes a manifest touches what it refers to before; so a manifest that was
 * stored after the marks were made has young blobs, and the driver never removes what became young.
 */
import { isSkillError, throwIfAborted } from "../../errors.ts";
import type { Digest } from "../../oci/index.ts";
import { inOrder } from "../../store/in-order.ts";
import type { OperationOptions } from "../../store/types.ts";
import { healRepository, recoverManifest } from "../storage/recover.ts";
import type { RegistryStorage, RepositoryMetadata } from "../storage/types.ts";

const HOUR = 3_600_000;

export interface CollectOptions extends OperationOptions {
  /** Only says what would be removed. Default: false. */
  readonly dryRun?: boolean;
  /**
   * What was touched within so many milliseconds stays: a push may be about to refer to it. It must be longer than any push
   * takes from its first blob to its manifest. Default: one hour.
   */
  readonly grace?: number;
  /** Uploads that got nothing for so many milliseconds are forgotten. Default: 24 hours, or the grace period if it is longer. */
  readonly uploadExpiry?: number;
  /** The clock, in milliseconds since 1970. Default: `Date.now`. */
  readonly now?: () => number;
}

export interface CollectReport {
  /** The blobs that were removed. */
  readonly removed: readonly Digest[];
  /** How many bytes they had. */
  readonly bytes: number;
  /** How many blobs stay that nothing refers to, because they are within the grace period. */
  readonly kept: number;
  /** How many blobs were taken from repositories whose manifests do not refer to them (other repositories may have them). */
  readonly unlinked: number;
  /** How many uploads were forgotten. */
  readonly uploads: number;
  /** How many pieces the storage deleted that nobody needed for the grace period; where it keeps such pieces. */
  readonly swept?: number;
}

interface UnusedLink {
  readonly repository: string;
  readonly digest: Digest;
}

/**
 * Removes blobs that no manifest of any repository refers to, takes blobs from repositories that do not use them, and
 * forgets uploads that were given up. Manifests stay until they are deleted, with a tag or without: archived skills have
 * none; so does what a tag names, though a disk has lost what was known of it. Throws what {@link RegistryStorage.settle}
 * throws. A manifest's record that cannot be read is written again from its bytes; throws `STORE_CORRUPT`, having removed
 * nothing, when those cannot be read either, or with `dryRun`.
 */
export async function gc(storage: RegistryStorage, options: CollectOptions = {}): Promise<CollectReport> {
  const { grace = HOUR, now = Date.now } = options;
  const { uploadExpiry = Math.max(24 * HOUR, grace) } = options;
  throwIfAborted(options.signal);
  // A manifest that comes late must find what it refers to.
  await storage.settle?.();
  const before = now() - grace;
  const { live, unused } = await mark(storage, before, options);
  const unlinked = await unlink(storage, unused, before, options);
  const swept = await sweep(storage, live, before, options);
  const uploads = await expire(storage, now() - uploadExpiry, options);
  if (storage.sweep === undefined || options.dryRun === true) return { ...swept, unlinked, uploads };
  return { ...swept, unlinked, uploads, swept: await storage.sweep(before, options) };
}

/** Everything that must stay, and the blobs that repositories have for nothing. */
async function mark(
  storage: RegistryStorage,
  before: number,
  options: CollectOptions,
): Promise<{ readonly live: ReadonlySet<Digest>; readonly unused: readonly UnusedLink[] }> {
  const live = new Set<Digest>();
  const unused: UnusedLink[] = [];
  const look = async (repository: RepositoryMetadata): Promise<void> => {
    const own = new Set<Digest>();
    const manifests = new Set<Digest>();
    for await (const { descriptor, references } of repository.manifests(options)) {
      manifests.add(descriptor.digest);
      for (const digest of references) own.add(digest);
    }
    for await (const digest of repository.tagged?.(options) ?? []) {
      if (manifests.has(digest)) continue;
      manifests.add(digest);
      // Nobody but a disk takes what is known of a manifest from under a tag. Its bytes say what it needs.
      const lost = await recoverManifest(storage, repository, digest, options);
      for (const each of lost?.references ?? []) own.add(each);
    }
    for (const digest of manifests) live.add(digest);
    for (const digest of own) live.add(digest);
    for await (const { digest, linked } of repository.blobs(options)) {
      if (own.has(digest)) continue;
      if (linked <= before) unused.push({ repository: repository.name, digest });
      // Somebody was just told that this repository has it.
      else live.add(digest);
    }
  };
  for await (const name of storage.metadata.repositories(options)) {
    const repository = storage.metadata.repository(name);
    try {
      await look(repository);
    } catch (error) {
      if (!isSkillError(error, "STORE_CORRUPT") || !(await heal(storage, repository, options))) throw error;
      await look(repository);
    }
  }
  return { live, unused };
}

/** A process that does not own the registry cannot. */
async function heal(
  storage: RegistryStorage,
  repository: RepositoryMetadata,
  { dryRun = false, ...options }: CollectOptions,
): Promise<boolean> {
  if (dryRun) return false;
  try {
    return await repository.exclusively(async (held) => healRepository(storage, held, options), options);
  } catch (error) {
    if (isSkillError(error, "STORE_LOCKED")) return false;
    throw error;
  }
}

async function unlink(
  { metadata }: RegistryStorage,
  unused: readonly UnusedLink[],
  before: number,
  { dryRun = false, signal }: CollectOptions,
): Promise<number> {
  if (dryRun) return unused.length;
  let count = 0;
  const remove = async ({ repository, digest }: UnusedLink): Promise<boolean> =>
    metadata.repository(repository).unlinkBlob(digest, { before });
  for await (const isRemoved of inOrder(unused, 8, remove)) {
    throwIfAborted(signal);
    if (isRemoved) count += 1;
  }
  return count;
}

async function sweep(
  { blobs }: RegistryStorage,
  live: ReadonlySet<Digest>,
  before: number,
  options: CollectOptions,
): Promise<Pick<CollectReport, "removed" | "bytes" | "kept">> {
  const removed: Digest[] = [];
  let bytes = 0;
  let kept = 0;
  for await (const { digest, size, touched } of blobs.list(options)) {
    if (live.has(digest)) continue;
    if (touched <= before && (options.dryRun === true || (await blobs.remove(digest, before)))) {
      removed.push(digest);
      bytes += size;
    } else {
      kept += 1;
    }
  }
  return { removed, bytes, kept };
}

async function expire(
  { blobs: { uploads } }: RegistryStorage,
  before: number,
  options: CollectOptions,
): Promise<number> {
  let count = 0;
  for await (const { id, touched } of uploads.list(options)) {
    if (touched <= before && (options.dryRun === true || (await uploads.cancel(id, { before })))) count += 1;
  }
  return count;
}
