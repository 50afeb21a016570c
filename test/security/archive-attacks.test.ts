/**
 * The catalogue of hostile archives. Each must be refused whole: the target absent, nothing left beside it, and no
 * byte anywhere outside, not even of the harmless entry that comes first.
 */
import { createHash, randomBytes } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deflateRawSync, gzipSync } from "node:zlib";

import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { type ArchiveLimits, extractLayers, type LayerSource, readLayers } from "../../src/archive/index.ts";
import { isSkillError, type SkillErrorCode } from "../../src/errors.ts";
import type { Digest } from "../../src/oci/digest.ts";
import {
  gzipped,
  inPieces,
  longName,
  pax,
  paxRecord,
  type RawEntry,
  rawEntry,
  rawTar,
  rawTarOpen,
} from "../fixtures/raw-tar.ts";

let room: string;

beforeEach(async () => {
  room = await realpath(await mkdtemp(join(tmpdir(), "attack-")));
  await mkdir(join(room, "home"));
  await writeFile(join(room, "outside.txt"), "untouched");
});

afterEach(async () => {
  await rm(room, { recursive: true, force: true });
});

interface Attack {
  readonly name: string;
  readonly code: SkillErrorCode;
  readonly bytes: () => Uint8Array;
  /** What the message must say. */
  readonly says?: RegExp;
  readonly limits?: Partial<ArchiveLimits>;
  readonly diffId?: Digest;
}

const GOOD: RawEntry = { name: "first.txt", content: "harmless" };

/** An archive whose second entry is the hostile one. */
function after(...parts: (RawEntry | Uint8Array)[]): () => Uint8Array {
  return () => gzipped(rawTar(GOOD, ...parts));
}

function named(what: string, name: string | Uint8Array, says?: RegExp): Attack {
  const entry =
    Buffer.byteLength(name as string) > 100 ? [longName(String(name)), { content: "x" }] : [{ name, content: "x" }];
  return { name: what, code: "ARCHIVE_REFUSED", bytes: after(...entry), ...(says && { says }) };
}

function typed(what: string, type: string, more: Partial<RawEntry> = {}): Attack {
  return { name: what, code: "ARCHIVE_REFUSED", bytes: after({ name: "evil", type, ...more }), says: /"evil"/ };
}

