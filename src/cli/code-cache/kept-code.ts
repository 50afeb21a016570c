/**
 * Compiled code, kept in a file from one call to the next.
 *
 * V8 runs what it is given here, so a file is believed only if nobody but this user can have put it there: it lies, a regular
 * file with one name, in a directory of mode 0700, has mode 0600, and both belong to the user who runs the call. Its first
 * line repeats what it was made from and in which file it was written, so one that was unpacked or restored to this place is
 * not taken for it: nobody elsewhere knows the change times and inode numbers of this machine. On any doubt it is as if there
 * were none; nothing here throws, and systems without owners and modes keep nothing.
 */
import * as fs from "node:fs";
import { dirname, join } from "node:path";

import { makeDirectoriesSync } from "../../directories.ts";
import { checksum } from "./checksum.ts";

const { O_RDONLY, O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK } = fs.constants;

/** The length of the first line, which leaves what follows aligned. In bytes. */
const HEADER = 512;
/** In bytes; what a call needs has some hundred kilobytes. */
const MAX_FILE = 16 * 1024 * 1024;
/** More than the commands of a few installations need: then there are files of versions that are gone. */
const MAX_FILES = 200;
const PRIVATE_DIRECTORY = 0o700;
const PRIVATE_FILE = 0o600;

/** Where the code of one script is kept. */
export interface CodePlace {
  /** Absolute; the directory is ours alone and is made when something is kept. */
  readonly file: string;
  /** Names what the code was made from, and all that would make it differ. One line. */
  readonly origin: string;
}

/** The code that an earlier call kept; `undefined` when there is none, or none that can be trusted. */
export function readCode({ file, origin }: CodePlace): Buffer | undefined {
  try {
    if (!isPrivateDirectory(dirname(file))) return undefined;
    return withFile(file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, (descriptor) => {
      const status = fs.fstatSync(descriptor);
      if (!isPrivateFile(status) || status.size <= HEADER || status.size > MAX_FILE) return undefined;
      const bytes = Buffer.allocUnsafeSlow(status.size);
      if (fs.readSync(descriptor, bytes, 0, bytes.byteLength, 0) !== bytes.byteLength) return undefined;
      const code = bytes.subarray(HEADER);
      return bytes.subarray(0, HEADER).equals(header(origin, descriptor, code)) ? code : undefined;
    });
  } catch {
    return undefined;
  }
}

/** Keeps code for later calls. `make` is asked for it when there is a place to write it to, and only then. */
export function keepCode({ file, origin }: CodePlace, make: () => Buffer): void {
  const directory = dirname(file);
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    makeDirectoriesSync(directory, PRIVATE_DIRECTORY);
    if (!isPrivateDirectory(directory)) return;
    removeIfMany(directory);
    withFile(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, (descriptor) => {
      const code = make();
      fs.writevSync(descriptor, [header(origin, descriptor, code), code]);
      // A name whose bytes a power cut took would be read, and refused, for ever.
      fs.fsyncSync(descriptor);
    });
    fs.renameSync(temporary, file);
  } catch {
    removeQuietly(temporary);
  }
}

function withFile<T>(path: string, flags: number, use: (descriptor: number) => T): T {
  const descriptor = fs.openSync(path, flags, PRIVATE_FILE);
  try {
    return use(descriptor);
  } finally {
    fs.closeSync(descriptor);
  }
}

/** The first line of a file, which is open as `descriptor`. */
function header(origin: string, descriptor: number, code: Uint8Array): Buffer {
  const { dev, ino } = fs.fstatSync(descriptor, { bigint: true });
  const line = `skillctl-code 1 ${origin} in ${dev}:${ino} ${code.byteLength} ${checksum(code)}`;
  return Buffer.from(`${line.padEnd(HEADER - 1)}\n`, "latin1").subarray(0, HEADER);
}

function isPrivateDirectory(path: string): boolean {
  const status = fs.lstatSync(path);
  return status.isDirectory() && isOurs(status) && (status.mode & 0o777) === PRIVATE_DIRECTORY;
}

function isPrivateFile(status: fs.Stats): boolean {
  return status.isFile() && status.nlink === 1 && isOurs(status) && (status.mode & 0o777) === PRIVATE_FILE;
}

function isOurs({ uid }: fs.Stats): boolean {
  return uid === process.geteuid?.();
}

function removeIfMany(directory: string): void {
  const names = fs.readdirSync(directory);
  if (names.length >= MAX_FILES) for (const name of names) removeQuietly(join(directory, name));
}

function removeQuietly(path: string): void {
  try {
    fs.unlinkSync(path);
  } catch {
    // What cannot be removed can be left.
  }
}
