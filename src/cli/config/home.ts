/** Where the user's files are. */
import { userInfo } from "node:os";
import { isAbsolute, join } from "node:path";

export type Variables = Readonly<Record<string, string | undefined>>;

/**
 * The home directory: what HOME says, else what the system knows of the user. A HOME that is empty or relative counts as not
 * set, as it would mean another place in every directory. `undefined` for a user without a home, as in a container that
 * runs under a user id of its own.
 */
export function homeOf(variables: Variables): string | undefined {
  const home = variables["HOME"];
  if (home !== undefined && isAbsolute(home)) return home;
  try {
    const { homedir } = userInfo();
    return isAbsolute(homedir) ? homedir : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Where files go that can be made again: XDG_CACHE_HOME, else `.cache` in the user's home; `undefined` for a user without one.
 * A relative XDG_CACHE_HOME counts as not set, as the XDG base directory specification asks.
 */
export function cacheDirectoryOf(variables: Variables): string | undefined {
  const cache = variables["XDG_CACHE_HOME"];
  if (cache !== undefined && isAbsolute(cache)) return cache;
  const home = homeOf(variables);
  return home === undefined ? undefined : join(home, ".cache");
}