const PATHS: readonly Attack[] = [
  named("absolute path", "/etc/passwd", /absolute/),
  named("absolute path behind a leading ./", ".//etc/passwd", /absolute/),
  named("drive-relative path", "C:evil", /colon/),
  named("drive-absolute path", "C:/evil", /colon/),
  named("UNC path with slashes", "//server/share/evil", /absolute/),
  named("UNC path with backslashes", "\\\\server\\share\\evil", /backslash/),
  named(".. at the start", "../outside.txt", /climbs/),
  named(".. in the middle", "a/../../outside.txt", /climbs/),
  named(".. at the end", "a/..", /climbs/),
  named(".. that stays inside", "a/../b", /climbs/),
  named(".. that is one by compatibility only", "\u2025/outside.txt", /climbs/),
  named("backslash", "a\\b", /backslash/),
  named("backslash climbing on Windows", "..\\outside.txt", /backslash/),
  named("newline in a name", "a\nb", /U\+000A/),
  named("escape sequence in a name", "a\u001b[2Jb", /\\u\{1b\}/),
  named("C1 control in a name", "a\u009bb", /U\+009B/),
  named("right-to-left override in a name", "a\u202egpj.exe", /U\+202E/),
  named("zero-width space in a name", "a\u200bb", /U\+200B/),
  named("byte order mark in a name", "\ufeffa", /U\+FEFF/),
  named("tag character in a name", "a\u{e0041}b", /U\+E0041/),
  named("empty component", "a//b", /empty/),
  named("trailing slash on a file", "a/", /empty/),
  named("empty name", "", /empty/),
  named(". as a component", "a/./b", /"\."/),
  named("two leading ./", "././a", /"\."/),
  named("a file that is the root", "./", /empty/),
  named("component over 255 bytes", "a".repeat(256), /255/),
  named("component over 255 bytes of UTF-8", "é".repeat(128), /255/),
  named(
    "path over 1,024 bytes",
    `${"abcdefgh/".repeat(20)}${"x".repeat(200)}/${"y".repeat(250)}/${"z".repeat(250)}/${"w".repeat(200)}`,
    /1024/,
  ),
  named("depth over 32", `${"d/".repeat(32)}f`, /32/),
  named("trailing dot", "a./b", /ends in a dot/),
  named("trailing space", "a /b", /ends in a dot or a space/),
  named("Windows device name", "CON", /device/),
  named("Windows device name with an extension", "dir/nul.tar.gz", /device/),
  named("Windows device name in mixed case", "Com1.txt", /device/),
  named("Windows device name with a superscript digit", "com\u00b9", /device/),
  named("Windows device name with a space before its extension", "aux .txt", /device/),
  named("alternate data stream", "file.txt:hidden", /colon/),
  named("whiteout", ".wh.first.txt", /whiteout/),
  named("opaque whiteout", "dir/.wh..wh..opq", /whiteout/),
  {
    name: "NUL in a pax path",
    code: "ARCHIVE_REFUSED",
    bytes: after(pax({ path: "a\0b" }), {}),
    says: /U\+0000/,
  },
  { name: "bytes behind a NUL in a name", code: "ARCHIVE_INVALID", bytes: after({ name: "a\0../b" }), says: /NUL/ },
  { name: "NUL in a long name", code: "ARCHIVE_INVALID", bytes: after(longName("a\0b"), {}), says: /NUL/ },
  { name: "name that is not UTF-8", code: "ARCHIVE_INVALID", bytes: after({ name: Uint8Array.of(0x61, 0xff) }) },
  {
    name: ".. hidden in the ustar prefix",
    code: "ARCHIVE_REFUSED",
    bytes: after({ prefix: "..", name: "x" }),
    says: /climbs/,
  },
  { name: ".. in a pax path", code: "ARCHIVE_REFUSED", bytes: after(pax({ path: "../x" }), {}), says: /climbs/ },
  { name: ".. in a GNU long name", code: "ARCHIVE_REFUSED", bytes: after(longName("../x"), {}), says: /climbs/ },
];

const COLLISIONS: readonly Attack[] = [
  { name: "duplicate file", code: "ARCHIVE_REFUSED", bytes: after(GOOD), says: /twice/ },
  { name: "duplicate behind ./", code: "ARCHIVE_REFUSED", bytes: after({ name: "./first.txt" }), says: /twice/ },
  {
    name: "duplicate directory",
    code: "ARCHIVE_REFUSED",
    bytes: after({ name: "d", type: "5" }, { name: "d/", type: "5" }),
    says: /twice/,
  },
  { name: "collision by case", code: "ARCHIVE_REFUSED", bytes: after({ name: "FIRST.txt" }), says: /collides/ },
  {
    name: "collision of a parent by case",
    code: "ARCHIVE_REFUSED",
    bytes: after({ name: "d/a" }, { name: "D/b" }),
    says: /collides/,
  },
  {
    name: "collision by sharp s",
    code: "ARCHIVE_REFUSED",
    bytes: after({ name: "straße" }, { name: "STRASSE" }),
    says: /collides/,
  },
  {
    name: "collision by NFC and NFD",
    code: "ARCHIVE_REFUSED",
    bytes: after({ name: "é" }, { name: "e\u0301" }),
    says: /collides/,
  },
  {
    name: "collision by NFKC",
    code: "ARCHIVE_REFUSED",
    bytes: after({ name: "ﬁle" }, { name: "file" }),
    says: /collides/,
  },
  {
    name: "file below a file",
    code: "ARCHIVE_REFUSED",
    bytes: after({ name: "first.txt/x" }),
    says: /file and a directory/,
  },
  {
    name: "directory over a file",
    code: "ARCHIVE_REFUSED",
    bytes: after({ name: "first.txt", type: "5" }),
    says: /file and a directory/,
  },
  {
    name: "file over a directory",
    code: "ARCHIVE_REFUSED",
    bytes: after({ name: "d/x" }, { name: "d" }),
    says: /file and a directory/,
  },
];

