/**
 * The file system of the machine, for a program that does one thing at a time.
 *
 * To hand a call to another thread and hear of its end takes several times as long as a call that the system answers from
 * memory: to name, look at, or write a few kilobytes into a file. A store of small skills makes dozens of those for
 * each skill. Here they are made where they are asked for; what waits for the disk (a flush) or moves much is not.
 * A server, which must answer others meanwhile, does so only while the disk is quick: see `adaptive-file-system.ts`.
 */
import {
  close,
  closeSync,
  constants,
  fstat,
  fstatSync,
  fsync,
  ftruncate,
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

import { absentAsUndefined, errnoOf } from "../../errno.ts";
import {
  fileState,
  fileStatus,
  nodeFileSystem,
  notRegular,
  tooLarge,
  type FileStatus,
  type FileSystem,
  type OpenFile,
} from "./file-system.ts";

/** Bytes that are copied at once; more are left to another thread. */
const FEW = 64 * 1024;

/** Bytes up to which a file is read whole here. */
const NOT_MANY = 8 * 1024 * 1024;

const flush = promisify(fsync);
const truncate = promisify(ftruncate);
const statElsewhere = promisify(fstat);
const readElsewhere = promisify(read);
const writeElsewhere = promisify(write);
const closeElsewhere = promisify(close);

/** Who decides, call by call, whether it is made here, and is told how long that takes by doing it. */
export interface Pace {
  readonly isQuick: boolean;
  /** To be waited for before a call, so that others get their turn; `undefined`: no need. */
  turn(): Promise<void> | undefined;
  timed<T>(call: () => T): T;
}

const ALWAYS_QUICK: Pace = { isQuick: true, turn: () => undefined, timed: (call) => call() };

/** As {@link nodeFileSystem}, on the calling thread where that is quicker. */
export const directFileSystem: FileSystem = createDirectFileSystem(ALWAYS_QUICK);

/** {@link directFileSystem} for as long as `pace` says that the disk is quick; otherwise {@link nodeFileSystem}. */
export function createDirectFileSystem(pace: Pace): FileSystem {
  const opened = (path: string, flags?: number): OpenFile => directFile(openRegular(path, flags).fd, pace);
  /** Made here, or elsewhere. */
  const either = async <T>(here: () => T, elsewhere: () => Promise<T>): Promise<T> => {
    // Of many who waited, those who come too late in the next turn wait again.
    for (let turn = pace.turn(); turn !== undefined && pace.isQuick; turn = pace.turn()) await turn;
    return pace.isQuick ? pace.timed(here) : elsewhere();
  };
  const there = nodeFileSystem;
  return {
    ...there,
    open: async (path) =>
      either(
        () => opened(path),
        async () => there.open(path),
      ),
    create: async (path) =>
      either(
        () => directFile(openSync(path, "wx", 0o644), pace),
        async () => there.create(path),
      ),
    append: async (path) =>
      either(
        () => opened(path, constants.O_WRONLY | constants.O_APPEND),
        async () => there.append(path),
      ),
    readFile: async (path, limit) =>
      either(
        () => readWhole(path, Math.min(limit, NOT_MANY)),
        async () => there.readFile(path, limit),
      ).catch((error: unknown) => {
        if (limit > NOT_MANY && errnoOf(error) === "EFBIG") return there.readFile(path, limit);
        throw error;
      }),
    status: async (path) =>
      either(
        () => statusOf(path),
        async () => there.status(path),
      ),
    makeDirectory: async (path) =>
      either(
        () => mkdirSync(path),
        async () => there.makeDirectory(path),
      ),
    rename: async (from, to) =>
      either(
        () => renameSync(from, to),
        async () => there.rename(from, to),
      ),
    link: async (existing, path) =>
      either(
        () => linkSync(existing, path),
        async () => there.link(existing, path),
      ),
    unlink: async (path) =>
      either(
        () => unlinkSync(path),
        async () => there.unlink(path),
      ),
    touch: async (path, time) =>
      either(
        () => lutimesSync(path, time / 1000, time / 1000),
        async () => there.touch(path, time),
      ),
    syncDirectory: async (path) => {
      if (!pace.isQuick || process.platform === "win32") return there.syncDirectory(path);
      const directory = directFile(
        pace.timed(() => openSync(path, "r")),
        pace,
      );
      try {
        await directory.sync();
      } finally {
        await directory.close();
      }
    },
  };
}

function statusOf(path: string): FileStatus | undefined {
  try {
    // To say that there is nothing costs less than to throw it.
    const found = lstatSync(path, { throwIfNoEntry: false });
    return found === undefined ? undefined : fileStatus(found);
  } catch (error) {
    return absentAsUndefined(error);
  }
}

function directFile(fd: number, pace: Pace): OpenFile {
  let isOpen = true;
  /** What has been asked for and has not ended: until it has, the descriptor must not become somebody else's. */
  const running = new Set<Promise<unknown>>();
  const tracked = async <T>(work: () => Promise<T>): Promise<T> => {
    const result = work();
    running.add(result);
    try {
      return await result;
    } finally {
      running.delete(result);
    }
  };
  const isHere = async (bytes: number): Promise<boolean> => {
    for (let turn = pace.turn(); turn !== undefined && pace.isQuick; turn = pace.turn()) await turn;
    return pace.isQuick && bytes <= FEW;
  };
  return {
    read: async (buffer, position) =>
      tracked(async () => {
        const { byteLength } = buffer;
        const from = position ?? null;
        if (await isHere(byteLength)) return pace.timed(() => readSync(fd, buffer, 0, byteLength, from));
        return (await readElsewhere(fd, buffer, 0, byteLength, from)).bytesRead;
      }),
    write: async (bytes) =>
      tracked(async () => {
        for (let at = 0; at < bytes.byteLength;) {
          const left = bytes.byteLength - at;
          at += (await isHere(left))
            ? pace.timed(() => writeSync(fd, bytes, at))
            : (await writeElsewhere(fd, bytes, at, left, null)).bytesWritten;
        }
      }),
    truncate: async (size) => tracked(async () => truncate(fd, size)),
    sync: async () => tracked(async () => flush(fd)),
    state: async () =>
      tracked(async () =>
        fileState(
          (await isHere(0))
            ? pace.timed(() => fstatSync(fd, { bigint: true }))
            : await statElsewhere(fd, { bigint: true }),
        ),
      ),
    close: async () => {
      // The number may be somebody else's by the second time.
      if (!isOpen) return;
      isOpen = false;
      while (running.size > 0) await Promise.allSettled(running);
      if (pace.isQuick) pace.timed(() => closeSync(fd));
      else await closeElsewhere(fd);
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

function readWhole(path: string, limit: number): Uint8Array {
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
