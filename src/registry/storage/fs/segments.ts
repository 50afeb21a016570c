/** The files of the journal: lines are added to the last one; older ones go when all they say is in its place. */
import { join } from "node:path";

import { absentAsUndefined } from "../../../errno.ts";
import type { Disk } from "../../../store/layout/disk.ts";
import type { OpenFile } from "../../../store/layout/file-system.ts";
import { decodeChanges, type FileChange } from "./changes.ts";
import type { RegistryPaths } from "./paths.ts";

const NAME = /^[0-9]{10}\.log$/;
const MAX_SEGMENT = 1024 ** 3;

export class Segments {
  readonly #disk: Disk<RegistryPaths>;
  #current: { readonly path: string; readonly file: OpenFile } | undefined;
  /** Those before the current one that are still there. */
  #old: string[] = [];
  #next = 1;

  constructor(disk: Disk<RegistryPaths>) {
    this.#disk = disk;
  }

  /** What all segments say that are there, oldest first. Afterwards they count as old ones. */
  async load(): Promise<FileChange[]> {
    const { fs, paths } = this.#disk;
    const names = ((await fs.list(paths.journal).catch(absentAsUndefined)) ?? []).filter((name) => NAME.test(name));
    const changes: FileChange[] = [];
    for (const name of names.toSorted()) {
      const path = join(paths.journal, name);
      changes.push(...decodeChanges(await fs.readFile(path, MAX_SEGMENT)));
      this.#old.push(path);
      this.#next = Number.parseInt(name, 10) + 1;
    }
    return changes;
  }

  /** Adds text, durably. When it fails, nothing is added after what may have been written: the next goes into a new segment. */
  async append(text: string): Promise<void> {
    try {
      const { file } = (this.#current ??= await this.#begin());
      await file.write(new TextEncoder().encode(text));
      await file.sync();
    } catch (error) {
      await this.end().catch(() => undefined);
      throw error;
    }
  }

  /** Ends the current segment: what comes goes into a new one. */
  async end(): Promise<void> {
    const current = this.#current;
    if (current === undefined) return;
    this.#current = undefined;
    this.#old.push(current.path);
    await current.file.close();
  }

  /** The segments before the current one. */
  takeOld(): string[] {
    const old = this.#old;
    this.#old = [];
    return old;
  }

  /** Gives back those of {@link takeOld}, which are still needed. */
  keep(old: readonly string[]): void {
    this.#old = [...old, ...this.#old];
  }

  /**
   * Removes segments, oldest first. One that comes back after a power cut must not come without those after it, or it would
   * undo them: so each is gone for good before the next goes, in this call or a later one.
   */
  async remove(old: readonly string[]): Promise<void> {
    for (const path of old) {
      await this.#disk.remove(path);
      await this.#disk.syncDirectory(this.#disk.paths.journal);
    }
  }

  async #begin(): Promise<{ readonly path: string; readonly file: OpenFile }> {
    const { fs, paths } = this.#disk;
    await this.#disk.makeDirectory(paths.journal);
    const path = join(paths.journal, `${String(this.#next).padStart(10, "0")}.log`);
    const file = await fs.create(path);
    this.#next += 1;
    try {
      await this.#disk.syncDirectory(paths.journal);
      return { path, file };
    } catch (error) {
      await file.close();
      throw error;
    }
  }
}
