/** `index.json`: read whole, replaced whole, its predecessor kept for the day it is damaged. */
import { isAscii } from "node:buffer";

import { absentAsUndefined } from "../../errno.ts";
import { SkillError } from "../../errors.ts";
import { MediaType, type JsonObject } from "../../oci/index.ts";
import { Entries } from "../entries.ts";
import type { Disk } from "./disk.ts";
import { reading } from "./failure.ts";

/** The most bytes that are read as an index: some 600,000 entries. */
const MAX_INDEX = 256 * 1024 * 1024;

/** An index with the top-level fields that we do not know. OCI image-spec "image-layout.md", "index.json file". */
export interface IndexDocument {
  readonly fields: JsonObject;
  readonly entries: Entries;
}

/** A document and the bytes that it is. */
interface KnownIndex {
  readonly bytes: Uint8Array;
  readonly document: IndexDocument;
}

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
   * Throws `STORE_CORRUPT` when it is damaged or lost.
   */
  async load(): Promise<IndexDocument> {
    const known = await this.#read();
    this.#known = known;
    return known?.document ?? emptyIndex();
  }

  /** {@link load} for a caller that may change the document, which nobody else sees. The store's lock must be held. */
  async loadForChange(): Promise<IndexDocument> {
    const known = await this.#read();
    this.#known = undefined;
    return known?.document ?? emptyIndex();
  }

  async #read(): Promise<KnownIndex | undefined> {
    const { paths, fs } = this.#disk;
    return reading(paths.index, async () => {
      const bytes = await fs.readFile(paths.index, MAX_INDEX).catch(absentAsUndefined);
      if (bytes !== undefined) {
        const known = this.#known;
        const isKnown = known !== undefined && Buffer.compare(known.bytes, bytes) === 0;
        return isKnown ? known : { bytes, document: parseIndex(paths.index, bytes) };
      }
      if ((await fs.status(paths.previousIndex)) === undefined) return undefined;
      throw damaged(paths.index, "is missing although the store has been written");
    });
  }

  /** The index before the last {@link save}, if it is there and sound, with the time at which it was written. */
  async loadPrevious(): Promise<(IndexDocument & { readonly written: number }) | undefined> {
    const { paths, fs } = this.#disk;
    const [status, bytes] = await Promise.all([
      fs.status(paths.previousIndex),
      fs.readFile(paths.previousIndex, MAX_INDEX).catch(absentAsUndefined),
    ]);
    if (status === undefined || bytes === undefined) return undefined;
    try {
      return { ...parseIndex(paths.previousIndex, bytes), written: status.modified };
    } catch {
      return undefined;
    }
  }

  /** Replaces the index, durably. The store's lock must be held. */
  async save(document: IndexDocument): Promise<void> {
    const { paths, fs } = this.#disk;
    await this.#disk.remove(paths.previousIndex);
    await fs.link(paths.index, paths.previousIndex).catch(absentAsUndefined);
    await this.replace(document);
  }

  /** {@link save} for an index that is not worth keeping: its predecessor stays the one it has. */
  async replace(document: IndexDocument): Promise<void> {
    const bytes = encodeIndex(this.#disk.paths.index, document);
    const temporary = await this.#disk.writeTemporary(bytes);
    await this.#disk.settle(temporary, this.#disk.paths.index);
    document.entries.markSaved();
    this.#known = { bytes, document };
  }
}

export function emptyIndex(): IndexDocument {
  return { fields: { schemaVersion: 2, mediaType: MediaType.index }, entries: new Entries() };
}

/** JSON.parse makes own properties of keys like `__proto__` and no value is merged into another, so any JSON is safe. */
function parseIndex(path: string, bytes: Uint8Array): IndexDocument {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let document: unknown;
  try {
    document = JSON.parse(buffer.toString(isAscii(buffer) ? "latin1" : "utf8"));
  } catch (error) {
    throw damaged(path, "is not JSON", error);
  }
  if (typeof document !== "object" || document === null) throw damaged(path, "is not an object");
  const { manifests = [], ...fields } = document as JsonObject;
  if (!Array.isArray(manifests)) throw damaged(path, "has no list of manifests");
  return { fields, entries: new Entries(manifests) };
}

function encodeIndex(path: string, { fields, entries }: IndexDocument): Uint8Array {
  try {
    return Buffer.from(JSON.stringify({ ...fields, manifests: entries.toArray() }));
  } catch (error) {
    throw damaged(path, "is nested too deeply to be written again", error);
  }
}

function damaged(path: string, what: string, cause?: unknown): SkillError {
  return new SkillError("STORE_CORRUPT", `${path} ${what}`, {
    hint: "Any command that writes to the store, or fsck --repair, keeps the file aside and rebuilds it.",
    ...(cause === undefined ? {} : { cause }),
  });
}
