/**
 * The headers that we write: POSIX ustar, with a pax extended header only where ustar cannot say it. Every byte is
 * fixed by path, kind, size and mtime, because a layer's digest is a contract. POSIX.1-2017 "pax", "ustar
 * Interchange Format".
 */
import { isAscii } from "./path-rules.ts";

/** Tars are made of blocks of this many bytes. */
export const TAR_BLOCK = 512;

/** The largest number that eleven octal digits hold: just under 8 GiB, or the year 2242. */
export const MAX_OCTAL_11 = 0o77777777777;

interface HeaderFields {
  /** A directory's ends in `/`. */
  readonly path: string;
  readonly type: "0" | "5";
  readonly mode: number;
  readonly size: number;
  readonly mtime: number;
}

/** The header blocks of one entry: one block of ustar, after a pax header if it is needed. */
export function encodeHeader(entry: HeaderFields): Uint8Array {
  const name = splitName(entry.path);
  const records: string[] = [];
  if (name === undefined) records.push(paxRecord("path", entry.path));
  if (entry.size > MAX_OCTAL_11) records.push(paxRecord("size", String(entry.size)));
  const size = entry.size > MAX_OCTAL_11 ? 0 : entry.size;
  const main = ustar(name ?? fallbackName(entry.path), entry.type, entry.mode, size, entry.mtime);
  if (records.length === 0) return main;
  const body = Buffer.from(records.join(""));
  const paxName = { name: "PaxHeaders.0/pax", prefix: "" };
  return Buffer.concat([
    ustar(paxName, "x", 0o644, body.length, entry.mtime),
    body,
    new Uint8Array(paddingOf(body.length)),
    main,
  ]);
}

/** How many zero bytes follow content of `size` bytes. */
export function paddingOf(size: number): number {
  return (TAR_BLOCK - (size % TAR_BLOCK)) % TAR_BLOCK;
}

interface UstarName {
  readonly name: string;
  readonly prefix: string;
}

/** Divides a path over ustar's two name fields; `undefined` when it does not fit or is not ASCII. */
function splitName(path: string): UstarName | undefined {
  if (!isAscii(path)) return undefined;
  if (path.length <= 100) return { name: path, prefix: "" };
  // The rightmost slash that leaves a prefix of at most 155 and a name of 1 to 100 bytes.
  const slash = path.lastIndexOf("/", Math.min(155, path.length - 2));
  if (slash < 1 || path.length - slash - 1 > 100) return undefined;
  return { name: path.slice(slash + 1), prefix: path.slice(0, slash) };
}

/** What a reader sees that knows no pax: as much of the name as ASCII and 100 bytes can show. */
function fallbackName(path: string): UstarName {
  const shown = path.replace(/[^\x20-\x7e]/gu, "_");
  const name = shown.length <= 100 ? shown : shown.slice(0, 99) + (path.endsWith("/") ? "/" : "_");
  return { name, prefix: "" };
}

function ustar({ name, prefix }: UstarName, type: string, mode: number, size: number, mtime: number): Buffer {
  const block = Buffer.alloc(TAR_BLOCK);
  block.write(name, 0, 100, "latin1");
  block.write(octal(mode, 7), 100, "latin1");
  block.write(octal(0, 7), 108, "latin1");
  block.write(octal(0, 7), 116, "latin1");
  block.write(octal(size, 11), 124, "latin1");
  block.write(octal(mtime, 11), 136, "latin1");
  block.write("        ", 148, "latin1");
  block.write(type, 156, "latin1");
  block.write("ustar\x0000", 257, "latin1");
  block.write(octal(0, 7), 329, "latin1");
  block.write(octal(0, 7), 337, "latin1");
  block.write(prefix, 345, 155, "latin1");
  let sum = 0;
  for (const byte of block) sum += byte;
  block.write(`${octal(sum, 6)}\0 `, 148, "latin1");
  return block;
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, "0");
}

/** A pax record: its own length in decimal, a space, `key=value`, a newline. */
function paxRecord(key: string, value: string): string {
  const rest = Buffer.byteLength(` ${key}=${value}\n`);
  let length = rest + String(rest).length;
  if (String(length).length !== String(rest).length) length = rest + String(length).length;
  return `${length} ${key}=${value}\n`;
}
