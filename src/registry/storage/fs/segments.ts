/** The files of the journal: lines are added to the last one; older ones go when all they say is in its place. */
import { join } from "node:path";

import { absentAsUndefined } from "../../../errno.ts";
import { SkillError } from "../../../errors.ts";
import type { Disk } from "../../../store/layout/disk.ts";
import type { OpenFile } from "../../../store/layout/file-system.ts";
import { decodeChanges, type FileChange } from "./changes.ts";
import type { RegistryPaths } from "./paths.ts";

const NAME = /^[0-9]{10}\.log$/;
const MAX_SEGMENT = 1024 ** 3;
/** One of so many bytes is ended, also where none may be removed. */
const LARGE = 64 * 1024 ** 2;

/** For how long, in milliseconds, the journal of a server whose disk works may say something: it is cleared after some seconds. */
const KEPT = 60_000;

/** Throws `STORE_LOCKED` when the server of a registry could not make for a while what its journal says. For other processes. */
export async function refuseKept({ fs, paths, now }: Disk<RegistryPaths>): Promise<void> {
  for (const name of (await fs.list(paths.journal).catch(absentAsUndefined)) ?? []) {
    const status = NAME.test(name) ? await fs.status(join(paths.journal, name)) : undefined;
    if (status === undefined || status.size === 0 || now() - status.modified < KEPT) continue;
    throw new SkillError("STORE_LOCKED", "the server has changes that it could not make: its disk failed", {
      hint: "See that the disk works, and start the server again; then nothing is removed that it needs.",
    });
  }
}

interface Segment {
  readonly path: string;
  readonly file: OpenFile;
  /** Bytes of what was added durably. */
  size: number;
}

export class Segments {
  readonly #disk: Disk<RegistryPaths>;
  #current: Segment | undefined;
  /** The segment that a failed write has left something in, and how much of it is good. */
  #torn: { readonly path: string; readonly size: number } | undefined;
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

  /**
   * Adds text, durably. What a failed write may have left must be taken away before anybody decides on anything, as whoever asked for
   * it was told that it was not done: see {@link isTorn}.
   */
  async append(text: string): Promise<void> {
    await this.mend();
    const segment = (this.#current ??= await this.#begin());
    const bytes = new TextEncoder().encode(text);
    try {
      await segment.file.write(bytes);
      await segment.file.sync();
    } catch (error) {
      this.#torn = segment;
      await this.end().catch(() => undefined);
      throw error;
    }
    segment.size += bytes.byteLength;
    if (segment.size > LARGE) await this.end().catch(() => undefined);
  }

  /** Whether a segment says something that was not done. */
  get isTorn(): boolean {
    return this.#torn !== undefined;
  }

  /** Takes away what a failed write has left. */
  async mend(): Promise<void> {
    const torn = this.#torn;
    if (torn === undefined) return;
    // The journal may have been cleared meanwhile.
    const file = await this.#disk.fs.append(torn.path).catch(absentAsUndefined);
    try {
      await file?.truncate(torn.size);
      await file?.sync();
    } finally {
      await file?.close();
    }
    this.#torn = undefined;
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

  async #begin(): Promise<Segment> {
    const { fs, paths } = this.#disk;
    await this.#disk.makeDirectory(paths.journal);
    const path = join(paths.journal, `${String(this.#next).padStart(10, "0")}.log`);
    // Also when it fails: it may be there after all.
    this.#next += 1;
    const file = await fs.create(path);
    try {
      await this.#disk.syncDirectory(paths.journal);
      return { path, file, size: 0 };
    } catch (error) {
      await file.close();
      throw error;
    }
  }
}
