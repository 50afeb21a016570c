/**
 * Failures of the operating system in plain words: what could not be done, to which path, and why.
 *
 * The library words most of them where they arise. What is left, a full disk behind stdout above all, is no bug of ours
 * and must not be reported as one.
 */
import { resolve } from "node:path";
import { getSystemErrorMap } from "node:util";

import { errnoOf } from "../errno.ts";
import { isSkillError, SkillError } from "../errors.ts";

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
 * A failure of the file system as the `FILE_UNREADABLE` or `TARGET_UNWRITABLE` that it amounts to; one that the library
 * gave a code, and left in the system's words, in ours; any other error as it is.
 */
export function explainSystemError(error: unknown, { source = "a file", target = "a file" }: Places = {}): unknown {
  if (isSkillError(error)) return inOurWords(error);
  if (!isSystemError(error)) return error;
  const { code, syscall } = error;
  if (syscall === "uv_cwd") return nowhere(error);
  if (WRITING.has(syscall) || ONLY_WRITERS_MEET.has(code)) return unwritable(asNamed(error, target), error);
  return READING.has(syscall) ? unreadable(asNamed(error, source), error) : error;
}

/** The path in the error; `named` where it is the same place, whose whole path some runtimes put into the errors of streams. */
function asNamed({ path }: SystemError, named: string): string {
  return path === undefined || path === resolve(named) ? named : path;
}

/** `TARGET_UNWRITABLE` for `place`, whichever file of ours the system refused; any other error as it is. */
export function unwritable(place: string, error: unknown): unknown {
  if (!isSystemError(error)) return error;
  const { reason, hint = "Check the path, its permissions and the space on its disk." } = explain(error, WRITE_REASONS);
  return new SkillError("TARGET_UNWRITABLE", `cannot write ${place}: ${reason}`, { hint, cause: error });
}

function unreadable(place: string, error: SystemError): SkillError {
  const { reason, hint = "Check that it exists and that you may read it." } = explain(error, READ_REASONS);
  return new SkillError("FILE_UNREADABLE", `cannot read ${place}: ${reason}`, { hint, cause: error });
}

/** For whoever stays in a directory that was removed: no relative path leads anywhere. */
function nowhere(cause: SystemError): SkillError {
  return new SkillError("FILE_UNREADABLE", "the current directory does not exist any more", {
    hint: "Go to one that does, with cd, and give the command again.",
    cause,
  });
}

/** Puts our words where the message quotes its cause: `ENOENT: no such file or directory, stat 'x'`, or `(ENOENT)`. */
function inOurWords(error: SkillError): SkillError {
  const { code, message, hint, cause } = error;
  if (!isSystemError(cause)) return error;
  const { reason } = explain(cause, code.startsWith("TARGET_") ? WRITE_REASONS : READ_REASONS);
  const worded = message.replace(cause.message, () => reason).replace(` (${cause.code})`, () => `: ${reason}`);
  return worded === message ? error : new SkillError(code, worded, { ...(hint === undefined ? {} : { hint }), cause });
}

/** Tells whether a write failed because its reader has gone. */
export function isBrokenPipe(error: unknown): boolean {
  return errnoOf(error) === "EPIPE";
}

function isSystemError(error: unknown): error is SystemError {
  return errnoOf(error) !== undefined && error instanceof Error && "syscall" in error && "errno" in error;
}

interface Explanation {
  readonly reason: string;
  readonly hint?: string;
}

const NOT_PERMITTED: Explanation = {
  reason: "permission was denied",
  hint: "Look at who may, with ls -l, or choose another place.",
};

const NO_DIRECTORIES_THERE: Explanation = {
  reason: "no directory can be made there",
  hint: "Choose another place.",
};

const READ_REASONS: Readonly<Record<string, Explanation>> = {
  EACCES: NOT_PERMITTED,
  EISDIR: { reason: "it is a directory", hint: "Name a file." },
  ENOENT: { reason: "there is no such file or directory", hint: "Check the spelling, and where you are." },
  ENOTDIR: { reason: "it is not a directory, or lies below what is none", hint: "Check the path." },
  EPERM: NOT_PERMITTED,
};

const WRITE_REASONS: Readonly<Record<string, Explanation>> = {
  EACCES: NOT_PERMITTED,
  EEXIST: { reason: "it exists already", hint: "Choose another name." },
  EISDIR: { reason: "it is a directory", hint: "Name a file in it." },
  ENOENT: { reason: "the directory it would be in does not exist", hint: "Make that directory first, with mkdir -p." },
  ENOSPC: { reason: "no space left on device", hint: "Free some space, or choose another disk." },
  ENOTDIR: { reason: "it lies below what is no directory", hint: "Check the path." },
  EPERM: NOT_PERMITTED,
};

/** The reason in our words, else in the system's own, without the code and the call that its message has around them. */
function explain({ code, errno, message, syscall }: SystemError, reasons: typeof READ_REASONS): Explanation {
  // What it would lie in has been made, or was there.
  if (syscall === "mkdir" && code === "ENOENT") return NO_DIRECTORIES_THERE;
  return reasons[code] ?? { reason: getSystemErrorMap().get(errno)?.[1] ?? message };
}
