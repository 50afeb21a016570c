/** `index.json`: read whole, replaced whole, its predecessor kept for the day it is damaged. */
import { isAscii } from "node:buffer";

import { absentAsUndefined, errnoOf } from "../../errno.ts";
import { isSkillError, SkillError } from "../../errors.ts";
import { hasMoreValues, MediaType, type JsonObject } from "../../oci/index.ts";
import { Entries } from "../entries.ts";
import { readItems } from "../read-items.ts";
import { consistsOf } from "./consists-of.ts";
import type { Disk } from "./disk.ts";
import { reading } from "./failure.ts";
import type { HeldLock } from "./lock.ts";
import { readIndexText, writeIndexText } from "./index-text.ts";

/** The most bytes that an index may have: some 150,000 entries. */
const MAX_INDEX = 64 * 1024 * 1024;
/** The most values that it may hold, of which our entries have some 14 each. */
const MAX_VALUES = 2_500_000;

/** An index with the top-level fields that we do not know. OCI image-spec "image-layout.md", "index.json file". */
export interface IndexDocument {
  readonly fields: JsonObject;
  readonly entries: Entries;
}

/** A document and the bytes that it is, in pieces. */
interface KnownIndex {
  readonly pieces: readonly Uint8Array[];
  readonly document: IndexDocument;
}

/** Throws when the lock that a save needs is somebody else's by now. */
type Guard = HeldLock["refuseLost"];

/**
 * The file is read at every look, so nothing that another process wrote is ever missed. But bytes that are the same as
 * at the last look are not parsed again, which for ten thousand entries is most of the work.
 */
export class IndexFile {
  readonly #disk: Disk;
  #known: KnownIndex | undefined;

  constructor(disk: Disk) {
    this.#disk = disk;
  }

  /**
   * The index as it is now, an empty one when there is none; not to be changed, as others may look at the same object.
   * Throws `STORE_CORRUPT` when it is damaged or lost, or larger than 64 MiB.
   */
  async load(): Promise<IndexDocument> {
    const known = await this.#read();
    this.#known = known;
    return known?.document ?? emptyIndex();
  }

  /**
   * {@link load} for a caller that may change the document, which nobody else sees: who looks meanwhile may hold the known
   * one, and must neither see nor keep what is not saved yet, and may never be. The store's lock must be held.
   */
  async loadForChange(): Promise<IndexDocument> {
    const { fields, entries } = await this.load();
    return { fields, entries: entries.copy() };
  }

  async #read(): Promise<KnownIndex | undefined> {
    const { paths, fs } = this.#disk;
    return reading(paths.index, async () => {
      const known = this.#known;
      if (known !== undefined && (await consistsOf(fs, paths.index, known.pieces))) return known;
      const bytes = await this.#readBytes(paths.index);
      if (bytes !== undefined) return { pieces: [bytes], document: parseIndex(paths.index, bytes) };
      if ((await fs.status(paths.previousIndex)) === undefined) return undefined;
      throw new SkillError("STORE_CORRUPT", `${paths.index} is missing although the store has been written`, {
        hint: "fsck --repair rebuilds it.",
      });
    });
  }

  async #readBytes(path: string): Promise<Uint8Array | undefined> {
    return this.#disk.fs.readFile(path, MAX_INDEX).catch((error: unknown) => {
      if (errnoOf(error) === "EFBIG") throw damaged(path, `is larger than ${MAX_INDEX} bytes`, error);
      return absentAsUndefined(error);
    });
  }

  /** The index before the last {@link save}, if it is there and sound, with the time at which it was written. */
  async loadPrevious(): Promise<(IndexDocument & { readonly written: number }) | undefined> {
    const { paths, fs } = this.#disk;
    const status = await fs.status(paths.previousIndex);
    try {
      const bytes = await this.#readBytes(paths.previousIndex);
      if (status === undefined || bytes === undefined) return undefined;
      return { ...parseIndex(paths.previousIndex, bytes), written: status.modified };
    } catch (error) {
      if (!isSkillError(error, "STORE_CORRUPT")) throw error;
      return undefined;
    }
  }

  /** Replaces the index, durably. The store's lock must be held, as `guard` makes sure. */
  async save(document: IndexDocument, guard: Guard): Promise<void> {
    const { paths, fs } = this.#disk;
    let isFirst = false;
    await this.replace(document, async () => {
      await this.#disk.remove(paths.previousIndex);
      isFirst = await fs.link(paths.index, paths.previousIndex).then(() => false, absentAsTrue);
      await guard();
    });
    if (isFirst) await this.#markWritten();
  }

  /**
   * The first index has no predecessor. An empty file in its place tells, should the index be lost, that there was one: a store that was
   * never written has nothing but garbage. What was to be saved is on the disk, so nothing fails for want of it.
   */
  async #markWritten(): Promise<void> {
    const { paths, fs } = this.#disk;
    await fs
      .create(paths.previousIndex)
      .then(async (file) => file.close())
      .catch(() => undefined);
  }

  /**
   * {@link save} for an index that is not worth keeping: its predecessor stays the one it has. `before` is run when the new
   * index is on the disk and only its name is missing, and makes sure of the lock. Other names are given to the old one there:
   * for as long as it has two, a tool that writes the index in place would write both.
   */
  async replace(document: IndexDocument, before: () => Promise<void>): Promise<void> {
    const pieces = encodeIndex(this.#disk.paths.index, document);
    const temporary = await this.#disk.writeTemporary(...pieces);
    await this.#disk.settle(temporary, this.#disk.paths.index, before);
    document.entries.markSaved();
    this.#known = { pieces, document };
  }
}

