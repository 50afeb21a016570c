import { SkillError } from "../errors.ts";
import { plural, quote } from "../text/index.ts";

/** How much an archive may ask of us. Sizes are in bytes. */
export interface ArchiveLimits {
  /** Compressed bytes of all layers together. */
  readonly compressedSize: number;
  /** Uncompressed tar bytes of all layers together, headers and padding included. */
  readonly expandedSize: number;
  /** How many times larger than its compressed form a layer may be… */
  readonly ratio: number;
  /** …once it is larger than this: a small file of spaces is no bomb. */
  readonly ratioFrom: number;
  /** Files and directories of all layers together, those directories too that are only implied by what lies in them. */
  readonly entries: number;
  /** A single file. */
  readonly fileSize: number;
}

const MiB = 1024 * 1024;

/** What a skill's layers may ask when the caller does not say: 32 MiB packed, 64 MiB unpacked, 10,000 entries. */
export const DEFAULT_LIMITS: ArchiveLimits = {
  compressedSize: 32 * MiB,
  expandedSize: 64 * MiB,
  ratio: 100,
  ratioFrom: MiB,
  entries: 10_000,
  fileSize: 16 * MiB,
};

/** What a tar of a whole OCI image layout, with many skills in it, may ask when the caller does not say. */
export const LAYOUT_LIMITS: ArchiveLimits = {
  ...DEFAULT_LIMITS,
  compressedSize: 4096 * MiB,
  expandedSize: 4096 * MiB,
  entries: 100_000,
  fileSize: 1024 * MiB,
};

/** What a layer asks of who reads it, as far as it is known when it has been written. */
export interface LayerDemands {
  /** Absent before that. */
  readonly compressedSize?: number;
  readonly expandedSize: number;
  readonly entries: number;
  /** The largest file. */
  readonly fileSize: number;
}

/**
 * The default limits that a layer would exceed, with the values that it needs; empty when it needs none raised. Without its
 * compressed size, those that are about that are left out.
 */
export function limitsToRaise({ compressedSize, ...known }: LayerDemands): Partial<ArchiveLimits> {
  const ratio = Math.ceil(known.expandedSize / Math.max(compressedSize ?? Infinity, 1));
  const needed = {
    ...known,
    compressedSize: compressedSize ?? 0,
    ratio: known.expandedSize > DEFAULT_LIMITS.ratioFrom ? ratio : 0,
  };
  const keys = ["compressedSize", "expandedSize", "ratio", "entries", "fileSize"] as const;
  return Object.fromEntries(keys.flatMap((key) => (needed[key] > DEFAULT_LIMITS[key] ? [[key, needed[key]]] : [])));
}

/**
 * Counts what flows and throws `ARCHIVE_LIMIT` at the first byte too many. One meter serves all layers of an image,
 * so that a thousand layers just under the limit do not add up to a bomb. Comparisons are written so that a limit of
 * NaN refuses everything.
 */
export class LimitMeter {
  readonly #limits: ArchiveLimits;
  #compressed = 0;
  #expanded = 0;
  #layerCompressed: number | undefined;
  #layerExpanded = 0;
  #entries = 0;

  constructor(limits: Partial<ArchiveLimits> = {}, defaults: ArchiveLimits = DEFAULT_LIMITS) {
    this.#limits = { ...defaults, ...limits };
  }

  /** Starts the counts of which the ratio is made. */
  startLayer(): void {
    this.#layerCompressed = undefined;
    this.#layerExpanded = 0;
  }

  compressed(bytes: number): void {
    this.#compressed += bytes;
    this.#layerCompressed = (this.#layerCompressed ?? 0) + bytes;
    const { compressedSize } = this.#limits;
    if (!(this.#compressed <= compressedSize))
      throw tooMuch(`it has more than ${plural(compressedSize, "compressed byte")}`, "compressedSize");
  }

  expanded(bytes: number): void {
    this.#expanded += bytes;
    this.#layerExpanded += bytes;
    const { expandedSize, ratio, ratioFrom } = this.#limits;
    if (!(this.#expanded <= expandedSize))
      throw tooMuch(`it unpacks to more than ${plural(expandedSize, "byte")}`, "expandedSize");
    if (this.#layerCompressed === undefined || this.#layerExpanded <= ratioFrom) return;
    if (!(this.#layerExpanded <= ratio * this.#layerCompressed)) {
      throw tooMuch(`it unpacks to more than ${ratio} times its compressed size`, "ratio");
    }
  }

  /** Counts a file or directory, and with it, in `count`, the directories that come into being because of it. */
  entry(path: string, size: number, count = 1): void {
    this.#entries += count;
    const { entries, fileSize } = this.#limits;
    if (!(this.#entries <= entries))
      throw tooMuch(
        `it holds more than ${plural(entries, "entry", "entries")}, ${quote(path)} being one too many`,
        "entries",
      );
    if (!(size <= fileSize))
      throw tooMuch(`its file ${quote(path)} is larger than ${plural(fileSize, "byte")}`, "fileSize");
  }
}

function tooMuch(reason: string, limit: keyof ArchiveLimits): SkillError {
  return new SkillError("ARCHIVE_LIMIT", `the archive exceeds a limit: ${reason}`, {
    hint: `If you trust where it comes from, raise the limit ${limit}.`,
  });
}
