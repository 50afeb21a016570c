/**
 * What the operating system refused, as Node tells it: an error with a `code` such as `ENOENT`. Read in one place, so
 * that no caller takes a {@link SkillError}, which has a `code` too, for one of them.
 */
import { SkillError } from "./errors.ts";

/** The `code` of an error of Node's, `ENOENT` of a file, say; `undefined` for other values and for our own errors. */
export function errnoOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || error instanceof SkillError || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

/** Whether an error says that there is nothing at the path. */
export function isAbsent(error: unknown): boolean {
  const errno = errnoOf(error);
  return errno === "ENOENT" || errno === "ENOTDIR";
}

/** For `.catch()`: turns "there is nothing" into `undefined` and throws everything else. */
export function absentAsUndefined(error: unknown): undefined {
  if (!isAbsent(error)) throw error;
  return undefined;
}

/** For `.catch()` of what does not follow links: turns "there is a link" into `undefined` and throws everything else. */
export function linkAsUndefined(error: unknown): undefined {
  if (errnoOf(error) !== "ELOOP") throw error;
  return undefined;
}
