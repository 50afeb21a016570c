/** The local store of a call. */
import { readdir } from "node:fs/promises";

import { absentAsUndefined, errnoOf } from "../errno.ts";
import { isSkillError } from "../errors.ts";
import { directFileSystem } from "../store/layout/direct-file-system.ts";
import { LayoutStore } from "../store/layout/store.ts";
import type { Context } from "./context.ts";

export async function openStore(context: Context): Promise<LayoutStore> {
  return LayoutStore.open(await context.storePath(), { fs: directFileSystem });
}

/**
 * The local store, or `undefined` where this user can have none: he has no home directory, or it is closed to him, as in a
 * container that runs under a user id of its own. For calls that a registry can answer as well.
 */
export async function openStoreIfAny(context: Context): Promise<LayoutStore | undefined> {
  try {
    return await openStore(context);
  } catch (error) {
    if (isSkillError(error, "USAGE") || (isSkillError(error, "FILE_UNREADABLE") && isForbidden(error.cause)))
      return undefined;
    throw error;
  }
}

function isForbidden(cause: unknown): boolean {
  const errno = errnoOf(cause);
  return errno === "EACCES" || errno === "EPERM";
}

/** Tells whether anything was ever written to the store; a place without it is an empty store too. */
export async function hasStore(context: Context): Promise<boolean> {
  const names = await readdir(await context.storePath()).catch(absentAsUndefined);
  return names !== undefined && names.length > 0;
}
