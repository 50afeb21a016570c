/**
 * The file system of the machine, for a program that does one thing at a time.
 *
 * To hand a call to another thread and hear of its end takes several times as long as a call that the system answers from
 * memory: to name, look at, or write a few kilobytes into a file. A store of small skills makes dozens of those for
 * each skill. Here they are made where they are asked for; what waits for the disk (a flush) or moves much is not.
 * A server, which must answer others meanwhile, keeps to {@link nodeFileSystem}.
 */
import {
  closeSync,
  constants,
  fstatSync,
  fsync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  read,
  readSync,
  renameSync,
  unlinkSync,
  write,
  writeSync,
} from "node:fs";
import { promisify } from "node:util";

import { absentAsUndefined } from "../../errno.ts";
import { fileStatus, nodeFileSystem, notRegular, tooLarge, type FileSystem, type OpenFile } from "./file-system.ts";

/** Bytes that are copied at once; more are left to another thread. */
const FEW = 64 * 1024;

const flush = promisify(fsync);
const readElsewhere = promisify(read);
const writeElsewhere = promisify(write);

/** As {@link nodeFileSystem}, on the calling thread where that is quicker. */
export const directFileSystem: FileSystem = {
  ...nodeFileSystem,
  open: async (path) => directFile(openRegular(path).fd),
  create: async (path) => directFile(openSync(path, "wx", 0o644)),
  append: async (path) => directFile(openRegular(path, constants.O_WRONLY | constants.O_APPEND).fd),
  readFile: async (path, limit) => readWhole(path, limit),
  status: async (path) => {
    try {
      return fileStatus(lstatSync(path));
    } catch (error) {
      return absentAsUndefined(error);
    }
  },
  makeDirectory: async (path) => mkdirSync(path),
  rename: async (from, to) => renameSync(from, to),
  link: async (existing, path) => linkSync(existing, path),
  unlink: async (path) => unlinkSync(path),
  touch: async (path, time) => lutimesSync(path, time / 1000, time / 1000),
};

function directFile(fd: number): OpenFile {
  let isOpen = true;
  return {
    read: async (buffer, position) => {
      if (buffer.byteLength <= FEW) return readSync(fd, buffer, 0, buffer.byteLength, position ?? null);
      return (await readElsewhere(fd, buffer, 0, buffer.byteLength, position ?? null)).bytesRead;
    },
    write: async (bytes) => {
      for (let at = 0; at < bytes.byteLength;) {
        const left = bytes.byteLength - at;
        at += left <= FEW ? writeSync(fd, bytes, at) : (await writeElsewhere(fd, bytes, at, left, null)).bytesWritten;
      }
    },
    sync: async () => flush(fd),
    close: async () => {
      // The number may be somebody else's by the second time.
      if (isOpen) closeSync(fd);
      isOpen = false;
    },
  };
}

function openRegular(path: string, flags = constants.O_RDONLY): { readonly fd: number; readonly size: number } {
  const fd = openSync(path, flags | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const status = fstatSync(fd);
    if (!status.isFile()) throw notRegular(path);
    return { fd, size: status.size };
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

async function readWhole(path: string, limit: number): Promise<Uint8Array> {
  const { fd, size } = openRegular(path);
  try {
    if (size > limit) throw tooLarge(path);
    const bytes = new Uint8Array(size);
    for (let at = 0; at < size;) {
      const length = readSync(fd, bytes, at, size - at, null);
      if (length === 0) return bytes.subarray(0, at);
      at += length;
    }
    return bytes;
  } finally {
    closeSync(fd);
  }
}
