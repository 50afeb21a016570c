/**
 * A strict tar reader.
 *
 * Why our own: what protects an unpacker are facts that libraries hide, such as the raw type flag, a header's own size
 * next to the pax one, bytes behind a NUL, and what follows the end. A lenient reader smooths them over, and two readers
 * that smooth differently see two archives in the same bytes. So every header is judged as it stands, and an archive
 * that some tool could read differently is refused whole.
 *
 * What real tools write is accepted: ustar, pax and GNU headers, a leading `./`, an entry for the root directory,
 * directories with or without a trailing slash, host times, owners and extended attributes (all dropped).
 */
import type { Content } from "../content/index.ts";
import { throwIfAborted } from "../errors.ts";
import { ByteReader } from "./byte-reader.ts";
import type { LimitMeter } from "./limits.ts";
import { pathRefusal } from "./path-rules.ts";
import type { PathTable } from "./path-table.ts";
import { empty, invalid, refused } from "./refusals.ts";
import { decodeName, shownName } from "./tar-fields.ts";
import { MAX_OCTAL_11, TAR_BLOCK } from "./tar-header.ts";
import { type PaxOverrides, parsePax } from "./tar-pax.ts";
import { isZero, parseHeader, type RawHeader } from "./tar-raw.ts";
import { expectPadding, TarBody } from "./tar-body.ts";
import type { LayerEntry } from "./types.ts";

const MAX_EXTENSION = 1024 * 1024;
const ENDING = "its closing zero blocks";

const REFUSED_TYPES: Readonly<Record<string, string>> = {
  "1": "it is a hard link",
  "2": "it is a symbolic link",
  "3": "it is a character device",
  "4": "it is a block device",
  "6": "it is a named pipe",
  D: "it is a GNU directory dump",
  K: "it is a GNU long link name",
  M: "it continues a multi-volume archive",
  S: "it is a sparse file",
  V: "it is a volume header",
  g: "it is a global pax header, which changes every entry after it",
};

/** Reads every entry of an uncompressed tar, and then insists that nothing but zeros follows its end. */
export async function* readEntries(
  content: Content,
  meter: LimitMeter,
  names: PathTable,
  signal: AbortSignal | undefined,
): AsyncGenerator<LayerEntry> {
  const bytes = new ByteReader(content);
  try {
    for (let isFirst = true; ; isFirst = false) {
      throwIfAborted(signal);
      const header = await nextHeader(bytes, isFirst);
      if (header === undefined) break;
      const described = await withExtensions(bytes, header);
      const known = names.size;
      const entry = judge(described, names);
      // Directories that the entry implies count as if it had brought them.
      meter.entry(entry?.path ?? ".", described.size, entry === undefined ? 1 : names.size - known);
      const body = new TarBody(bytes, described.size, described.path);
      if (entry !== undefined) yield { ...entry, content: body };
      await body.finish();
    }
    await expectEnd(bytes);
  } finally {
    bytes.close();
  }
}

/** The next header, or `undefined` for the first zero block of the end. */
async function nextHeader(bytes: ByteReader, isFirst = false): Promise<RawHeader | undefined> {
  const block = await bytes.read(TAR_BLOCK, ENDING);
  if (block === undefined) throw isFirst ? empty() : invalid(`it ends before ${ENDING}`);
  return isZero(block) ? undefined : parseHeader(block);
}

async function expectEnd(bytes: ByteReader): Promise<void> {
  const second = await bytes.need(TAR_BLOCK, "its second closing zero block");
  if (!isZero(second)) throw invalid("there is data after its end");
  for (;;) {
    const padding = await bytes.read(TAR_BLOCK, "the padding after its end");
    if (padding === undefined) return;
    if (!isZero(padding)) throw invalid("there is data after its end");
  }
}

interface Described {
  readonly path: string;
  readonly type: string;
  readonly mode: number;
  readonly size: number;
  readonly linkName: Uint8Array;
}

/** Applies one pax header or one GNU long name to the entry that must follow it at once. */
async function withExtensions(bytes: ByteReader, header: RawHeader): Promise<Described> {
  if (header.type !== "x" && header.type !== "L") return { ...header, path: decodeName(header.name) };
  if (header.size > MAX_EXTENSION) throw invalid(`an extended header in it is larger than ${MAX_EXTENSION} bytes`);
  const body = await bytes.need(header.size, "an extended header");
  await expectPadding(bytes, header.size);
  const target = await nextHeader(bytes);
  if (target === undefined) throw invalid("an extended header in it has no entry");
  if (target.type === "x" || target.type === "L") throw invalid("an extended header in it is followed by another");
  if (header.type === "L") return { ...target, path: longName(body) };
  const pax = parsePax(body, shownName(target.name));
  return { ...target, path: pax.path ?? decodeName(target.name), size: paxSize(pax, target) };
}

/** GNU tar ends a long name with one NUL. */
function longName(body: Uint8Array): string {
  const name = decodeName(body.at(-1) === 0 ? body.subarray(0, -1) : body);
  if (name.includes("\0")) throw invalid("a long name in it holds a NUL");
  return name;
}

/** The pax size may only say what the header says, or what eleven octal digits cannot. */
function paxSize(pax: PaxOverrides, header: RawHeader): number {
  if (pax.size === undefined || pax.size === header.size) return header.size;
  if (header.size === 0 && pax.size > MAX_OCTAL_11) return pax.size;
  throw invalid("a pax header in it contradicts the size of its entry");
}

/** The entry as the policy lets it through; `undefined` for the root directory, which says nothing. */
function judge(entry: Described, names: PathTable): Omit<LayerEntry, "content"> | undefined {
  const { path: name, type, size } = entry;
  if (type !== "0" && type !== "5") throw refused(name, REFUSED_TYPES[type] ?? "it is of an unknown type");
  if (entry.linkName.length > 0) throw refused(name, "it bears the name of a link target");
  const directory = type === "5";
  if (directory && size !== 0) throw refused(name, "it is a directory with content");
  if (directory && (name === "." || name === "./")) return undefined;
  const path = plainPath(name, directory);
  const kind = directory ? "directory" : "file";
  const reason = pathRefusal(path) ?? names.claim(path, kind);
  if (reason !== undefined) throw refused(name, reason);
  return { path, type: kind, mode: directory || (entry.mode & 0o100) !== 0 ? 0o755 : 0o644, size };
}

/** Drops one leading `./`, and one slash at the end of a directory. */
function plainPath(name: string, directory: boolean): string {
  const path = name.startsWith("./") ? name.slice(2) : name;
  return directory && path.endsWith("/") ? path.slice(0, -1) : path;
}
