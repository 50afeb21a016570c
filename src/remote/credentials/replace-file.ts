/** Replaces a small file of secrets, whole or not at all. */
import { randomUUID } from "node:crypto";
import { lstat, open, readlink, realpath, rename, stat, unlink } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";

import { makeDirectories } from "../../directories.ts";
import { absentAsUndefined, errnoOf, isAbsent } from "../../errno.ts";
import { SkillError } from "../../errors.ts";
import { readText } from "./read-file.ts";

/** How often somebody else may come in between. */
const MAX_ATTEMPTS = 10;
/** What this process is doing to files, by their paths. */
const underWay = new Map<string, Promise<unknown>>();

/**
 * Writes what `edit` makes of a file's text, `undefined` when there is none; nothing when that is the same or `undefined`.
 * The file is for its owner alone (0600), as are directories that had to be made (0700). Resolves to whether it was written.
 *
 * There is no lock that other tools would respect; within this process, one change is made after the other. The text is
 * looked at again when everything is ready, and edited again if somebody else has changed it: whoever comes last keeps what
 * the others wrote. A link is followed to the file that it names; the temporary file is new, so that no link that waits in
 * its place is followed. Throws `CREDENTIALS_INVALID` for a file that
 * cannot be read, `TARGET_UNWRITABLE`.
 */
export async function replaceFile(
  path: string,
  edit: (text: string | undefined) => string | undefined,
): Promise<boolean> {
  const before = underWay.get(path) ?? Promise.resolve();
  const change = before.then(async () => editFile(path, edit));
  const settled = change.catch(() => undefined);
  underWay.set(path, settled);
  try {
    return await change;
  } finally {
    if (underWay.get(path) === settled) underWay.delete(path);
  }
}

async function editFile(path: string, edit: (text: string | undefined) => string | undefined): Promise<boolean> {
  try {
    const target = await followed(path);
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const before = await currentText(target);
      const after = edit(before);
      if (after === undefined || after === before) return false;
      if (await replace(target, before, after)) return true;
    }
  } catch (error) {
    throw unwritable(path, error);
  }
  throw new SkillError("TARGET_UNWRITABLE", `cannot write ${path}: somebody else keeps changing it`, {
    hint: "Try again when nothing else logs in or out.",
  });
}

/** Whether the file still held `before` when everything was ready, and holds `after` now. */
async function replace(target: string, before: string | undefined, after: string): Promise<boolean> {
  await makeDirectories(dirname(target), 0o700);
  const temporary = join(dirname(target), `.skillctl-${randomUUID()}.tmp`);
  const file = await open(temporary, "wx", 0o600);
  try {
    try {
      await file.writeFile(after);
      await keepOwner(target, file);
      await file.sync();
    } finally {
      await file.close();
    }
    if ((await currentText(target)) === before) {
      await rename(temporary, target);
      return true;
    }
  } catch (error) {
    await unlink(temporary).catch(absentAsUndefined);
    throw error;
  }
  await unlink(temporary);
  return false;
}

async function currentText(target: string): Promise<string | undefined> {
  const isThere = await lstat(target).catch(absentAsUndefined);
  return isThere === undefined ? undefined : readText(target, { required: true });
}

/** Where a file is in the end, also if it is a link to something that is not there yet. */
async function followed(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if (!isAbsent(error)) throw error;
  }
  const link = await readlink(path).catch(() => undefined);
  return link === undefined ? path : resolve(dirname(path), link);
}

/** For whoever logs in by way of sudo: the file stays the property of its owner. */
async function keepOwner(target: string, file: { chown(uid: number, gid: number): Promise<void> }): Promise<void> {
  const older = await stat(target).catch(absentAsUndefined);
  if (older === undefined || older.uid === process.getuid?.()) return;
  await file.chown(older.uid, older.gid).catch(() => {
    // Only root may give a file away; for all others the directory's rules decide.
  });
}

function unwritable(path: string, error: unknown): unknown {
  const errno = errnoOf(error);
  if (errno === undefined) return error;
  return new SkillError("TARGET_UNWRITABLE", `cannot write ${path}: ${REASONS[errno] ?? `the system says ${errno}`}`, {
    hint: "Name a file in a directory that you may write to, with REGISTRY_AUTH_FILE.",
    cause: error,
  });
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: "permission was denied",
  EBUSY: "it is mounted by itself and cannot be replaced",
  EEXIST: "something that is no directory is in its way",
  ENOENT: "no directory can be made there",
  ENOSPC: "the disk is full",
  ENOTDIR: "something that is no directory is in its way",
  EPERM: "permission was denied",
  EROFS: "the file system is read-only",
};
