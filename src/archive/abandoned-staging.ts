/**
 * Staging directories that a crash left. Whoever unpacks beside them next removes them, carefully: the directory they
 * lie in belongs to the user and may be shared with others.
 */
import { randomBytes } from "node:crypto";
import { lstat, readdir, rm } from "node:fs/promises";
import { join } from "node:path";

import { isAbsent } from "../errno.ts";

/** What {@link stagingName} gives, and nothing that a person would think of. */
const STAGING_NAME = /^\.skillctl-[0-9a-f]{24}$/;

/** A name for a new staging directory. */
export function stagingName(): string {
  return `.skillctl-${randomBytes(12).toString("hex")}`;
}

/** No unpacking takes so long. Milliseconds. */
const DAY = 86_400_000;

/**
 * Removes the staging directories in `parent` that are the caller's own and have not been touched for a day. Follows no
 * link. Leaves one that holds a target which was moved away and has not been replaced: it is the only copy.
 */
export async function removeAbandoned(parent: string): Promise<void> {
  const names = await readdir(parent);
  for (const name of names.filter((each) => STAGING_NAME.test(each))) {
    const directory = join(parent, name);
    if (await isAbandoned(directory)) await rm(directory, { recursive: true, force: true });
  }
}

async function isAbandoned(directory: string): Promise<boolean> {
  const found = await lstat(directory);
  const isOurs = found.uid === (process.getuid?.() ?? found.uid);
  if (!found.isDirectory() || !isOurs || found.mtimeMs > Date.now() - DAY) return false;
  return !((await exists(join(directory, "content"))) && (await exists(join(directory, "previous"))));
}

async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (isAbsent(error)) return false;
    throw error;
  }
}