const ENTRIES: readonly Attack[] = [
  typed("symlink out of the target", "2", { linkName: "../../outside.txt" }),
  typed("symlink inside the target", "2", { linkName: "first.txt" }),
  typed("symlink without a target", "2"),
  typed("hard link", "1", { linkName: "first.txt" }),
  typed("hard link out of the target", "1", { linkName: "../outside.txt" }),
  typed("character device", "3"),
  typed("block device", "4"),
  typed("FIFO", "6"),
  typed("contiguous file", "7"),
  typed("GNU sparse file", "S", { magic: "ustar  \0" }),
  typed("multi-volume continuation", "M", { magic: "ustar  \0" }),
  typed("volume header", "V", { magic: "ustar  \0" }),
  typed("GNU directory dump", "D", { magic: "ustar  \0" }),
  typed("GNU long link", "K", { magic: "ustar  \0", content: "x\0" }),
  typed("Solaris extended header", "X", { content: "x" }),
  typed("unknown type", "Z"),
  typed("type above ASCII", "\u00ff"),
  typed("link name on a regular file", "0", { linkName: "../outside.txt" }),
  typed("directory with content", "5", { content: "hidden" }),
  typed("multi-volume offset in a GNU header", "0", { magic: "ustar  \0", patch: { 369: "00000000017\0" } }),
  {
    name: "sparse file by pax",
    code: "ARCHIVE_REFUSED",
    bytes: after(pax({ "GNU.sparse.major": "1" }), {}),
    says: /pax/,
  },
  { name: "link path by pax", code: "ARCHIVE_REFUSED", bytes: after(pax({ linkpath: "../x" }), {}), says: /pax/ },
  {
    name: "other character set by pax",
    code: "ARCHIVE_REFUSED",
    bytes: after(pax({ hdrcharset: "BINARY" }), {}),
    says: /pax/,
  },
  ...["SCHILY.realsize", "SCHILY.filetype", "SCHILY.offset", "LIBARCHIVE.symlinktype", "MSWINDOWS.mountpoint"].map(
    (key): Attack => ({
      name: `another entry elsewhere by pax ${key}`,
      code: "ARCHIVE_REFUSED",
      bytes: after(pax({ [key]: "1" }), {}),
      says: /pax/,
    }),
  ),
  { name: "unknown pax key", code: "ARCHIVE_REFUSED", bytes: after(pax({ surprise: "1" }), {}), says: /pax/ },
];

