/** Where the user's files are. */
import { homedir } from "node:os";

export type Variables = Readonly<Record<string, string | undefined>>;

/** The home directory; `undefined` for a user without one, as in a container that runs under a user id of its own. */
export function homeOf(variables: Variables): string | undefined {
  try {
    return variables["HOME"] || homedir();
  } catch {
    return undefined;
  }
}
