/**
 * An OCI image layout directory as a store: what a user's skills lie in, readable by every tool that knows the format.
 *
 * It is shared: by processes that run at the same time, with tools that know nothing of us, on disks that fill up and
 * machines that lose power. The parts each carry one of these promises; this file puts them together.
 */
import { resolve } from "node:path";

import { throwIfAborted } from "../../errors.ts";
import { IndexedRepository } from "../repository.ts";
import type {
  EntriesOptions,
  EntryLister,
  GarbageCollector,
  GarbageReport,
  GcOptions,
  OperationOptions,
  Repository,
  Store,
  StoreEntry,
} from "../types.ts";
import { BlobDirectory } from "./blob-directory.ts";
import { Commits } from "./commits.ts";
import { Disk } from "./disk.ts";
import { unlessReadOnly } from "./failure.ts";
import { nodeFileSystem, type FileSystem } from "./file-system.ts";
import { checkStore, type FsckOptions } from "./fsck.ts";
import type { StoreIssue } from "./issue.ts";
import { collectGarbage, type LayoutParts } from "./gc.ts";
import { IndexFile } from "./index-file.ts";
import { StoreLock, type HeldLock } from "./lock.ts";
import { LayoutPaths } from "./paths.ts";
import { checkLayout, createLayout } from "./prepare.ts";
import { machineProcesses, type ProcessTable } from "./processes.ts";
import { rebuildIndex } from "./rebuild.ts";
import { sweepTemporaries } from "./temporaries.ts";

export interface LayoutOptions {
  /** How long to wait for a lock that somebody else holds, in milliseconds. Default: 30,000. */
  readonly lockTimeout?: number;
  /** The clock, in milliseconds since 1970. Default: `Date.now`. */
  readonly now?: () => number;
  /** What the store does to a disk. Default: the file system of the machine. */
  readonly fs?: FileSystem;
  /** Who is alive. Default: the processes of the machine. */
  readonly processes?: ProcessTable;
}

/** Milliseconds that it takes many small blobs to be ready for the same flush of their names. */
const GATHER = 2;

export class LayoutStore implements Store, EntryLister, GarbageCollector {
  /** The absolute path of the directory. */
  readonly directory: string;
  readonly #parts: LayoutParts;

  private constructor(parts: LayoutParts) {
    this.directory = parts.disk.paths.root;
    this.#parts = parts;
  }

  /**
   * Opens a store. A directory that is absent or empty is an empty store and is created by the first write, which
   * also removes the temporary files of processes that died; reading changes nothing. Throws `TARGET_EXISTS` when the
   * directory holds something else, `STORE_CORRUPT` when it has another layout version, `FILE_UNREADABLE`.
   */
  static async open(directory: string, options: LayoutOptions = {}): Promise<LayoutStore> {
    const { fs = nodeFileSystem, now = Date.now, processes = machineProcesses, lockTimeout = 30_000 } = options;
    const disk = new Disk(fs, new LayoutPaths(resolve(directory)), processes, now, { gather: GATHER });
    await checkLayout(disk);
    return new LayoutStore(assemble(disk, lockTimeout));
  }

  /** One repository. Throws `REFERENCE_INVALID` when `name` is not a full repository name. */
  repository(name: string): Repository {
    return new IndexedRepository(name, this.#parts.blobs, this.#parts.commits);
  }

  async *repositories(options: OperationOptions = {}): AsyncGenerator<string, void, undefined> {
    yield* (await this.#parts.commits.read(options)).repositories();
  }

  /** The tags and kept manifests, by repository and tag; reads no manifest. */
  async entries(options: EntriesOptions = {}): Promise<readonly StoreEntry[]> {
    return (await this.#parts.commits.read(options)).list(options.repository);
  }

  async gc(options: GcOptions = {}): Promise<GarbageReport> {
    throwIfAborted(options.signal);
    return collectGarbage(this.#parts, options);
  }

  /** Says what is wrong with the store; nothing when it is sound. */
  async fsck(options: FsckOptions = {}): Promise<StoreIssue[]> {
    return checkStore(this.#parts, options);
  }
}

function assemble(disk: Disk, lockTimeout: number): LayoutParts {
  const lock = new StoreLock(disk, lockTimeout);
  const file = new IndexFile(disk);
  const prepare = once(async () => {
    await createLayout(disk);
    // In a store of several users, what one may not remove is left to another.
    await sweepTemporaries(disk).catch(unlessReadOnly);
  });
  const blobs = new BlobDirectory(disk, lock, prepare);
  const rebuild = (held: HeldLock): Promise<void> => rebuildIndex(disk, blobs, file, held);
  const commits = new Commits({ disk, lock, blobs, file, prepare, rebuild });
  return { disk, lock, blobs, file, commits };
}

/** Runs `work` until it has succeeded once; callers at the same time share one run. */
function once(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () => {
    done ??= work().catch((error: unknown) => {
      done = undefined;
      throw error;
    });
    return done;
  };
}
