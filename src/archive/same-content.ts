/** Whether a directory still is what was unpacked into it. */
import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { lstat, open, readdir } from "node:fs/promises";
import { join } from "node:path";

import type { Content } from "../content/index.ts";
import { errnoOf } from "../errno.ts";
import { readLayers, type ReadLayersOptions } from "./layer-read.ts";
import type { LayerSource } from "./types.ts";

/** A path to what is there. */
type Listing = Map<string, Facts>;

/** Of a directory, or of a file, with the digest of its content. */
interface Facts {
  readonly kind: string;
  /** In bytes; 0 for a directory. */
  readonly size: number;
}

const DIRECTORY: Facts = { kind: "directory", size: 0 };

/**
 * Compares what `directory` holds with what `layers` unpack to: the same directories and regular files, with the same bytes,
 * each executable or not as it should be, and nothing else. Dates and owners do not count. Resolves to how many files there are,
 * with their size in bytes; to `undefined` when anything differs or cannot be read. Throws what `readLayers` throws.
 */
export async function sameContent(
  directory: string,
  layers: readonly LayerSource[],
  options: ReadLayersOptions = {},
): Promise<{ readonly files: number; readonly size: number } | undefined> {
  const wanted: Listing = new Map();
  for await (const { path, type, mode, content } of readLayers(layers, options)) {
    for (let parent = parentOf(path); parent !== ""; parent = parentOf(parent)) wanted.set(parent, DIRECTORY);
    wanted.set(path, type === "directory" ? DIRECTORY : await factsOf(mode === 0o755, content));
  }
  if (!(await holds(directory, wanted))) return undefined;
  const files = [...wanted.values()].filter((facts) => facts !== DIRECTORY);
  return { files: files.length, size: files.reduce((sum, { size }) => sum + size, 0) };
}

async function holds(directory: string, wanted: Listing): Promise<boolean> {
  try {
    const found = new Set<string>();
    if (!(await lstat(directory)).isDirectory()) return false;
    return (await isAsWanted(directory, "", wanted, found)) && found.size === wanted.size;
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return false;
  }
}

/** Adds what lies below `path` to `found`; false at the first thing that is not as wanted, whatever else there is. */
async function isAsWanted(root: string, path: string, wanted: Listing, found: Set<string>): Promise<boolean> {
  for (const name of await readdir(join(root, path))) {
    const inner = path === "" ? name : `${path}/${name}`;
    const location = join(root, inner);
    const expected = wanted.get(inner);
    const status = await lstat(location);
    found.add(inner);
    if (status.isDirectory()) {
      if (expected !== DIRECTORY || !(await isAsWanted(root, inner, wanted, found))) return false;
    } else {
      if (!status.isFile() || expected === undefined || status.size !== expected.size) return false;
      const actual = await factsOf((status.mode & 0o100) !== 0, contentOf(location));
      if (actual.kind !== expected.kind) return false;
    }
  }
  return true;
}

async function factsOf(isExecutable: boolean, content: Content): Promise<Facts> {
  const hash = createHash("sha256");
  let size = 0;
  for await (const chunk of content) {
    hash.update(chunk);
    size += chunk.byteLength;
  }
  return { kind: `${isExecutable ? "executable" : "file"} ${hash.digest("hex")}`, size };
}

async function* contentOf(path: string): Content {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  yield* file.createReadStream() as AsyncIterable<Uint8Array>;
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}
