/**
 * Moving and removing directories of the user's own in which something may not be written. The system asks for the
 * right to write in a directory before it moves or empties it, so an ordinary user's read-only tree would stay.
 */
import { chmod, lstat, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";

import { errnoOf } from "../errno.ts";

const OWNER_MAY_ALL = 0o700;

/** Renames a directory, also one that its owner may not write in; its mode stays. */
export async function moveDirectory(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    const { mode } = await lstat(from);
    if (!isForbidden(error) || (mode & OWNER_MAY_ALL) === OWNER_MAY_ALL) throw error;
    await chmod(from, mode | OWNER_MAY_ALL);
    try {
      await rename(from, to);
    } catch (again) {
      await chmod(from, mode);
      throw again;
    }
    await chmod(to, mode);
  }
}

/** Removes a directory and all that is in it, following no link. One that is not there is fine. */
export async function removeTree(directory: string): Promise<void> {
  try {
    await rm(directory, { recursive: true, force: true });
  } catch (error) {
    if (!isForbidden(error)) throw error;
    await makeWritable(directory);
    await rm(directory, { recursive: true, force: true });
  }
}

async function makeWritable(root: string): Promise<void> {
  const pending = [root];
  for (let directory = pending.pop(); directory !== undefined; directory = pending.pop()) {
    const { mode } = await lstat(directory);
    if ((mode & OWNER_MAY_ALL) !== OWNER_MAY_ALL) await chmod(directory, mode | OWNER_MAY_ALL);
    for (const entry of await readdir(directory, { withFileTypes: true })) {
      if (entry.isDirectory()) pending.push(join(directory, entry.name));
    }
  }
}

function isForbidden(error: unknown): boolean {
  return ["EACCES", "EPERM"].includes(errnoOf(error) ?? "");
}
