/** Configuration files: small, perhaps not there, perhaps not ours to read. */
import { constants } from "node:fs";
import { open, readdir, stat, type FileHandle } from "node:fs/promises";

import { errnoOf, isAbsent } from "../../errno.ts";
import { SkillError } from "../../errors.ts";

/** In bytes. No configuration file that a person keeps is near it. */
export const MAX_CONFIG_FILE = 1024 * 1024;

export interface ReadOptions {
  /** Whether somebody named this very file: then it must be there and readable. Default: false. */
  readonly required?: boolean;
  /** In bytes. Default: 1 MiB. */
  readonly limit?: number;
}

/**
 * The text of a file; `undefined` when there is none or this user may not read it, as in a container that runs under a
 * user id of its own. Links are followed: mounted configuration is made of them; /dev/null is an empty file. Throws
 * `CONFIG_INVALID` for what is too large, no UTF-8, a directory, or required and not to be had.
 */
export async function readConfigFile(path: string, options: ReadOptions = {}): Promise<string | undefined> {
  const { required = false, limit = MAX_CONFIG_FILE } = options;
  let handle: FileHandle | undefined;
  try {
    // A pipe is worth waiting for only where somebody named it, as with --ca-file <(…).
    handle = await open(path, constants.O_RDONLY | (required ? 0 : constants.O_NONBLOCK));
    return decode(path, await readAll(path, handle, limit));
  } catch (error) {
    if (!required && isOutOfReach(error)) return undefined;
    throw unreadable(path, error);
  } finally {
    await handle?.close();
  }
}

/** Throws `CONFIG_INVALID` when there is no such file. It is not opened: a pipe can be read once only. */
export async function checkThere(path: string): Promise<void> {
  try {
    await stat(path);
  } catch (error) {
    if (isAbsent(error)) throw unreadable(path, error);
  }
}

/** The names in a directory, in the order of their code units; none when it is not there or this user may not look into it. */
export async function listConfigDirectory(path: string): Promise<readonly string[]> {
  try {
    return (await readdir(path)).toSorted();
  } catch (error) {
    if (isOutOfReach(error)) return [];
    throw unreadable(path, error);
  }
}

/** Whether there is a directory that this user can see. */
export async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    if (isOutOfReach(error)) return false;
    throw unreadable(path, error);
  }
}

/** Whether an error says that there is nothing, or nothing for this user. */
function isOutOfReach(error: unknown): boolean {
  const errno = errnoOf(error);
  return isAbsent(error) || errno === "EACCES" || errno === "EPERM";
}

/** `CONFIG_INVALID` for a file and what is wrong with it. */
export function invalid(path: string, problem: string, hint?: string, cause?: unknown): SkillError {
  return new SkillError("CONFIG_INVALID", `${path} ${problem}`, {
    ...(hint === undefined ? {} : { hint }),
    ...(cause === undefined ? {} : { cause }),
  });
}

async function readAll(path: string, handle: FileHandle, limit: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of handle.createReadStream({ autoClose: false, end: limit }) as AsyncIterable<Uint8Array>) {
    chunks.push(chunk);
    size += chunk.byteLength;
  }
  if (size > limit) throw invalid(path, `is larger than ${limit} bytes`);
  return Buffer.concat(chunks);
}

function decode(path: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw invalid(path, "is not UTF-8 text", undefined, cause);
  }
}

function unreadable(path: string, error: unknown): unknown {
  const errno = errnoOf(error);
  if (errno === undefined) return error;
  const reason = REASONS[errno] ?? `the system says ${errno}`;
  return invalid(path, `cannot be read: ${reason}`, "Check the path and its permissions.", error);
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: "permission was denied",
  EISDIR: "it is a directory",
  ELOOP: "its links lead in a circle",
  ENOENT: "there is no such file",
  ENOTDIR: "there is no such file",
  EPERM: "permission was denied",
};
