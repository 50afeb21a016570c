/** Replaces a small file, whole or not at all, durably. */
import { randomUUID } from "node:crypto";
import { link, open, readFile, rename, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";

import { makeDirectories } from "../../../directories.ts";
import { absentAsUndefined, errnoOf } from "../../../errno.ts";
import { SkillError } from "../../../errors.ts";

/** How often somebody else may come in between. */
const MAX_ATTEMPTS = 10;
/** What this process is doing to files, by their paths. */
const underWay = new Map<string, Promise<unknown>>();

/**
 * Writes what `edit` makes of a file's text, `undefined` when there is none. The file is for its owner alone (0600). In this process
 * one change is made after the other; the text is looked at again when everything is ready, and edited again if
 * another process has changed it. Throws `CONFIG_INVALID`, and what `edit` throws.
 */
export async function replaceFile(path: string, edit: (text: string | undefined) => string): Promise<void> {
  const before = underWay.get(path) ?? Promise.resolve();
  const change = before.then(async () => editFile(path, edit));
  const settled = change.catch(() => undefined);
  underWay.set(path, settled);
  try {
    await change;
  } finally {
    if (underWay.get(path) === settled) underWay.delete(path);
  }
}

/**
 * Creates a file with `text`, unless there is one, beside which nothing need be writable; returns what it holds then. For its owner
 * alone (0600). Throws `CONFIG_INVALID`.
 */
export async function createFile(path: string, text: string): Promise<string> {
  const there = await read(path);
  if (there !== undefined) return there;
  const temporary = await write(path, text).catch((error: unknown) => Promise.reject(unwritable(path, error)));
  try {
    await link(temporary, path);
    await syncDirectory(dirname(path));
    return text;
  } catch (error) {
    if (errnoOf(error) !== "EEXIST") throw unwritable(path, error);
    return await readFile(path, "utf8");
  } finally {
    await unlink(temporary).catch(absentAsUndefined);
  }
}

async function read(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8").catch(absentAsUndefined);
  } catch (cause) {
    throw new SkillError("CONFIG_INVALID", `cannot read ${path}: the system says ${errnoOf(cause)}`, {
      hint: "Check that the server may read it.",
      cause,
    });
  }
}

async function editFile(path: string, edit: (text: string | undefined) => string): Promise<void> {
  try {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const before = await readFile(path, "utf8").catch(absentAsUndefined);
      const temporary = await write(path, edit(before));
      if ((await readFile(path, "utf8").catch(absentAsUndefined)) === before) {
        await rename(temporary, path);
        await syncDirectory(dirname(path));
        return;
      }
      await unlink(temporary);
    }
  } catch (error) {
    throw unwritable(path, error);
  }
  throw new SkillError("CONFIG_INVALID", `cannot write ${path}: somebody else keeps changing it`, {
    hint: "Try again when nobody else does.",
  });
}

async function write(path: string, text: string): Promise<string> {
  await makeDirectories(dirname(path), 0o700);
  const temporary = join(dirname(path), `.skillctl-${randomUUID()}.tmp`);
  const file = await open(temporary, "wx", 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } catch (error) {
    await unlink(temporary).catch(() => undefined);
    throw error;
  } finally {
    await file.close();
  }
  return temporary;
}

async function syncDirectory(path: string): Promise<void> {
  // Windows has no handle on a directory that could be flushed; NTFS journals its names itself.
  if (process.platform === "win32") return;
  const directory = await open(path, "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

function unwritable(path: string, error: unknown): unknown {
  if (errnoOf(error) === undefined) return error;
  return new SkillError("CONFIG_INVALID", `cannot write ${path}: the system says ${errnoOf(error)}`, {
    hint: "Check that there is room on the disk, and that the server may write there.",
    cause: error,
  });
}
