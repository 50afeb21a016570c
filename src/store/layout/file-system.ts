/**
 * Everything that a layout store does to a disk, as one small interface.
 *
 * Durability is a claim about what the disk holds after the power went, which only a file system that can lose things
 * on purpose can test; so the store talks to this seam, and tests put a forgetful or failing file system behind it.
 */
import { constants, type BigIntStats, type Stats } from "node:fs";
import { link, lstat, lutimes, mkdir, open, readdir, rename, unlink, type FileHandle } from "node:fs/promises";

import { absentAsUndefined } from "../../errno.ts";

export interface FileStatus {
  readonly kind: "file" | "directory" | "other";
  /** In bytes. */
  readonly size: number;
  /** Time of the last change, in milliseconds since 1970. */
  readonly modified: number;
}

/** What {@link OpenFile.state} says. */
export interface FileState {
  readonly id: string;
  readonly settled: boolean;
}

/** An open file. Reads and writes go on from where the last one ended. */
export interface OpenFile {
  /**
   * Fills `buffer` from its beginning; resolves to the number of bytes read, 0 at the end of the file. With `position`, reads
   * from there, and where the last read ended stays as it was.
   */
  read(buffer: Uint8Array, position?: number): Promise<number>;
  /** Writes all of `bytes`. */
  write(bytes: Uint8Array): Promise<void>;
  /** Leaves the first `size` bytes of a file that is written to, which has at least so many. */
  truncate(size: number): Promise<void>;
  /** Returns when the content is on the disk. */
  sync(): Promise<void>;
  /**
   * Another one for every state that the file was in: device, number, size and the nanoseconds at which content and status were
   * changed last. `settled`: whether so much time went by since then that a further change cannot have the same. Left out
   * where a file system cannot say.
   */
  state?(): Promise<FileState>;
  close(): Promise<void>;
}

/**
 * Rejections are Node's: errors with a `code` such as `ENOENT`. Whoever made a store's directory may have put a link or a
 * pipe in the place of a file, so the last name of a path is never followed, and nothing but regular files is opened:
 * `ELOOP` for a symbolic link, `EFTYPE` for anything else.
 */
export interface FileSystem {
  /** Opens an existing file for reading. */
  open(path: string): Promise<OpenFile>;
  /** Creates a file for writing; `EEXIST` when there is one. */
  create(path: string): Promise<OpenFile>;
  /** Opens an existing file for writing at its end. */
  append(path: string): Promise<OpenFile>;
  /** Reads a whole file; `EFBIG` when it is larger than `limit` bytes. */
  readFile(path: string, limit: number): Promise<Uint8Array>;
  /** Resolves to `undefined` when there is nothing; a symbolic link is `other`. */
  status(path: string): Promise<FileStatus | undefined>;
  list(directory: string): Promise<string[]>;
  /** Creates one directory, not its parents. */
  makeDirectory(path: string): Promise<void>;
  /** Replaces `to` atomically. */
  rename(from: string, to: string): Promise<void>;
  /** Gives a file a second name; `EEXIST` when that name is taken. */
  link(existing: string, path: string): Promise<void>;
  unlink(path: string): Promise<void>;
  /** Sets the time of the last change to `time`, in milliseconds since 1970. */
  touch(path: string, time: number): Promise<void>;
  /** Returns when the names in a directory are on the disk. */
  syncDirectory(path: string): Promise<void>;
}

/** Milliseconds: more than any file system's clock goes on in one step. */
const CLOCK_STEP = 2000;
/** The same of those that count less than a millisecond: they have the machine's clock, or a finer one. */
const FINE_CLOCK_STEP = 100;
const MILLISECOND = 1_000_000n;

/** The file system of the machine. */
export const nodeFileSystem: FileSystem = {
  open: async (path) => nodeFile((await openRegular(path)).handle),
  create: async (path) => nodeFile(await open(path, "wx", 0o644)),
  append: async (path) => nodeFile((await openRegular(path, constants.O_WRONLY | constants.O_APPEND)).handle),
  readFile: readWhole,
  status: async (path) => {
    const found = await lstat(path).catch(absentAsUndefined);
    return found === undefined ? undefined : fileStatus(found);
  },
  list: async (directory) => readdir(directory),
  makeDirectory: async (path) => mkdir(path),
  rename,
  link,
  unlink,
  touch: async (path, time) => lutimes(path, time / 1000, time / 1000),
  syncDirectory: async (path) => {
    // Windows has no handle on a directory that could be flushed; NTFS journals its names itself.
    if (process.platform === "win32") return;
    await using(await open(path, "r"), (directory) => directory.sync());
  },
};

function nodeFile(handle: FileHandle): OpenFile {
  return {
    read: async (buffer, position) => (await handle.read(buffer, 0, buffer.byteLength, position ?? null)).bytesRead,
    write: async (bytes) => {
      for (let at = 0; at < bytes.byteLength;) {
        at += (await handle.write(bytes, at, bytes.byteLength - at, null)).bytesWritten;
      }
    },
    truncate: async (size) => handle.truncate(size),
    sync: async () => handle.sync(),
    state: async () => fileState(await handle.stat({ bigint: true })),
    close: async () => handle.close(),
  };
}

/** Does not wait for a pipe's other end. Windows has neither of the two flags; there they are 0. */
async function openRegular(
  path: string,
  flags = constants.O_RDONLY,
): Promise<{ readonly handle: FileHandle; readonly size: number }> {
  const handle = await open(path, flags | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const status = await handle.stat();
    if (!status.isFile()) throw notRegular(path);
    return { handle, size: status.size };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function readWhole(path: string, limit: number): Promise<Uint8Array> {
  const { handle: opened, size } = await openRegular(path);
  return using(opened, async (handle) => {
    if (size > limit) throw tooLarge(path);
    const bytes = new Uint8Array(size);
    let at = 0;
    while (at < size) {
      const { bytesRead } = await handle.read(bytes, at, size - at, null);
      if (bytesRead === 0) return bytes.subarray(0, at);
      at += bytesRead;
    }
    return bytes;
  });
}

async function using<T>(handle: FileHandle, work: (handle: FileHandle) => Promise<T>): Promise<T> {
  try {
    return await work(handle);
  } finally {
    await handle.close();
  }
}

/** What {@link FileSystem.status} says of a file that is there. */
export function fileStatus(found: Stats): FileStatus {
  const kind = found.isFile() ? "file" : found.isDirectory() ? "directory" : "other";
  return { kind, size: found.size, modified: found.mtimeMs };
}

/** What {@link OpenFile.state} says of a file. */
export function fileState({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): FileState {
  const step = ctimeNs % MILLISECOND === 0n ? CLOCK_STEP : FINE_CLOCK_STEP;
  const settled = BigInt(Date.now() - step) * MILLISECOND > ctimeNs;
  return { id: [dev, ino, size, mtimeNs, ctimeNs].join(), settled };
}

/** The failure to open what is no regular file. */
export function notRegular(path: string): Error {
  return errno("EFTYPE", `not a regular file, open '${path}'`);
}

/** The failure to read a file that is over its limit. */
export function tooLarge(path: string): Error {
  return errno("EFBIG", `file too large, read '${path}'`);
}

function errno(code: string, what: string): Error {
  return Object.assign(new Error(`${code}: ${what}`), { code });
}
