/**
 * The few compound operations that make a write durable, on top of the file system seam.
 *
 * A name is on the disk only after its directory was synced. Directory syncs are slow and cover everything before them,
 * so concurrent callers share one.
 */
import { dirname, join } from "node:path";
import { setTimeout } from "node:timers/promises";

import { absentAsUndefined, errnoOf, isAbsent } from "../../errno.ts";
import { isUnopened } from "./failure.ts";
import type { FileSystem, OpenFile } from "./file-system.ts";
import type { DiskPaths, LayoutPaths } from "./paths.ts";
import type { ProcessTable } from "./processes.ts";
import { temporaryName } from "./temporaries.ts";

/** A file that nobody else sees until it is renamed into place. */
export interface TemporaryFile {
  readonly path: string;
  readonly file: OpenFile;
}

export interface DiskOptions {
  /** Milliseconds that a directory's next flush waits for more callers when the last has ended. Default: 0, it begins at once. */
  readonly gather?: number;
}

/** A store's part of a disk. `Paths`: where things lie in it. */
export class Disk<Paths extends DiskPaths = LayoutPaths> {
  readonly fs: FileSystem;
  readonly paths: Paths;
  readonly processes: ProcessTable;
  readonly now: () => number;
  readonly #gather: number;
  readonly #syncs = new Map<string, { running: Promise<void>; next: Promise<void> | undefined }>();
  /** Directories that are being made: they are there, and not durable yet. */
  readonly #making = new Map<string, Promise<void>>();
  /** Directories that were made here, and whose names may not be on the disk. */
  readonly #unsynced = new Set<string>();
  readonly #broken = new Map<string, unknown>();

  constructor(
    fs: FileSystem,
    paths: Paths,
    processes: ProcessTable,
    now: () => number,
    { gather = 0 }: DiskOptions = {},
  ) {
    this.fs = fs;
    this.paths = paths;
    this.processes = processes;
    this.now = now;
    this.#gather = gather;
  }

  /** Creates an empty file in the temporary directory, its name beginning with this process as the owner. */
  async createTemporary(): Promise<TemporaryFile> {
    const path = join(this.paths.temporary, temporaryName(this.processes.self));
    try {
      return { path, file: await this.fs.create(path) };
    } catch (error) {
      if (!isAbsent(error)) throw error;
      await this.makeDirectory(this.paths.temporary);
      return { path, file: await this.fs.create(path) };
    }
  }

  /** Writes a temporary file, of one piece or several; not yet synced. */
  async writeTemporary(...pieces: readonly Uint8Array[]): Promise<TemporaryFile> {
    const temporary = await this.createTemporary();
    try {
      for (const piece of pieces) await temporary.file.write(piece);
      return temporary;
    } catch (error) {
      await this.discard(temporary, error);
      throw error;
    }
  }

  /**
   * Puts a written temporary file in its place, durably. On failure the place is as it was, or as it shall be. `before` runs
   * when the content is on the disk.
   */
  async settle(temporary: TemporaryFile, path: string, before?: () => Promise<void>): Promise<void> {
    try {
      await temporary.file.sync();
      await temporary.file.close();
      await before?.();
      await this.#renameInto(temporary.path, path);
    } catch (error) {
      await this.discard(temporary, error);
      throw error;
    }
    await this.syncDirectory(dirname(path));
  }

  /** Removes a temporary file. Given the failure that led here, a second one is not allowed to hide it. */
  async discard(temporary: TemporaryFile, failure?: unknown): Promise<void> {
    const results = await Promise.allSettled([temporary.file.close(), this.remove(temporary.path)]);
    const removed = results[1];
    if (failure === undefined && removed.status === "rejected") throw removed.reason;
  }

  async remove(path: string): Promise<void> {
    await this.fs.unlink(path).catch(absentAsUndefined);
  }

  /** Creates a directory and what it lies in, durably. */
  async makeDirectory(path: string): Promise<void> {
    const running = this.#making.get(path);
    if (running !== undefined) return running;
    const making = this.#make(path).finally(() => this.#making.delete(path));
    this.#making.set(path, making);
    return making;
  }

  async #make(path: string): Promise<void> {
    try {
      await this.fs.makeDirectory(path);
    } catch (error) {
      if (errnoOf(error) === "EEXIST") return this.#syncMade(path);
      if (!isAbsent(error) || dirname(path) === path) throw error;
      await this.makeDirectory(dirname(path));
      // Once: some file systems (/proc) say that the parent is absent when it is not.
      await this.fs.makeDirectory(path).catch(presentAsUndefined);
    }
    this.#unsynced.add(path);
    await this.#syncMade(path);
  }

  /** Flushes the name of a directory, unless that was done; also for whoever made it and met a disk that failed then. */
  async #syncMade(path: string): Promise<void> {
    if (!this.#unsynced.has(path)) return;
    await this.syncDirectory(dirname(path));
    this.#unsynced.delete(path);
  }

  /**
   * Returns when every change made so far in a directory is on the disk. After a failure the system may report success
   * for data that it dropped, so a directory that failed once fails from then on; one that could not be opened is tried again.
   */
  async syncDirectory(path: string): Promise<void> {
    await Promise.all([this.#syncNames(path), this.#making.get(path) ?? this.#syncMade(path)]);
  }

  #syncNames(path: string): Promise<void> {
    const current = this.#syncs.get(path);
    if (current === undefined) {
      const running = this.#sync(path);
      this.#syncs.set(path, { running, next: undefined });
      return running;
    }
    current.next ??= this.#syncAfter(current.running, path);
    return current.next;
  }

  async #syncAfter(last: Promise<void>, path: string): Promise<void> {
    await last.catch(ignore);
    if (this.#gather > 0) await setTimeout(this.#gather);
    const running = this.#sync(path);
    this.#syncs.set(path, { running, next: undefined });
    await running;
  }

  async #sync(path: string): Promise<void> {
    try {
      if (this.#broken.has(path)) throw this.#broken.get(path);
      await this.fs.syncDirectory(path);
    } catch (error) {
      if (!isUnopened(error)) this.#broken.set(path, error);
      throw error;
    } finally {
      if (this.#syncs.get(path)?.next === undefined) this.#syncs.delete(path);
    }
  }

  async #renameInto(from: string, to: string): Promise<void> {
    try {
      await this.fs.rename(from, to);
    } catch (error) {
      if (!isAbsent(error)) throw error;
      await this.makeDirectory(dirname(to));
      await this.fs.rename(from, to);
    }
  }
}

function presentAsUndefined(error: unknown): void {
  if (errnoOf(error) !== "EEXIST") throw error;
}

function ignore(): void {
  // The outcome belongs to those who waited for it.
}
