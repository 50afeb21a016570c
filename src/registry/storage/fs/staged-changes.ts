/** Changes that wait beside their places: what can fail has been done, and what is left is to rename. */
import { dirname, join } from "node:path";

import { errnoOf } from "../../../errno.ts";
import type { Disk } from "../../../store/layout/disk.ts";
import { limiter } from "../../../store/limiter.ts";
import { pathOf, type FileChange } from "./changes.ts";
import type { RegistryPaths } from "./paths.ts";
import { stamp } from "./stamp.ts";

/** How many directories to remember that are there. They are never removed. */
const KNOWN = 20_000;

interface Step {
  readonly path: string;
  /** `undefined`: the file is to be removed. */
  readonly temporary: string | undefined;
}

/** Files that were written, and directories in which names changed. */
export interface Touched {
  readonly files: ReadonlySet<string>;
  readonly directories: ReadonlySet<string>;
}

/** Changes of one caller, ready to be made. */
export interface StagedChanges {
  /** Makes them, in their order; can be called again after it failed. Not durable: that is the journal's part. */
  apply(): Promise<void>;
  /** Forgets them. */
  discard(): Promise<void>;
}

export class ChangeStage {
  /** Files that were written and directories that were changed since the last {@link takeTouched}. */
  #files = new Set<string>();
  #directories = new Set<string>();
  readonly #disk: Disk<RegistryPaths>;
  readonly #known = new Set<string>();

  constructor(disk: Disk<RegistryPaths>) {
    this.#disk = disk;
  }

  /** Writes what shall be written, elsewhere. Nothing is left when it throws. */
  async stage(changes: readonly FileChange[]): Promise<StagedChanges> {
    const limit = limiter(8);
    const prepared = await Promise.allSettled(changes.map((change) => limit(async () => this.#prepare(change))));
    const steps = prepared.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
    const discard = async (): Promise<void> => {
      for (const { temporary } of steps) if (temporary !== undefined) await this.#disk.remove(temporary).catch(ignore);
    };
    const failed = prepared.find((each) => each.status === "rejected");
    if (failed !== undefined) {
      await discard();
      throw failed.reason;
    }
    let next = 0;
    let tried = -1;
    const apply = async (): Promise<void> => {
      for (let step = steps[next]; step !== undefined; step = steps[(next += 1)]) {
        const isAgain = tried === next;
        tried = next;
        if (!isAgain || !(await this.#isMade(step))) await this.#make(step);
        this.#touched(step);
      }
    };
    return { apply, discard };
  }

  /** How many files were written since the last {@link takeTouched}. */
  get size(): number {
    return this.#files.size;
  }

  /** What must be flushed for the changes made so far to be on the disk. */
  takeTouched(): Touched {
    const touched = { files: this.#files, directories: this.#directories };
    this.#files = new Set();
    this.#directories = new Set();
    return touched;
  }

  /** Takes back what {@link takeTouched} gave, and what could not be flushed. */
  giveBack({ files, directories }: Touched): void {
    for (const path of files) this.#files.add(path);
    for (const path of directories) this.#directories.add(path);
  }

  async #prepare(change: FileChange): Promise<Step> {
    const path = join(this.#disk.paths.repositories, ...pathOf(change).split("/"));
    // Also of what is removed: a power cut may have taken it with the file, and it is flushed with the others.
    await this.#makeDirectory(dirname(path));
    if (!("write" in change)) return { path, temporary: undefined };
    const temporary = await this.#disk.createTemporary();
    try {
      if (change.text !== "") await temporary.file.write(new TextEncoder().encode(change.text));
      await temporary.file.close();
      await stamp(this.#disk, temporary.path);
    } catch (error) {
      await this.#disk.discard(temporary, error);
      throw error;
    }
    return { path, temporary: temporary.path };
  }

  async #make({ path, temporary }: Step): Promise<void> {
    if (temporary === undefined) await this.#disk.remove(path);
    else await this.#disk.fs.rename(temporary, path);
  }

  /** Whether a step was made though the disk said that it was not, as happens over a network. */
  async #isMade({ path, temporary }: Step): Promise<boolean> {
    if (temporary === undefined) return false;
    const { fs } = this.#disk;
    return (await fs.status(temporary)) === undefined && (await fs.status(path))?.kind === "file";
  }

  #touched({ path, temporary }: Step): void {
    if (temporary === undefined) this.#files.delete(path);
    else this.#files.add(path);
    this.#directories.add(dirname(path));
  }

  async #makeDirectory(path: string): Promise<void> {
    if (this.#known.has(path) || path === this.#disk.paths.root) return;
    await this.#makeDirectory(dirname(path));
    try {
      await this.#disk.fs.makeDirectory(path);
    } catch (error) {
      if (errnoOf(error) !== "EEXIST") throw error;
    }
    // Also of one that was there: whoever made it may have been killed before it was flushed.
    this.#directories.add(dirname(path));
    if (this.#known.size >= KNOWN) this.#known.clear();
    this.#known.add(path);
  }
}

function ignore(): void {
  // A temporary file that stays is swept at the next start.
}
