import { createHash } from "node:crypto";

import type { Content } from "../content/index.ts";
import { SkillError, throwIfAborted } from "../errors.ts";
import { algorithmOf, type Digest, digestFrom } from "../oci/digest.ts";
import { gunzip } from "./gunzip.ts";
import { type ArchiveLimits, LAYOUT_LIMITS, LimitMeter } from "./limits.ts";
import { PathTable } from "./path-table.ts";
import { readEntries } from "./tar-read.ts";
import type { Compression, LayerEntry, LayerSource } from "./types.ts";

export interface ReadTarOptions {
  /** Replaces single defaults of {@link LAYOUT_LIMITS}. */
  readonly limits?: Partial<ArchiveLimits>;
  readonly signal?: AbortSignal;
}

export interface ReadLayersOptions {
  /** Replaces single defaults of `DEFAULT_LIMITS`; counted over all layers together. */
  readonly limits?: Partial<ArchiveLimits>;
  readonly signal?: AbortSignal;
}

export interface ReadLayerOptions extends ReadLayersOptions {
  readonly compression: Compression;
  /** The digest that the uncompressed bytes must have. */
  readonly diffId?: Digest;
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
  return readLayers([{ ...options, content }], options);
}

/**
 * Reads the layers of one image, in order, as {@link readLayer} reads one; a layer is not touched before those before it
 * have passed. The limits are those of the image: a thousand layers just under them are a bomb. A later layer may name
 * what an earlier one named, but not make a file of a directory or the other way round.
 */
export async function* readLayers(
  layers: Iterable<LayerSource>,
  options: ReadLayersOptions = {},
): AsyncGenerator<LayerEntry> {
  const meter = new LimitMeter(options.limits);
  const names = new PathTable();
  for (const layer of layers) {
    yield* readMetered(layer, options.signal, meter, names);
    names.nextLayer();
  }
}

/** Reads an uncompressed tar that is not a layer, such as an exported OCI image layout, under the same policy. */
export function readTar(content: Content, options: ReadTarOptions = {}): AsyncGenerator<LayerEntry> {
  const meter = new LimitMeter(options.limits, LAYOUT_LIMITS);
  return readMetered({ content, compression: "none" }, options.signal, meter, new PathTable());
}

async function* readMetered(
  { content, compression, diffId }: LayerSource,
  signal: AbortSignal | undefined,
  meter: LimitMeter,
  names: PathTable,
): AsyncGenerator<LayerEntry> {
  throwIfAborted(signal);
  meter.startLayer();
  const plain = compression === "gzip" ? gunzip(counted(content, (n) => meter.compressed(n))) : content;
  const metered = counted(plain, (n) => meter.expanded(n));
  const checked = diffId === undefined ? metered : matching(metered, diffId);
  yield* readEntries(checked, meter, names, signal);
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