function absentAsTrue(error: unknown): true {
  absentAsUndefined(error);
  return true;
}

export function emptyIndex(): IndexDocument {
  return { fields: { schemaVersion: 2, mediaType: MediaType.index }, entries: new Entries() };
}

/** JSON.parse makes own properties of keys like `__proto__` and no value is merged into another, so any JSON is safe. */
function parseIndex(path: string, bytes: Uint8Array): IndexDocument {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (hasMoreValues(buffer, MAX_VALUES)) throw damaged(path, `holds more than ${MAX_VALUES} values`);
  const written = readIndexText(buffer);
  if (written !== undefined) return { fields: written.fields, entries: new Entries(written.rows) };
  let document: unknown;
  try {
    document = JSON.parse(buffer.toString(isAscii(buffer) ? "latin1" : "utf8"));
  } catch (error) {
    throw damaged(path, "is not JSON", error);
  }
  if (typeof document !== "object" || document === null || Array.isArray(document)) {
    throw damaged(path, "is not an object");
  }
  const { manifests, ...fields } = document as JsonObject;
  // Go writes a list of nothing as null.
  const items = manifests ?? [];
  if (!Array.isArray(items)) throw damaged(path, "has no list of manifests");
  const { rows, unknown } = readItems(items);
  return { fields, entries: new Entries(rows, unknown) };
}

function encodeIndex(path: string, document: IndexDocument): readonly Uint8Array[] {
  const pieces = writeText(path, document);
  const size = pieces.reduce((sum, piece) => sum + piece.byteLength, 0);
  // What is written must be what can be read again. Fewer bytes cannot hold too many values.
  const isTooMuch = size > 2 * MAX_VALUES && hasMoreValues(Buffer.concat(pieces), MAX_VALUES);
  if (size <= MAX_INDEX && !isTooMuch) return pieces;
  const what = isTooMuch ? `hold more than ${MAX_VALUES} values` : `be larger than ${MAX_INDEX} bytes`;
  throw new SkillError("STORE_UNWRITABLE", `${path} would ${what}`, {
    hint: "Remove images that are not needed any more, or use a second store.",
  });
}

function writeText(path: string, { fields, entries }: IndexDocument): readonly Uint8Array[] {
  try {
    return writeIndexText(fields, entries);
  } catch (error) {
    throw damaged(path, "is nested too deeply to be written again", error);
  }
}

function damaged(path: string, what: string, cause?: unknown): SkillError {
  return new SkillError("STORE_CORRUPT", `${path} ${what}`, {
    hint: "fsck --repair keeps the file aside and rebuilds it.",
    ...(cause === undefined ? {} : { cause }),
  });
}
