/** Files that the command itself reads and writes: archives. */
import { createReadStream, createWriteStream } from "node:fs";
import { lstat, mkdtemp, open, realpath, rename, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

import type { Content } from "../content/index.ts";
import { makeDirectories } from "../directories.ts";
import { SkillError } from "../errors.ts";
import { isPipe, readPipe } from "./pipe.ts";
import { explainSystemError, unwritable } from "./system-error.ts";

/**
 * Writes `content` to `path` and returns the size in bytes. A file that is there, or a link that leads nowhere, is replaced only with `replaceExisting`, and
 * only when all of it has arrived; what is no regular file (a pipe, /dev/null) is written to as it is. Throws
 * `TARGET_EXISTS`, `TARGET_UNWRITABLE`, and what `content` throws.
 */
export async function writeFile(path: string, content: Content, replaceExisting = false): Promise<number> {
  try {
    const existing = await stat(path).catch(() => undefined);
    const isTaken = existing === undefined ? await exists(path) : existing.isFile();
    if (isTaken && !replaceExisting) throw targetExists(path);
    if (existing !== undefined && !existing.isFile()) return await writeTo(path, "w", content);
    return await replace(existing === undefined ? path : await realpath(path), content);
  } catch (error) {
    throw unwritable(path, error);
  }
}

/**
 * Writes small files below `directory`, which is made if it is absent, and returns their paths. None is written when one is
 * there already, unless `replaceExisting`. Throws as {@link writeFile} does.
 */
export async function writeFilesIn(
  directory: string,
  files: readonly { readonly file: string; readonly content: string }[],
  replaceExisting = false,
): Promise<readonly string[]> {
  const paths = files.map(({ file }) => join(directory, file));
  for (const path of replaceExisting ? [] : paths) if (await exists(path)) throw targetExists(path);
  for (const [at, { content }] of files.entries()) {
    const path = paths[at] ?? directory;
    await makeDirectories(dirname(path)).catch((error: unknown) => {
      throw unwritable(dirname(path), error);
    });
    await writeFile(path, contentOf(content), replaceExisting);
  }
  return paths;
}

/** Whether there is something by this name: also a link that leads nowhere. */
async function exists(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => undefined)) !== undefined;
}

async function* contentOf(text: string): Content {
  yield Buffer.from(text);
}

function targetExists(path: string): SkillError {
  return new SkillError("TARGET_EXISTS", `${path} exists already`, {
    hint: "Name another file, or replace it with --force.",
  });
}

async function replace(target: string, content: Content): Promise<number> {
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
  const file = await open(path, flags);
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
 * Calls `use` with a function that opens `path` from its start, as often as wanted. `-` is `stdin`; that, and a pipe at `path`, is
 * kept in a temporary file meanwhile, as it flows by only once. Throws `FILE_UNREADABLE`, and `TARGET_UNWRITABLE` when that copy
 * cannot be made.
 */
export async function withReadableFile<T>(
  path: string,
  stdin: Readable,
  signal: AbortSignal,
  use: (open: () => Content) => Promise<T>,
): Promise<T> {
  if (path === "-") return withCopy(stdin, "stdin", signal, use);
  return (await isPipe(path)) ? withCopy(readPipe(path, signal), path, signal, use) : use(() => readFile(path));
}

async function withCopy<T>(
  content: Content | Readable,
  source: string,
  signal: AbortSignal,
  use: (open: () => Content) => Promise<T>,
): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), "skillctl-"));
  try {
    const copy = join(directory, "copy");
    await keep(content, source, copy, signal);
    return await use(() => readFile(copy));
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function keep(content: Content | Readable, source: string, copy: string, signal: AbortSignal): Promise<void> {
  try {
    await pipeline(content, createWriteStream(copy), { signal });
  } catch (error) {
    throw explainSystemError(error, { source, target: copy });
  }
}

async function* readFile(path: string): Content {
  try {
    yield* createReadStream(path) as AsyncIterable<Uint8Array>;
  } catch (error) {
    throw explainSystemError(error, { source: path });
  }
}