const PARSER: readonly Attack[] = [
  {
    name: "pax size over ustar size",
    code: "ARCHIVE_INVALID",
    bytes: after(pax({ size: "1024" }), { content: "x" }),
    says: /size/,
  },
  {
    name: "pax size under ustar size",
    code: "ARCHIVE_INVALID",
    bytes: after(pax({ size: "0" }), { content: "x".repeat(512) }),
    says: /size/,
  },
  { name: "pax size that is negative", code: "ARCHIVE_INVALID", bytes: after(pax({ size: "-1" }), {}), says: /size/ },
  {
    name: "pax size beyond counting",
    code: "ARCHIVE_INVALID",
    bytes: after(pax({ size: "9".repeat(20) }), {}),
    says: /size/,
  },
  {
    name: "pax on a pax header",
    code: "ARCHIVE_INVALID",
    bytes: after(pax({ path: "a" }), pax({ path: "b" }), {}),
    says: /another/,
  },
  {
    name: "pax on a long name",
    code: "ARCHIVE_INVALID",
    bytes: after(pax({ size: "5" }), longName("a"), {}),
    says: /another/,
  },
  {
    name: "long name on a pax header",
    code: "ARCHIVE_INVALID",
    bytes: after(longName("a"), pax({ path: "b" }), {}),
    says: /another/,
  },
  {
    name: "chain of long names",
    code: "ARCHIVE_INVALID",
    bytes: after(longName("a"), longName("b"), {}),
    says: /another/,
  },
  { name: "pax header without an entry", code: "ARCHIVE_INVALID", bytes: after(pax({ path: "a" })), says: /no entry/ },
  { name: "long name without an entry", code: "ARCHIVE_INVALID", bytes: after(longName("a")), says: /no entry/ },
  {
    name: "pax on a link",
    code: "ARCHIVE_REFUSED",
    bytes: after(pax({ path: "a" }), { type: "2", linkName: "b" }),
    says: /symbolic/,
  },
  { name: "global pax header", code: "ARCHIVE_REFUSED", bytes: after(pax({ path: "a" }, "g"), {}), says: /global/ },
  {
    name: "global pax header behind a pax header",
    code: "ARCHIVE_REFUSED",
    bytes: after(pax({ path: "a" }), pax({ path: "b" }, "g"), {}),
    says: /global/,
  },
  {
    name: "pax length too short",
    code: "ARCHIVE_INVALID",
    bytes: after({ type: "x", content: "5 path=a\n" }, {}),
    says: /length/,
  },
  {
    name: "pax length too long",
    code: "ARCHIVE_INVALID",
    bytes: after({ type: "x", content: "99 path=a\n" }, {}),
    says: /length/,
  },
  {
    name: "pax length with a sign",
    code: "ARCHIVE_INVALID",
    bytes: after({ type: "x", content: "+9 path=a\n" }, {}),
    says: /length/,
  },
  {
    name: "pax length of zero",
    code: "ARCHIVE_INVALID",
    bytes: after({ type: "x", content: "0 path=a\n" }, {}),
    says: /length/,
  },
  {
    name: "pax record without a key",
    code: "ARCHIVE_INVALID",
    bytes: after({ type: "x", content: "5 =a\n" }, {}),
    says: /key/,
  },
  {
    name: "pax record without =",
    code: "ARCHIVE_INVALID",
    bytes: after({ type: "x", content: "7 path\n" }, {}),
    says: /key/,
  },
  {
    name: "pax record without its newline",
    code: "ARCHIVE_INVALID",
    bytes: after({ type: "x", content: "9 path=ab" }, {}),
    says: /length/,
  },
  {
    name: "pax key twice",
    code: "ARCHIVE_INVALID",
    bytes: after({ type: "x", content: paxRecord(["path", "a"]) + paxRecord(["path", "b"]) }, {}),
    says: /repeats/,
  },
  {
    name: "pax header over 1 MiB",
    code: "ARCHIVE_INVALID",
    bytes: after({ type: "x", size: 2 ** 21 }, {}),
    says: /larger/,
  },
  {
    name: "size that is negative in octal",
    code: "ARCHIVE_INVALID",
    bytes: after({ size: "-0000000001\0" }),
    says: /size/,
  },
  {
    name: "size that is negative in base 256",
    code: "ARCHIVE_INVALID",
    bytes: after({ size: new Uint8Array(12).fill(255) }),
    says: /size/,
  },
  {
    name: "size that overflows in base 256",
    code: "ARCHIVE_INVALID",
    bytes: after({ size: Uint8Array.of(0x80, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255) }),
    says: /size/,
  },
  {
    name: "size with digits behind a space",
    code: "ARCHIVE_INVALID",
    bytes: after({ size: "1 0000000000" }),
    says: /size/,
  },
  { name: "size in hexadecimal", code: "ARCHIVE_INVALID", bytes: after({ size: "0x000000001\0" }), says: /size/ },
  { name: "empty size", code: "ARCHIVE_INVALID", bytes: after({ size: "\0" }), says: /size/ },
  { name: "bad checksum", code: "ARCHIVE_INVALID", bytes: after({ checksum: "000000\0 " }), says: /checksum/ },
  { name: "empty checksum", code: "ARCHIVE_INVALID", bytes: after({ checksum: "        " }), says: /checksum/ },
  {
    name: "header of the seventh edition",
    code: "ARCHIVE_INVALID",
    bytes: after({ magic: "\0\0\0\0\0\0\0\0" }),
    says: /ustar/,
  },
  {
    name: "data in the padding of a file",
    code: "ARCHIVE_INVALID",
    bytes: after({ content: "x", padding: 65 }),
    says: /padding/,
  },
  { name: "no closing blocks", code: "ARCHIVE_INVALID", bytes: () => gzipped(rawTarOpen(GOOD)), says: /zero block/ },
  {
    name: "one closing block",
    code: "ARCHIVE_INVALID",
    bytes: () => gzipped(Buffer.concat([rawTarOpen(GOOD), Buffer.alloc(512)])),
    says: /zero block/,
  },
  {
    name: "an entry between the closing blocks",
    code: "ARCHIVE_INVALID",
    bytes: () => gzipped(Buffer.concat([rawTarOpen(GOOD), Buffer.alloc(512), rawTar({ name: "b" })])),
    says: /after its end/,
  },
  {
    name: "a second archive after the end",
    code: "ARCHIVE_INVALID",
    bytes: () => gzipped(Buffer.concat([rawTar(GOOD), rawTar({ name: "b" })])),
    says: /after its end/,
  },
  {
    name: "text after the end",
    code: "ARCHIVE_INVALID",
    bytes: () => gzipped(Buffer.concat([rawTar(GOOD), Buffer.from("boo")])),
  },
  {
    name: "truncation in a header",
    code: "ARCHIVE_INVALID",
    bytes: () => gzipped(rawTar(GOOD, GOOD).subarray(0, 1100)),
    says: /ends/,
  },
  {
    name: "truncation in a file",
    code: "ARCHIVE_INVALID",
    bytes: () => gzipped(rawEntry({ content: "x".repeat(2000) }).subarray(0, 1000)),
    says: /ends/,
  },
  { name: "size beyond the end", code: "ARCHIVE_INVALID", bytes: after({ size: 100_000 }), says: /ends/ },
  { name: "truncated gzip", code: "ARCHIVE_INVALID", bytes: () => after()().subarray(0, 40) },
  {
    name: "gzip without its trailer",
    code: "ARCHIVE_INVALID",
    bytes: () => after()().subarray(0, -8),
    says: /checksum/,
  },
  {
    name: "gzip with half its trailer",
    code: "ARCHIVE_INVALID",
    bytes: () => after()().subarray(0, -4),
    says: /checksum/,
  },
  {
    name: "gzip with a wrong checksum",
    code: "ARCHIVE_INVALID",
    bytes: () => changed(after()(), -8),
    says: /checksum/,
  },
  { name: "gzip with a wrong length", code: "ARCHIVE_INVALID", bytes: () => changed(after()(), -2), says: /length/ },
  {
    name: "gzip with a wrong checksum of its header",
    code: "ARCHIVE_INVALID",
    bytes: () => Buffer.concat([changed(after()(), 3, 2).subarray(0, 10), Buffer.of(1, 2), after()().subarray(10)]),
    says: /checksum of its gzip header/,
  },
  {
    name: "gzip with reserved flags",
    code: "ARCHIVE_INVALID",
    bytes: () => changed(after()(), 3, 0x80),
    says: /header/,
  },
  {
    name: "concatenated gzip",
    code: "ARCHIVE_INVALID",
    bytes: () => Buffer.concat([after()(), after()()]),
    says: /more after the end/,
  },
  {
    name: "gzip members that are one tar together",
    code: "ARCHIVE_INVALID",
    bytes: () => Buffer.concat([gzipSync(rawTarOpen(GOOD)), gzipSync(rawTar({ name: "b" }))]),
  },
  {
    name: "garbage after gzip",
    code: "ARCHIVE_INVALID",
    bytes: () => Buffer.concat([after()(), Buffer.from("x")]),
    says: /more after the end/,
  },
  {
    name: "zeros after gzip",
    code: "ARCHIVE_INVALID",
    bytes: () => Buffer.concat([after()(), Buffer.alloc(512)]),
    says: /more after the end/,
  },
  { name: "not gzip at all", code: "ARCHIVE_INVALID", bytes: () => rawTar(GOOD), says: /not gzip/ },
  {
    name: "zlib stream instead of gzip",
    code: "ARCHIVE_INVALID",
    bytes: () => deflateRawSync(rawTar(GOOD)),
    says: /not gzip/,
  },
  { name: "nothing at all", code: "ARCHIVE_INVALID", bytes: () => new Uint8Array(0) },
];

