/** What lies in `blobs`, as collection, check and rebuilding see it: every file, known to the index or not. */
import { join } from "node:path";

import { absentAsUndefined } from "../../errno.ts";
import { isSkillError } from "../../errors.ts";
import { isDigest, MAX_MANIFEST_SIZE, parseManifest, type Digest, type Index, type Manifest } from "../../oci/index.ts";
import { limiter } from "../limiter.ts";
import { readDocument } from "../read.ts";
import type { BlobDirectory } from "./blob-directory.ts";
import type { Disk } from "./disk.ts";
import type { FileStatus } from "./file-system.ts";

/** How many files are looked at at once. */
const WIDTH = 16;

export interface Inventory {
  readonly blobs: ReadonlyMap<Digest, FileStatus>;
  /** Paths below `blobs` that are no blobs. */
  readonly strays: readonly string[];
}

export async function takeInventory({ fs, paths }: Disk): Promise<Inventory> {
  const blobs = new Map<Digest, FileStatus>();
  const strays: string[] = [];
  const limit = limiter(WIDTH);
  for (const algorithm of (await fs.list(paths.blobs).catch(absentAsUndefined)) ?? []) {
    const directory = join(paths.blobs, algorithm);
    if ((await fs.status(directory))?.kind !== "directory") {
      strays.push(directory);
      continue;
    }
    const names = (await fs.list(directory).catch(absentAsUndefined)) ?? [];
    const look = async (name: string): Promise<void> => {
      const digest = `${algorithm}:${name}`;
      const path = join(directory, name);
      const status = await fs.status(path);
      if (status === undefined) return;
      if (isDigest(digest) && status.kind === "file") blobs.set(digest, status);
      else strays.push(path);
    };
    await Promise.all(names.map((name) => limit(() => look(name))));
  }
  return { blobs, strays };
}

/**
 * Reads a blob of unknown type as a manifest. Resolves to `undefined` when it is something else, or damaged: then there
 * is no way to tell. Throws `FILE_UNREADABLE` when it cannot be read at the moment.
 */
export async function sniffManifest(
  blobs: BlobDirectory,
  digest: Digest,
  size: number,
): Promise<Manifest | Index | undefined> {
  if (size > MAX_MANIFEST_SIZE) return undefined;
  try {
    return parseManifest(await readDocument(blobs, { mediaType: "", digest, size }));
  } catch (error) {
    if (isSkillError(error, "FILE_UNREADABLE")) throw error;
    return undefined;
  }
}
