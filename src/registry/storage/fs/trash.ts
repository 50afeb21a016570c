/**
 * Removing a file unless it was touched, beside processes that touch it. There is no system call for that: whoever looks at
 * the time and then unlinks can miss a touch between the two. So the file is first moved to where nobody touches it, looked at
 * again, and put back if it became young. Whoever misses it meanwhile looks here and takes it back, so nobody is told
 * that it is absent, and nobody waits.
 */
import { randomBytes } from "node:crypto";
import { dirname, join } from "node:path";

import { absentAsUndefined, errnoOf, isAbsent } from "../../../errno.ts";
import type { Disk } from "../../../store/layout/disk.ts";
import { isReadOnly } from "../../../store/layout/failure.ts";
import type { RegistryPaths } from "./paths.ts";

export class Trash {
  readonly #disk: Disk<RegistryPaths>;
  readonly #directory: string;

  constructor(disk: Disk<RegistryPaths>, directory: string) {
    this.#disk = disk;
    this.#directory = directory;
  }

  /** Removes the file unless it was touched after `before`; resolves to whether it did. `name` is its name in here. */
  async remove(path: string, name: string, before: number): Promise<boolean> {
    const { fs } = this.#disk;
    if (!isOld(await fs.status(path), before)) return false;
    const moved = join(this.#directory, `${name}.${randomBytes(8).toString("hex")}`);
    if (!(await this.#move(path, moved))) return false;
    const isStillOld = isOld(await fs.status(moved), before);
    if (!isStillOld) await this.#putBack(moved, path);
    await this.#disk.remove(moved);
    // Somebody who missed it may have taken it back between the look and the removal.
    return isStillOld && (await fs.status(path)) === undefined;
  }

  /** Takes a file back that somebody is removing; resolves to whether there was one. */
  async rescue(path: string, name: string): Promise<boolean> {
    const { fs } = this.#disk;
    // Asked for all that is new: where nothing was ever removed, that costs little.
    if ((await fs.status(this.#directory)) === undefined) return false;
    const names = (await fs.list(this.#directory).catch(absentAsUndefined)) ?? [];
    for (const each of names.filter((other) => other.startsWith(`${name}.`))) {
      if (await this.#putBack(join(this.#directory, each), path)) return true;
    }
    return false;
  }

  /** Removes what is here of a file that is about to be removed for good, so that nobody takes it back. */
  async discard(name: string): Promise<void> {
    const { fs } = this.#disk;
    const names = (await fs.list(this.#directory).catch(absentAsUndefined)) ?? [];
    const own = names.filter((other) => other.startsWith(`${name}.`));
    for (const each of own) await this.#disk.remove(join(this.#directory, each));
    if (own.length > 0) await this.#disk.syncDirectory(this.#directory);
  }

  /**
   * Takes everything back that a process left here that was killed while it removed something. `pathOf` says where the file
   * of a name belongs. What another process removes at this moment stays, too; it is garbage another time.
   */
  async restore(pathOf: (name: string) => string | undefined): Promise<void> {
    const names = (await this.#disk.fs.list(this.#directory).catch(absentAsUndefined)) ?? [];
    for (const name of names) {
      const path = pathOf(name.slice(0, name.lastIndexOf(".")));
      const moved = join(this.#directory, name);
      try {
        if (path !== undefined && (await this.#putBack(moved, path))) await this.#disk.remove(moved);
      } catch (error) {
        if (!isReadOnly(error)) throw error;
      }
    }
  }

  async #move(path: string, moved: string): Promise<boolean> {
    const { fs } = this.#disk;
    try {
      await fs.rename(path, moved);
      return true;
    } catch (error) {
      if (!isAbsent(error)) throw error;
    }
    // Either the file is gone, or there is no trash yet.
    if ((await fs.status(path)) === undefined) return false;
    await this.#disk.makeDirectory(this.#directory);
    return fs.rename(path, moved).then(
      () => true,
      (error: unknown) => absentAsUndefined(error) ?? false,
    );
  }

  /** Durably: that it is there will be promised. What is at the path already is as good, or better. */
  async #putBack(moved: string, path: string): Promise<boolean> {
    try {
      await this.#disk.fs.link(moved, path);
    } catch (error) {
      if (isAbsent(error)) return false;
      if (errnoOf(error) !== "EEXIST") throw error;
    }
    await this.#disk.syncDirectory(dirname(path));
    return true;
  }
}

function isOld(status: { readonly kind: string; readonly modified: number } | undefined, before: number): boolean {
  return status?.kind === "file" && Math.round(status.modified) <= before;
}
