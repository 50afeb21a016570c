import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { open } from "node:fs/promises";

import type { Content } from "../content/index.ts";
import { errnoOf } from "../errno.ts";
import { SkillError } from "../errors.ts";
import { quote } from "../text/index.ts";

const SMALL = 64 * 1024;
const CHUNK = 256 * 1024;

// Neither follow a symlink nor wait for the writer of a FIFO that took the file's place since it was listed.
const FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/**
 * Streams a regular file that was `size` bytes large when it was listed. Throws `FILE_UNREADABLE` when it cannot be
 * read, is no regular file any more, or holds more or fewer bytes by now: its header has been written already.
 */
export async function* fileContent(location: string, path: string, size: number): AsyncGenerator<Uint8Array> {
  if (size <= SMALL) yield smallFile(location, path, size);
  else yield* largeFile(location, path, size);
}

/** Four thread hops would take ten times as long as the reading, and a skill is mostly small files. */
function smallFile(location: string, path: string, size: number): Uint8Array {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(location, FLAGS);
    const found = fstatSync(descriptor);
    if (!found.isFile() || found.size !== size) throw changed(path);
    const buffer = Buffer.allocUnsafe(size + 1);
    let filled = 0;
    for (let read = -1; read !== 0 && filled <= size; filled += read) {
      read = readSync(descriptor, buffer, filled, buffer.length - filled, null);
    }
    if (filled !== size) throw changed(path);
    return buffer.subarray(0, size);
  } catch (error) {
    throw error instanceof SkillError ? error : unreadable(path, error);
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

async function* largeFile(location: string, path: string, size: number): AsyncGenerator<Uint8Array> {
  const handle = await open(location, FLAGS).catch((cause: unknown) => {
    throw unreadable(path, cause);
  });
  try {
    const found = await handle.stat();
    if (!found.isFile() || found.size !== size) throw changed(path);
    for (let left = size; ;) {
      // Asking for one byte more than is left shows the end of the file without another read.
      const buffer = Buffer.allocUnsafe(Math.min(left + 1, CHUNK));
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, null);
      if (bytesRead > left || (bytesRead === 0 && left > 0)) throw changed(path);
      if (bytesRead === 0) return;
      left -= bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  } catch (error) {
    throw error instanceof SkillError ? error : unreadable(path, error);
  } finally {
    await handle.close();
  }
}

/** Passes `content` on, and throws `FILE_UNREADABLE` unless it is exactly `size` bytes. */
export async function* exactly(content: Content, path: string, size: number): AsyncGenerator<Uint8Array> {
  let left = size;
  for await (const chunk of content) {
    left -= chunk.length;
    if (left < 0) throw changed(path);
    yield chunk;
  }
  if (left !== 0) throw changed(path);
}

/** The error for a file or directory that cannot be read. */
export function unreadable(path: string, cause: unknown): SkillError {
  const errno = errnoOf(cause);
  const detail = errno === undefined ? "" : ` (${errno})`;
  return new SkillError("FILE_UNREADABLE", `${quote(path)} cannot be read${detail}`, {
    hint: "Check that it exists and that you may read it.",
    cause,
  });
}

function changed(path: string): SkillError {
  return new SkillError("FILE_UNREADABLE", `${quote(path)} changed while it was being read`, {
    hint: "Try again when nothing writes to it.",
  });
}
