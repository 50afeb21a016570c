import { createHash } from "node:crypto";

import type { Content } from "../content/index.ts";
import { SkillError, throwIfAborted } from "../errors.ts";
import { algorithmOf, type Digest, digestFrom } from "../oci/digest.ts";
import { gunzip } from "./gunzip.ts";
import { type ArchiveLimits, LAYOUT_LIMITS, LimitMeter } from "./limits.ts";
import { PathTable } from "./path-table.ts";
import { readEntries } from "./tar-read.ts";
import type { Compression, LayerEntry } from "./types.ts";

export interface ReadTarOptions {
  /** Replaces single defaults of {@link LAYOUT_LIMITS}. */
  readonly limits?: Partial<ArchiveLimits>;
  readonly signal?: AbortSignal;
}

export interface ReadLayerOptions {
  readonly compression: Compression;
  /** Replaces single defaults of `DEFAULT_LIMITS`. */
  readonly limits?: Partial<ArchiveLimits>;
  /** The digest that the uncompressed bytes must have. */
  readonly diffId?: Digest;
  readonly signal?: AbortSignal;
}

/**
 * Reads a layer entry by entry; nothing is held in memory. Content that is not consumed is skipped.
 *
 * Each entry has passed the unpacking policy when it is handed out, but only the end of the iteration says that the
 * whole archive has: a caller that acts on entries before must be able to undo it.
 *
 * Throws `ARCHIVE_INVALID` for damage and for what two tools could read differently, `ARCHIVE_REFUSED` for an entry
 * that the policy forbids, `ARCHIVE_LIMIT`, `DIGEST_MISMATCH` when the bytes are not those of `diffId`, and `ABORTED`.
 */
export function readLayer(content: Content, options: ReadLayerOptions): AsyncGenerator<LayerEntry> {
  return readMetered(content, options, new LimitMeter(options.limits), new PathTable());
}

/** Reads an uncompressed tar that is not a layer, such as an exported OCI image layout, under the same policy. */
export function readTar(content: Content, options: ReadTarOptions = {}): AsyncGenerator<LayerEntry> {
  const meter = new LimitMeter(options.limits, LAYOUT_LIMITS);
  return readMetered(content, { ...options, compression: "none" }, meter, new PathTable());
}

/** As {@link readLayer}, with limits and names that may be shared by several layers. */
export async function* readMetered(
  content: Content,
  options: ReadLayerOptions,
  meter: LimitMeter,
  names: PathTable,
): AsyncGenerator<LayerEntry> {
  throwIfAborted(options.signal);
  meter.startLayer();
  const plain = options.compression === "gzip" ? gunzip(counted(content, (n) => meter.compressed(n))) : content;
  const metered = counted(plain, (n) => meter.expanded(n));
  const checked = options.diffId === undefined ? metered : matching(metered, options.diffId);
  yield* readEntries(checked, meter, names, options.signal);
}

async function* counted(content: Content, count: (bytes: number) => void): AsyncGenerator<Uint8Array> {
  for await (const chunk of content) {
    count(chunk.length);
    yield chunk;
  }
}

async function* matching(content: Content, expected: Digest): AsyncGenerator<Uint8Array> {
  const algorithm = algorithmOf(expected);
  const hash = createHash(algorithm);
  for await (const chunk of content) {
    hash.update(chunk);
    yield chunk;
  }
  const found = digestFrom(algorithm, hash);
  if (found === expected) return;
  throw new SkillError("DIGEST_MISMATCH", `a layer unpacks to ${found}, but the image's config says ${expected}`, {
    hint: "The image was damaged or tampered with. Fetch it again, or ask whoever published it.",
  });
}
