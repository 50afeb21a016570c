/**
 * Where an archive is unpacked before anybody sees it: a private directory beside the target, so that the last step is
 * a rename within one file system, and a refused archive leaves nothing behind.
 *
 *     parent/.skillctl-<random>/      0700
 *       content/                      becomes the target
 *       replacing                     names the target and this process, once the target is about to be moved
 *       previous/                     what the target was, while it is being replaced
 */
import { lstat, mkdir, readdir, realpath, rename, rmdir, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";

import { errnoOf } from "../errno.ts";
import { SkillError } from "../errors.ts";
import { quote } from "../text/index.ts";
import { markReplacing, recoverAbandoned, stagingName } from "./abandoned-staging.ts";
import { moveDirectory, removeTree } from "./directory-tree.ts";
import { unreadable } from "./file-content.ts";
import { syncDirectory } from "./sync.ts";

export class Staging {
  /** The staging directory itself. */
  readonly directory: string;
  /** The directory to fill; not visible to other users until it is published. */
  readonly content: string;
  readonly #previous: string;
  readonly #parent: string;
  readonly #target: string;
  /** Parents that did not exist before, outermost first. */
  readonly #created: readonly string[];
  /** What the target was lies here and nowhere else. */
  #holdsOnlyCopy = false;

  private constructor(parent: string, target: string, created: readonly string[]) {
    this.#parent = parent;
    this.#target = join(parent, basename(target));
    this.#created = created;
    this.directory = join(parent, stagingName());
    this.content = join(this.directory, "content");
    this.#previous = join(this.directory, "previous");
  }

  /**
   * Makes the staging directory for `target`, and the target's parents where they are missing, after putting right what
   * a crash left beside it. Throws `TARGET_EXISTS`
   * when the target may not be written: a symlink or file in any case, a directory with content unless `replace`.
   */
  static async open(target: string, replace: boolean): Promise<Staging> {
    const path = resolve(target);
    // What a crash left can wait for the next time; it is no reason not to unpack now.
    await recoverAbandoned(dirname(path)).catch(() => undefined);
    const found = await kindOf(path);
    if (found !== "absent") await checkReplaceable(path, found, replace);
    const created: string[] = [];
    let staging: Staging | undefined;
    try {
      staging = new Staging(await makeParents(dirname(path), created), path, created);
      await mkdir(staging.directory, { mode: 0o700 });
      await mkdir(staging.content, { mode: 0o700 });
      return staging;
    } catch (error) {
      if (staging !== undefined) await removeEmpty([staging.directory]);
      await removeEmpty(created);
      throw error;
    }
  }

  /**
   * Moves the content to the target. When that fails, what was there before is put back; when the process dies over it,
   * by the next one (see {@link recoverAbandoned}).
   */
  async publish(replace: boolean): Promise<void> {
    if ((await realpath(this.#parent)) !== this.#parent) {
      throw new SkillError("CONFLICT", `${quote(this.#parent)} was replaced by a link while we were unpacking`);
    }
    const found = await kindOf(this.#target);
    if (found !== "absent") await checkReplaceable(this.#target, found, replace);
    if (found !== "absent") await this.#moveAway();
    try {
      await rename(this.content, this.#target);
    } catch (error) {
      if (found !== "absent") await this.#putBack(error);
      throw isOccupied(error) ? occupied(this.#target, error) : error;
    }
    await syncDirectory(this.#parent).catch(async (error: unknown) => this.#takeBack(found, error));
  }

  /** The new content is in its place, but not for certain: the caller is told that it failed, so the target is as it was. */
  async #takeBack(found: Kind, reason: unknown): Promise<never> {
    try {
      await rename(this.#target, this.content);
    } catch {
      this.#holdsOnlyCopy = found !== "absent";
      throw reason;
    }
    if (found !== "absent") await this.#putBack(reason);
    throw reason;
  }

  async #moveAway(): Promise<void> {
    await markReplacing(this.directory, this.#target);
    await moveDirectory(this.#target, this.#previous);
  }

  async #putBack(reason: unknown): Promise<void> {
    try {
      await moveDirectory(this.#previous, this.#target);
    } catch (error) {
      this.#holdsOnlyCopy = true;
      const message = `${quote(this.#target)} could neither be replaced nor put back: it lies in ${quote(this.#previous)}`;
      const cause = new AggregateError([reason, error], "renaming failed twice");
      throw new SkillError("TARGET_UNWRITABLE", message, { hint: "Move it back by hand.", cause });
    }
  }

  /** Removes the staging directory and what is in it, what the target was included. */
  async remove(): Promise<void> {
    await removeTree(this.directory);
  }

  /** As {@link remove}, and takes back the parents that were made; leaves what could not be put back. */
  async undo(): Promise<void> {
    if (this.#holdsOnlyCopy) return;
    await this.remove();
    await removeEmpty(this.#created);
  }
}

type Kind = "absent" | "directory" | "symlink" | "other";

async function kindOf(path: string): Promise<Kind> {
  try {
    const found = await lstat(path);
    if (found.isSymbolicLink()) return "symlink";
    return found.isDirectory() ? "directory" : "other";
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return "absent";
    throw unreadable(path, error);
  }
}

async function checkReplaceable(target: string, kind: Kind, replace: boolean): Promise<void> {
  if (kind === "symlink") {
    throw new SkillError("TARGET_EXISTS", `${quote(target)} is a symbolic link, which is never followed`, {
      hint: "Name the directory it points to, or remove the link.",
    });
  }
  if (kind !== "directory") {
    throw new SkillError("TARGET_EXISTS", `${quote(target)} exists and is not a directory`, {
      hint: "Choose another target.",
    });
  }
  if (replace) return;
  const names = await readdir(target).catch((cause: unknown) => {
    throw unreadable(target, cause);
  });
  if (names.length > 0) throw occupied(target);
}

function occupied(target: string, cause?: unknown): SkillError {
  return new SkillError("TARGET_EXISTS", `${quote(target)} exists and is not empty`, {
    hint: "Choose another target, or ask for it to be replaced.",
    ...(cause === undefined ? {} : { cause }),
  });
}

/**
 * Makes `directory` and what is missing above it, and returns its real path. What exists already may lie behind the
 * user's own links; a link that appears where we are about to make a directory is refused.
 */
async function makeParents(directory: string, created: string[]): Promise<string> {
  const missing: string[] = [];
  let existing = directory;
  while ((await kindOf(existing)) === "absent") {
    missing.unshift(basename(existing));
    existing = dirname(existing);
  }
  const followed = await stat(existing).catch((cause: unknown) => {
    throw unreadable(existing, cause);
  });
  if (!followed.isDirectory()) throw new SkillError("FILE_UNREADABLE", `${quote(existing)} is not a directory`);
  let here = await realpath(existing);
  for (const name of missing) {
    here = join(here, name);
    try {
      await mkdir(here);
      created.push(here);
    } catch (error) {
      if (errnoOf(error) !== "EEXIST") throw error;
      const found = await kindOf(here);
      if (found !== "directory") throw new SkillError("CONFLICT", `${quote(here)} appeared and is not a directory`);
    }
  }
  return here;
}

/** Removes directories that are still empty, innermost first; one that somebody has begun to use stays. */
async function removeEmpty(directories: readonly string[]): Promise<void> {
  for (const directory of directories.toReversed()) {
    try {
      await rmdir(directory);
    } catch {
      return;
    }
  }
}

function isOccupied(error: unknown): boolean {
  return ["EEXIST", "ENOTEMPTY", "ENOTDIR"].includes(errnoOf(error) ?? "");
}
