import { invalid, refused } from "./refusals.ts";
import { decodeName } from "./tar-fields.ts";

/** What a pax extended header says that we heed; everything else in it is dropped. */
export interface PaxOverrides {
  readonly path?: string;
  readonly size?: number;
}

const SPACE = 0x20;
const EQUALS = 0x3d;
const NEWLINE = 0x0a;

// Facts that we drop: times, owners, and what tools add about the file they saw (extended attributes, flags, inode).
// By name, not by vendor: SCHILY.realsize, SCHILY.filetype or LIBARCHIVE.symlinktype make the entry another one elsewhere.
const DROPPED: ReadonlySet<string> = new Set(
  [
    ["atime", "ctime", "mtime", "uid", "gid", "uname", "gname", "comment"],
    ["SCHILY.dev", "SCHILY.devmajor", "SCHILY.devminor", "SCHILY.ino", "SCHILY.nlink", "SCHILY.fflags"],
    ["LIBARCHIVE.creationtime", "MSWINDOWS.fileattr", "MSWINDOWS.rawsd", "RHT.security.selinux"],
  ].flat(),
);
const DROPPED_FAMILIES = /^(?:SCHILY\.(?:acl|xattr)|LIBARCHIVE\.xattr)\../;

/**
 * Reads the body of a pax extended header. Throws `ARCHIVE_INVALID` unless it is made of whole, well-formed records
 * without repeated keys, and `ARCHIVE_REFUSED` for keys that make the entry something else than a plain file.
 * POSIX.1-2017 "pax Extended Header".
 */
export function parsePax(body: Uint8Array, entry: string): PaxOverrides {
  const seen = new Set<string>();
  const overrides: { path?: string; size?: number } = {};
  for (let offset = 0; offset < body.length;) {
    const { key, value, end } = record(body, offset);
    offset = end;
    if (seen.has(key)) throw invalid("a pax header in it repeats a key");
    seen.add(key);
    if (key === "path") overrides.path = decodeName(value);
    else if (key === "size") overrides.size = decimal(value);
    else if (!DROPPED.has(key) && !DROPPED_FAMILIES.test(key))
      throw refused(entry, "its pax header holds a key that we do not accept");
  }
  return overrides;
}

interface PaxRecord {
  readonly key: string;
  readonly value: Uint8Array;
  readonly end: number;
}

/** One record: its whole length in decimal, a space, `key=value`, a newline. */
function record(body: Uint8Array, start: number): PaxRecord {
  const space = body.indexOf(SPACE, start);
  const digits = space === -1 || space - start > 8 ? "" : latin1(body.subarray(start, space));
  if (!/^[1-9]\d*$/.test(digits)) throw invalid("a pax header in it has a malformed length");
  const end = start + Number(digits);
  const equals = body.indexOf(EQUALS, space);
  if (end > body.length || body[end - 1] !== NEWLINE) throw invalid("a pax record in it has a wrong length");
  if (equals <= space + 1 || equals >= end) throw invalid("a pax record in it has no key");
  return { key: decodeName(body.subarray(space + 1, equals)), value: body.subarray(equals + 1, end - 1), end };
}

function decimal(value: Uint8Array): number {
  const text = latin1(value);
  const size = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(size)) throw invalid("a pax header in it holds a size that is not a number in range");
  return size;
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1");
}
