/**
 * Directories that something is about to be written into, with what is missing above them.
 *
 * Node makes them, too, by `recursive: true`, but never comes to an end where the system says `ENOENT` below a directory that is
 * there, as in /proc: it goes on to make the parent, which exists, and then tries again. Here it tries again once.
 */
import { mkdirSync, statSync } from "node:fs";
import { mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";

import { errnoOf } from "./errno.ts";

/** Read, write and search for everybody, of which the umask takes away. */
const FOR_ALL = 0o777;

/** Makes a directory and what it lies in, each with `mode`; one that is there stays as it is. Throws what the system says. */
export async function makeDirectories(path: string, mode = FOR_ALL): Promise<void> {
  try {
    await mkdir(path, { mode });
  } catch (error) {
    if (await isDirectory(path)) return;
    if (errnoOf(error) !== "ENOENT" || dirname(path) === path) throw error;
    await makeDirectories(dirname(path), mode);
    await mkdir(path, { mode }).catch(async (again: unknown) => {
      if (!(await isDirectory(path))) throw again;
    });
  }
}

/** {@link makeDirectories}, for those who cannot wait. */
export function makeDirectoriesSync(path: string, mode = FOR_ALL): void {
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    if (isDirectorySync(path)) return;
    if (errnoOf(error) !== "ENOENT" || dirname(path) === path) throw error;
    makeDirectoriesSync(dirname(path), mode);
    if (!isDirectorySync(path)) mkdirSync(path, { mode });
  }
}

async function isDirectory(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() === true;
}

function isDirectorySync(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  } catch {
    return false;
  }
}
