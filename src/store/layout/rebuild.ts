/**
 * Rebuilding a damaged index. Tags are nowhere but in the index, so its predecessor is the base: it lacks at most the
 * last commit. Manifests that were pushed since then, and all of them when there is no predecessor, are kept as digests
 * of the repository `recovered`, where a person finds and tags them.
 */
import { absentAsUndefined, errnoOf } from "../../errno.ts";
import { isSkillError } from "../../errors.ts";
import { childrenOf, type Descriptor, type Digest, type Index, type Manifest } from "../../oci/index.ts";
import { limiter } from "../limiter.ts";
import type { BlobDirectory } from "./blob-directory.ts";
import type { Disk } from "./disk.ts";
import { emptyIndex, type IndexDocument, type IndexFile } from "./index-file.ts";
import type { HeldLock } from "./lock.ts";
import { sniffManifest, takeInventory, type Inventory } from "./inventory.ts";

/** The repository of manifests whose names were lost. */
export const RECOVERED = "recovered";

/**
 * Keeps the damaged index aside and writes a new one in its place. The store's lock must be held. Throws `FILE_UNREADABLE` when
 * something cannot be read at the moment.
 */
export async function rebuildIndex(disk: Disk, blobs: BlobDirectory, file: IndexFile, held: HeldLock): Promise<void> {
  const previous = await file.loadPrevious();
  const document: IndexDocument = previous ?? emptyIndex();
  const inventory = await takeInventory(disk);
  document.entries.prune(({ digest }) => !inventory.blobs.has(digest));
  const known = new Set([...document.entries.descriptors()].map(({ entry }) => entry.digest));
  for (const { descriptor, manifest } of await findManifests(blobs, inventory, previous?.written ?? 0)) {
    if (known.has(descriptor.digest)) continue;
    if (manifest.subject !== undefined) document.entries.addReferrer(RECOVERED, descriptor, manifest.subject.digest);
    else document.entries.retag(RECOVERED, [{ name: descriptor.digest, to: descriptor }]);
  }
  await replaceDamaged(disk, file, document, held);
}

/**
 * The damaged index stays in its place until the new one takes it: a store without any would pass for one that was never
 * written, and what it holds for garbage.
 */
async function replaceDamaged(disk: Disk, file: IndexFile, document: IndexDocument, held: HeldLock): Promise<void> {
  const aside = disk.paths.damagedIndex(disk.now());
  await file.replace(document, async () => {
    await disk.fs.link(disk.paths.index, aside).catch(absentAsUndefined);
    await held.refuseLost();
  });
}

/** The manifests that were stored since `time`, without those that are part of another. */
async function findManifests(
  blobs: BlobDirectory,
  inventory: Inventory,
  time: number,
): Promise<{ readonly descriptor: Descriptor; readonly manifest: Manifest | Index }[]> {
  const limit = limiter(16);
  const recent = [...inventory.blobs].filter(([, { modified }]) => modified >= time);
  const found = await Promise.all(
    recent.map(([digest, { size }]) =>
      limit(async () => {
        const manifest = await sniffManifest(blobs, digest, size).catch(lostAsUndefined);
        return manifest === undefined
          ? []
          : [{ descriptor: { mediaType: manifest.mediaType, digest, size }, manifest }];
      }),
    ),
  );
  const manifests = found.flat();
  const parts = new Set<Digest>(manifests.flatMap(({ manifest }) => childrenOf(manifest).map(({ digest }) => digest)));
  return manifests.filter(({ descriptor }) => !parts.has(descriptor.digest));
}

/**
 * Without an index nothing works, so one blob that a disk has lost does not stand in the way of all others. What cannot be read
 * for another reason may be read the next time: left out now, it would be garbage then.
 */
function lostAsUndefined(error: unknown): undefined {
  if (!isSkillError(error, "FILE_UNREADABLE") || errnoOf(error.cause) !== "EIO") throw error;
}
