/** What the disk refuses, said so that a person knows what to do. */
import { errnoOf } from "../../errno.ts";
import { SkillError } from "../../errors.ts";

/** What lies in a directory, and the flag that names another directory for it. */
export interface Place {
  readonly noun: string;
  readonly flag: string;
}

const STORE: Place = { noun: "store", flag: "--store" };

type Hint = string | ((place: Place) => string);

const owned: Hint = ({ noun, flag }) => `Use a ${noun} that you own, or name another one with ${flag}.`;

const REASONS: Readonly<Record<string, readonly [what: string, hint: Hint]>> = {
  EACCES: ["permission was denied", owned],
  EDQUOT: ["the disk quota is used up", "Free some space; nothing that was stored before is affected."],
  EFBIG: ["it is too large", "Nothing that was stored before is affected."],
  EFTYPE: [
    "it is not a regular file",
    ({ noun }) => `Look at what it is; a ${noun} consists of files and directories only.`,
  ],
  EIO: ["the disk reported an error", "Check the disk; nothing is acknowledged that did not reach it."],
  ELOOP: ["it is a symbolic link", ({ noun }) => `Put what it points at in its place; a ${noun} follows no links.`],
  EMFILE: ["too many files are open", "Raise the limit on open files (ulimit -n) or do less at once."],
  ENFILE: ["too many files are open on this machine", "Raise the system's limit on open files or do less at once."],
  ENOSPC: ["the disk is full", "Free some space; nothing that was stored before is affected."],
  EPERM: ["the operation is not permitted", owned],
  EROFS: ["the file system is read-only", ({ noun, flag }) => `Name a ${noun} on a writable file system with ${flag}.`],
};

/**
 * Runs work that writes below `path` and turns a failure of the file system into `STORE_UNWRITABLE`. Errors that have
 * a code of ours already, and those of the content that is being written, pass through. Hints are about the `place`.
 */
export async function writing<T>(path: string, work: () => Promise<T>, place: Place = STORE): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw unwritable(path, error, place);
  }
}

/** {@link writing} for an error that is at hand. */
export function unwritable(path: string, error: unknown, place: Place = STORE): unknown {
  const errno = errnoOf(error);
  if (errno === undefined) return error;
  const [what, hint] = REASONS[errno] ?? [errno, "Nothing that was stored before is affected."];
  return new SkillError("STORE_UNWRITABLE", `cannot write ${path}: ${what}`, {
    hint: typeof hint === "string" ? hint : hint(place),
    cause: error,
  });
}

/** Runs work that reads `path` and turns a failure of the file system into `FILE_UNREADABLE`. */
export async function reading<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw unreadable(path, error);
  }
}

/** {@link reading} for an error that is at hand. */
export function unreadable(path: string, error: unknown): unknown {
  const errno = errnoOf(error);
  if (errno === undefined) return error;
  const [what] = REASONS[errno] ?? [errno];
  return new SkillError("FILE_UNREADABLE", `cannot read ${path}: ${what}`, {
    hint: "Check that it exists, that you may read it, and that the disk is sound.",
    cause: error,
  });
}

/** Whether a file system error says that this place may not be written, by us or by anybody. */
export function isReadOnly(error: unknown): boolean {
  const errno = errnoOf(error);
  return errno === "EACCES" || errno === "EPERM" || errno === "EROFS";
}

/** Passes every other failure on than one of which {@link isReadOnly} holds. */
export function unlessReadOnly(error: unknown): void {
  if (!isReadOnly(error)) throw error;
}

/** Whether a file system error says that there is no room left. */
export function isFull(error: unknown): boolean {
  const errno = errnoOf(error);
  return errno === "ENOSPC" || errno === "EDQUOT";
}

/** Whether a file system error says that something other than a regular file is at the path. */
export function isIrregular(error: unknown): boolean {
  const errno = errnoOf(error);
  return errno === "ELOOP" || errno === "EFTYPE";
}

const UNOPENED: ReadonlySet<string | undefined> = new Set(["EACCES", "EMFILE", "ENFILE", "ENOENT", "ENOTDIR"]);

/** Whether a flush failed as what it was for could not be opened, which fsync(2) never reports: the disk was not asked yet. */
export function isUnopened(error: unknown): boolean {
  return UNOPENED.has(errnoOf(error));
}