const ZEROS = Buffer.alloc(2 * 1024 * 1024);

const BOMBS: readonly Attack[] = [
  { name: "ratio over 100:1", code: "ARCHIVE_LIMIT", bytes: after({ content: ZEROS }), says: /100 times/ },
  {
    name: "ratio over 100:1 in trailing zeros",
    code: "ARCHIVE_LIMIT",
    bytes: () => gzipped(Buffer.concat([rawTar(GOOD), ZEROS])),
    says: /100 times/,
  },
  {
    name: "expanded over 64 MiB",
    code: "ARCHIVE_LIMIT",
    bytes: after(...Array.from({ length: 5 }, (_, i) => ({ name: `f${i}`, content: Buffer.alloc(14 << 20) }))),
    limits: { ratio: 1e9 },
    says: /67108864/,
  },
  {
    name: "file over 16 MiB",
    code: "ARCHIVE_LIMIT",
    bytes: after({ name: "big", size: 16 * 2 ** 20 + 1 }),
    says: /"big"/,
  },
  {
    name: "file of 8 GiB by pax",
    code: "ARCHIVE_LIMIT",
    bytes: after(pax({ size: String(2 ** 33) }), { name: "big", size: 0 }),
    says: /"big"/,
  },
  {
    name: "file of many GiB in base 256",
    code: "ARCHIVE_LIMIT",
    bytes: after({ name: "big", size: Uint8Array.of(0x80, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0) }),
    says: /"big"/,
  },
  {
    name: "over 10,000 entries",
    code: "ARCHIVE_LIMIT",
    bytes: after(...Array.from({ length: 10_000 }, (_, i) => ({ name: `f${i}` }))),
    says: /10000 entries/,
    limits: { ratio: 1e9 },
  },
  {
    name: "inode bomb of directories that no entry names",
    code: "ARCHIVE_LIMIT",
    bytes: after(...Array.from({ length: 400 }, (_, i) => ({ name: `${i}/${"d/".repeat(30)}f` }))),
    says: /10000 entries/,
    limits: { ratio: 1e9 },
  },
  {
    name: "root directory entries without end",
    code: "ARCHIVE_LIMIT",
    bytes: after(...Array.from({ length: 10_000 }, () => ({ name: "./", type: "5" }))),
    says: /10000 entries/,
    limits: { ratio: 1e9 },
  },
  {
    name: "compressed over its limit",
    code: "ARCHIVE_LIMIT",
    bytes: after({ content: randomBytes(200), name: "noise" }),
    limits: { compressedSize: 100 },
    says: /100 compressed/,
  },
  { name: "limit that is not a number", code: "ARCHIVE_LIMIT", bytes: after(), limits: { entries: Number.NaN } },
  {
    name: "other bytes than its diff_id",
    code: "DIGEST_MISMATCH",
    bytes: after(),
    diffId: `sha256:${"0".repeat(64)}` as Digest,
  },
];

