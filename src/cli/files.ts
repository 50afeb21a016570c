/** Files that the command itself reads and writes: archives. */
import { createReadStream, createWriteStream } from "node:fs";
import { mkdtemp, open, realpath, rename, rm, stat, type FileHandle } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

import { SkillError } from "../errors.ts";
import type { Content } from "../store/types.ts";

/**
 * Writes `content` to `path` and returns the size in bytes. A file that is there is replaced only when all of it has
 * arrived; what is no regular file (a pipe, /dev/null) is written to as it is. Throws `FILE_UNREADABLE`.
 */
export async function writeFile(path: string, content: Content): Promise<number> {
  const existing = await stat(path).catch(() => undefined);
  if (existing !== undefined && !existing.isFile()) return writeTo(path, "w", content);
  const target = existing === undefined ? path : await realpath(path);
  const temporary = join(dirname(target), `.${basename(target)}.${process.pid}.tmp`);
  try {
    const size = await writeTo(temporary, "wx", content);
    await rename(temporary, target);
    return size;
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

async function writeTo(path: string, flags: "w" | "wx", content: Content): Promise<number> {
  const file = await openFile(path, flags);
  let size = 0;
  try {
    for await (const chunk of content) {
      await file.writeFile(chunk);
      size += chunk.byteLength;
    }
    if (flags === "wx") await file.sync();
    return size;
  } finally {
    await file.close();
  }
}

/**
 * Calls `use` with a function that opens `path` from its start, as often as wanted. `-` is `stdin`, which is kept in a
 * temporary file meanwhile, as it flows by only once. Throws `FILE_UNREADABLE`.
 */
export async function withReadableFile<T>(
  path: string,
  stdin: Readable,
  signal: AbortSignal,
  use: (open: () => Content) => Promise<T>,
): Promise<T> {
  if (path !== "-") return use(() => readFile(path));
  const directory = await mkdtemp(join(tmpdir(), "skillctl-"));
  try {
    const copy = join(directory, "stdin");
    await pipeline(stdin, createWriteStream(copy), { signal });
    return await use(() => readFile(copy));
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function* readFile(path: string): Content {
  try {
    yield* createReadStream(path) as AsyncIterable<Uint8Array>;
  } catch (cause) {
    throw new SkillError("FILE_UNREADABLE", `cannot read ${path}: ${reasonOf(cause)}`, { cause });
  }
}

async function openFile(path: string, flags: "w" | "wx"): Promise<FileHandle> {
  try {
    return await open(path, flags);
  } catch (cause) {
    throw new SkillError("FILE_UNREADABLE", `cannot write into ${dirname(path)}: ${reasonOf(cause)}`, { cause });
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
