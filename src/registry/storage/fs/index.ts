/**
 * A registry's storage in a directory. docs/registry-layout.md says what lies where and why; it survives `kill -9` and a power
 * cut, full and failing disks, and commands that look after it while a server uses it.
 */
import { join, resolve } from "node:path";

import { SkillError, throwIfAborted } from "../../../errors.ts";
import { Disk } from "../../../store/layout/disk.ts";
import { reading } from "../../../store/layout/failure.ts";
import { adaptiveFileSystem } from "../../../store/layout/adaptive-file-system.ts";
import { nodeFileSystem, type FileSystem } from "../../../store/layout/file-system.ts";
import { isOnLocalDisk } from "../../../store/layout/local-disk.ts";
import { machineProcesses, type ProcessTable } from "../../../store/layout/processes.ts";
import { sweepTemporaries } from "../../../store/layout/temporaries.ts";
import type { OperationOptions } from "../../../store/types.ts";
import { quote } from "../../../text/index.ts";
import type { Usage } from "../quota.ts";
import type { MetadataStorage, PageOptions, RegistryStorage, RepositoryMetadata, StorageIssue } from "../types.ts";
import { FsBlobs } from "./blobs.ts";
import { FsContext } from "./context.ts";
import { inspectFiles } from "./inspect.ts";
import { FsMarks } from "./marks.ts";
import { acquireOwnership, tryOwnership, type Ownership } from "./ownership.ts";
import { ALGORITHMS, RegistryPaths } from "./paths.ts";
import { createRegistry, isRegistry } from "./prepare.ts";
import { FsRepository } from "./repository.ts";
import { refuseKept } from "./segments.ts";
import { writing } from "./writing.ts";

/** Bytes that are written to see whether a disk takes any. */
const PROBE = 64 * 1024;

export interface FsStorageOptions extends OperationOptions {
  /**
   * `serve`: to be the one process that changes repositories; throws `STORE_LOCKED` when there is one.
   * `maintain`: to look, and to collect garbage, beside a server or without one; a server may start meanwhile. Throws
   * `NOT_FOUND` where there is no registry. Default: `serve`.
   */
  readonly purpose?: "serve" | "maintain";
  /** How long to wait for a server that is about to end, in milliseconds. Default: 5,000. */
  readonly lockTimeout?: number;
  /** The clock, in milliseconds since 1970. Default: `Date.now`. */
  readonly now?: () => number;
  /** What is done to a disk. Default: the file system of the machine; on a disk of its own, `adaptiveFileSystem()`. */
  readonly fs?: FileSystem;
  /** Who is alive. Default: the processes of the machine. */
  readonly processes?: ProcessTable;
}

/**
 * Opens the registry in the directory `root`; makes one of a directory that is absent or empty. What a process left undone
 * that was killed is finished, or cleared away. Throws `STORE_LOCKED`, `TARGET_EXISTS` when the directory holds something
 * else, `STORE_CORRUPT`, `STORE_UNWRITABLE`.
 */
export async function createFsStorage(root: string, options: FsStorageOptions = {}): Promise<RegistryStorage> {
  const { now = Date.now, processes = machineProcesses, lockTimeout = 5000 } = options;
  throwIfAborted(options.signal);
  const fs = options.fs ?? (await fileSystemFor(new RegistryPaths(resolve(root))));
  const disk = new Disk(fs, new RegistryPaths(resolve(root)), processes, now);
  const isThere = await isRegistry(disk);
  if (options.purpose === "maintain") {
    if (!isThere) throw noRegistry(disk.paths.root);
    return writing(disk.paths.root, async () => maintained(disk));
  }
  return writing(disk.paths.root, async () => {
    const ownership = await acquireOwnership(disk, lockTimeout);
    try {
      if (!isThere) await createRegistry(disk);
      const storage = new FsStorage(new FsContext(disk, ownership), ownership);
      await storage.recover();
      return storage;
    } catch (error) {
      await ownership.release();
      throw error;
    }
  });
}