function changed(bytes: Uint8Array, at: number, value?: number): Uint8Array {
  const copy = Buffer.from(bytes);
  const index = at < 0 ? copy.length + at : at;
  copy[index] = value ?? (copy[index] ?? 0) ^ 0x55;
  return copy;
}

function source({ bytes, diffId }: Pick<Attack, "bytes" | "diffId">): LayerSource {
  return { content: inPieces(bytes(), 8191), compression: "gzip", ...(diffId && { diffId }) };
}

/** Every path below the room, and what is in the file outside the target. */
async function snapshot(): Promise<string[]> {
  const names = (await readdir(room, { recursive: true })).toSorted();
  return [
    ...names,
    createHash("sha256")
      .update(await readFile(join(room, "outside.txt")))
      .digest("hex"),
  ];
}

async function refusal(attack: Attack, target: string): Promise<unknown> {
  try {
    return await extractLayers([source(attack)], target, { ...(attack.limits && { limits: attack.limits }) });
  } catch (error) {
    return error;
  }
}

describe.each([
  ["paths", PATHS],
  ["collisions", COLLISIONS],
  ["entries", ENTRIES],
  ["parser tricks", PARSER],
  ["bombs", BOMBS],
] as const)("%s", (_, attacks) => {
  test.each(attacks)("$name is refused", { timeout: 60_000 }, async (attack) => {
    const before = await snapshot();
    const error = await refusal(attack, join(room, "home", "deep", "skill"));
    expect(isSkillError(error) ? error.code : error).toBe(attack.code);
    const { message } = error as Error;
    if (attack.says !== undefined) expect(message).toMatch(attack.says);
    // oxlint-disable-next-line no-control-regex -- that none of them is in the message is what is tested
    expect(message).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\ufeff]/);
    expect(await snapshot()).toEqual(before);
  });
});

