/**
 * Failures of the operating system in plain words: what could not be done, to which path, and why.
 *
 * The library words most of them where they arise. What is left, a full disk behind stdout above all, is no bug of ours
 * and must not be reported as one.
 */
import { getSystemErrorMap } from "node:util";

import { errnoOf } from "../errno.ts";
import { SkillError } from "../errors.ts";

interface SystemError extends Error {
  readonly code: string;
  readonly errno: number;
  readonly syscall: string;
  readonly path?: string;
}

/** Opening is reading, unless it failed for a reason that only writers meet. */
const READING = new Set([
  "access",
  "fstat",
  "lstat",
  "open",
  "opendir",
  "read",
  "readlink",
  "realpath",
  "scandir",
  "stat",
]);
const WRITING = new Set([
  "chmod",
  "close",
  "copyfile",
  "fsync",
  "ftruncate",
  "link",
  "mkdir",
  "mkdtemp",
  "rename",
  "rm",
  "rmdir",
  "unlink",
  "utime",
  "write",
  "writev",
]);
const ONLY_WRITERS_MEET = new Set(["EDQUOT", "ENOSPC", "EROFS", "ETXTBSY"]);

/** What was being read and written, for errors that name no path themselves. */
export interface Places {
  readonly source?: string;
  readonly target?: string;
}

/**
 * A failure of the file system as the `FILE_UNREADABLE` or `TARGET_UNWRITABLE` that it amounts to; any other error as it
 * is.
 */
export function explainSystemError(error: unknown, { source = "a file", target = "a file" }: Places = {}): unknown {
  if (!isSystemError(error)) return error;
  const { code, syscall, path } = error;
  if (WRITING.has(syscall) || ONLY_WRITERS_MEET.has(code)) return unwritable(path ?? target, error);
  if (!READING.has(syscall)) return error;
  return new SkillError("FILE_UNREADABLE", `cannot read ${path ?? source}: ${reasonOf(error)}`, {
    hint: "Check that it exists and that you may read it.",
    cause: error,
  });
}

/** `TARGET_UNWRITABLE` for `place`, whichever file of ours the system refused; any other error as it is. */
export function unwritable(place: string, error: unknown): unknown {
  if (!isSystemError(error)) return error;
  return new SkillError("TARGET_UNWRITABLE", `cannot write ${place}: ${reasonOf(error)}`, {
    hint: "Check the path, its permissions and the space on its disk.",
    cause: error,
  });
}

/** Tells whether a write failed because its reader has gone. */
export function isBrokenPipe(error: unknown): boolean {
  return errnoOf(error) === "EPIPE";
}

function isSystemError(error: unknown): error is SystemError {
  return errnoOf(error) !== undefined && error instanceof Error && "syscall" in error && "errno" in error;
}

/** `no space left on device`: the system's own words, without the code and the call that `message` has around them. */
function reasonOf({ errno, message }: SystemError): string {
  return getSystemErrorMap().get(errno)?.[1] ?? message;
}