/** Parts of a registry may be mounted, each from elsewhere. */
async function fileSystemFor({ root, blobs, repositories, uploads, own }: RegistryPaths): Promise<FileSystem> {
  const areLocal = await Promise.all([root, blobs, repositories, uploads, own].map(isOnLocalDisk));
  return areLocal.every(Boolean) ? adaptiveFileSystem() : nodeFileSystem;
}

/** Owns the registry only while it does what a server does at its start, so that no server is kept waiting. */
async function maintained(disk: Disk<RegistryPaths>): Promise<RegistryStorage> {
  const storage = new FsStorage(new FsContext(disk, undefined), undefined);
  const ownership = await tryOwnership(disk);
  try {
    if (ownership !== undefined) await storage.recover();
  } finally {
    await ownership?.release();
  }
  return storage;
}

function noRegistry(root: string): SkillError {
  return new SkillError("NOT_FOUND", `there is no registry at ${quote(root)}`, {
    hint: "Name the directory that skillctl serve has as its --root.",
  });
}

class FsStorage implements RegistryStorage {
  readonly blobs: FsBlobs;
  readonly metadata: MetadataStorage;
  readonly marks: FsMarks;
  readonly directory: string;
  readonly #context: FsContext;
  readonly #ownership: Ownership | undefined;

  constructor(context: FsContext, ownership: Ownership | undefined) {
    this.#context = context;
    this.#ownership = ownership;
    this.blobs = new FsBlobs(context.disk);
    this.metadata = new FsMetadata(context);
    this.marks = new FsMarks(context.disk);
    this.directory = context.disk.paths.root;
  }

  /** Finishes or clears away what was left undone. For the owner, before anything else. */
  async recover(): Promise<void> {
    await this.#flushDirectories();
    await this.#context.journal.replay();
    await sweepTemporaries(this.#context.disk);
    await this.blobs.uploads.sweep();
  }

  /** A process that was killed may have made directories, and not flushed what they lie in; whoever finds them takes them for durable. */
  async #flushDirectories(): Promise<void> {
    const { disk } = this.#context;
    const { root, own, blobs } = disk.paths;
    for (const path of [root, own, blobs, ...ALGORITHMS.map((each) => join(blobs, each))]) {
      if ((await disk.fs.status(path)) !== undefined) await disk.syncDirectory(path);
    }
  }

  /** A full disk may still have room for a name, so bytes are written, too. */
  async check(): Promise<void> {
    const { disk } = this.#context;
    await writing(disk.paths.root, async () => {
      const temporary = await disk.writeTemporary(new Uint8Array(PROBE));
      try {
        await temporary.file.sync();
      } catch (error) {
        await disk.discard(temporary, error);
        throw error;
      }
      await disk.discard(temporary);
    });
  }

  async settle(): Promise<void> {
    await this.#context.settle();
    if (!this.#context.isOwner) await refuseKept(this.#context.disk);
  }

  inspect(options: OperationOptions = {}): AsyncIterable<StorageIssue> {
    return inspectFiles(this.#context.disk, options);
  }

  async close(): Promise<void> {
    try {
      await this.#context.journal.close();
    } finally {
      await this.#ownership?.release();
    }
  }
}

class FsMetadata implements MetadataStorage {
  readonly #context: FsContext;

  constructor(context: FsContext) {
    this.#context = context;
  }

  repository(name: string): RepositoryMetadata {
    return new FsRepository(name, this.#context);
  }

  repositories(options: PageOptions = {}): AsyncIterable<string> {
    return this.#context.repositoryNames.page(options);
  }

  async usage(namespace: string, options: { readonly fresh?: boolean } = {}): Promise<Usage> {
    return reading(this.#context.disk.paths.repositories, async () => this.#context.ledger.usage(namespace, options));
  }
}