describe("the ground under the target", () => {
  const good = (): LayerSource => source({ bytes: after() });

  test("a symlink planted as the target is not followed", async () => {
    await mkdir(join(room, "elsewhere"));
    await symlink(join(room, "elsewhere"), join(room, "home", "skill"));
    await expect(extractLayers([good()], join(room, "home", "skill"), { replace: true })).rejects.toMatchObject({
      code: "TARGET_EXISTS",
    });
    expect(await readdir(join(room, "elsewhere"))).toEqual([]);
  });

  test("a dangling symlink planted as the target is not followed", async () => {
    await symlink(join(room, "nowhere"), join(room, "home", "skill"));
    await expect(extractLayers([good()], join(room, "home", "skill"))).rejects.toMatchObject({ code: "TARGET_EXISTS" });
    expect(await readdir(room)).toEqual(["home", "outside.txt"]);
  });

  test("a dangling symlink among the parents is not followed", async () => {
    await symlink(join(room, "nowhere"), join(room, "home", "link"));
    await expect(extractLayers([good()], join(room, "home", "link", "skill"))).rejects.toMatchObject({
      code: "FILE_UNREADABLE",
    });
    expect(await readdir(room)).toEqual(["home", "outside.txt"]);
  });

  test("a symlink planted for the target while unpacking is not followed", async () => {
    await mkdir(join(room, "elsewhere"));
    const onEntry = (): void =>
      void symlink(join(room, "elsewhere"), join(room, "home", "skill")).catch(() => undefined);
    const slow: LayerSource = { content: lingering(after()()), compression: "gzip" };
    await expect(extractLayers([slow], join(room, "home", "skill"), { onEntry })).rejects.toMatchObject({
      code: "TARGET_EXISTS",
    });
    expect(await readdir(join(room, "elsewhere"))).toEqual([]);
    expect(await readdir(join(room, "home"))).toEqual(["skill"]);
  });

  test("a file of a hostile archive never reaches an existing target, even when it may be replaced", async () => {
    await mkdir(join(room, "home", "skill"));
    await writeFile(join(room, "home", "skill", "mine.txt"), "mine");
    const hostile = source({ bytes: after({ name: "../x" }) });
    await expect(extractLayers([hostile], join(room, "home", "skill"), { replace: true })).rejects.toMatchObject({
      code: "ARCHIVE_REFUSED",
    });
    expect(await readdir(join(room, "home"), { recursive: true })).toEqual(["skill", "skill/mine.txt"]);
  });

  test("a second layer cannot turn a directory of the first into a file", async () => {
    const layers = [
      source({ bytes: () => gzipped(rawTar({ name: "d/x" })) }),
      source({ bytes: () => gzipped(rawTar({ name: "d" })) }),
    ];
    await expect(extractLayers(layers, join(room, "home", "skill"))).rejects.toMatchObject({ code: "ARCHIVE_REFUSED" });
    expect(await readdir(join(room, "home"))).toEqual([]);
  });

  test("limits count all layers together", async () => {
    const layers = [0, 1, 2].map((index) => source({ bytes: () => gzipped(rawTar({ name: `f${index}` })) }));
    await expect(extractLayers(layers, join(room, "home", "skill"), { limits: { entries: 2 } })).rejects.toMatchObject({
      code: "ARCHIVE_LIMIT",
    });
  });
});

describe("an image of one layer many times over", () => {
  const tar = rawTar({ name: "f", content: Buffer.alloc(15 << 20) });
  let inflated = 0;
  async function* counted(): AsyncGenerator<Uint8Array> {
    for await (const piece of inPieces(tar, 1 << 16)) {
      inflated += piece.length;
      yield piece;
    }
  }
  const layers = (): LayerSource[] =>
    Array.from({ length: 400 }, () => ({ content: counted(), compression: "none" as const }));
  const list = async (): Promise<void> => {
    for await (const _ of readLayers(layers())) continue;
  };

  test.each([
    ["unpacked", () => extractLayers(layers(), join(room, "home", "skill"))],
    ["listed", list],
  ])("is refused at 64 MiB when it is %s", async (_, act) => {
    inflated = 0;
    await expect(act()).rejects.toMatchObject({ code: "ARCHIVE_LIMIT" });
    expect(inflated).toBeLessThanOrEqual((64 << 20) + (1 << 16));
    expect(await readdir(join(room, "home"))).toEqual([]);
  });
});

/** Hands out the last bytes late, so that something can happen before. */
async function* lingering(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes.subarray(0, -4);
  await new Promise((resume) => setTimeout(resume, 100));
  yield bytes.subarray(-4);
}
