/** Garbage collection: removes what nothing refers to, and never what somebody is about to refer to. */
import { SkillError, throwIfAborted } from "../../errors.ts";
import type { Descriptor, Digest } from "../../oci/index.ts";
import type { Entries } from "../entries.ts";
import { inOrder } from "../in-order.ts";
import { limiter } from "../limiter.ts";
import type { GarbageReport, GcOptions } from "../types.ts";
import type { BlobDirectory } from "./blob-directory.ts";
import type { Commits } from "./commits.ts";
import type { Disk } from "./disk.ts";
import { writing } from "./failure.ts";
import type { IndexFile } from "./index-file.ts";
import { sniffManifest, takeInventory, type Inventory } from "./inventory.ts";
import type { HeldLock, StoreLock } from "./lock.ts";
import { Marker } from "./marker.ts";
import { refuseElsewhere } from "./prepare.ts";
import { abandonedTemporaries, GRACE, sweepTemporaries, type AbandonedFile } from "./temporaries.ts";

/** How many are on their way at once. Each is waited for, also when one fails, as the lock is given up after the last. */
const REMOVALS_AT_ONCE = 16;

/** The parts of a layout store. */
export interface LayoutParts {
  readonly disk: Disk;
  readonly lock: StoreLock;
  readonly blobs: BlobDirectory;
  readonly file: IndexFile;
  readonly commits: Commits;
}

/**
 * Removes the blobs that no entry of the index reaches and that are older than the grace period. An unreferenced
 * manifest within its grace keeps what it refers to; a referrer stays as long as its subject, or what tells of that.
 */
export async function collectGarbage(parts: LayoutParts, options: GcOptions = {}): Promise<GarbageReport> {
  const { disk, file, lock, commits } = parts;
  throwIfAborted(options.signal);
  const before = disk.now() - (options.grace ?? GRACE);
  if (options.dryRun === true) {
    const { entries } = await file.load();
    const plan = await planSweep(parts, entries, before, options);
    return report(plan, await abandonedTemporaries(disk));
  }
  if ((await disk.fs.status(disk.paths.own)) === undefined && (await disk.fs.status(disk.paths.blobs)) === undefined) {
    return { removed: [], bytes: 0, kept: 0, temporaries: 0 };
  }
  return writing(disk.paths.root, async () => {
    await refuseElsewhere(disk);
    const collect = async (held: HeldLock): Promise<GarbageReport> => {
      const document = await commits.loadSound(held);
      const plan = await planSweep(parts, document.entries, before, { ...options, without: [] });
      throwIfAborted(options.signal);
      document.entries.prune(
        ({ digest }, subject) => subject !== undefined && plan.orphans.has(linkOf(digest, subject)),
      );
      if (document.entries.changed) await file.save(document, held.refuseLost);
      const remove = async (digest: Digest): Promise<void> => {
        // Who was suspended for long must not go on: others were told since that what was marked then is there.
        await held.refuseLost();
        await disk.remove(disk.paths.blob(digest));
      };
      for await (const _ of inOrder(plan.blobs.keys(), REMOVALS_AT_ONCE, remove));
      await lock.removeVoidClaims();
      return report(plan, await sweepTemporaries(disk));
    };
    return lock.whileHeld("sweep", collect, options);
  });
}

interface SweepPlan {
  readonly blobs: Inventory["blobs"];
  /** Referrers whose subject is gone, by {@link linkOf}. */
  readonly orphans: ReadonlySet<string>;
  readonly kept: number;
}

async function planSweep(
  { disk, blobs }: LayoutParts,
  entries: Entries,
  before: number,
  { without, earlier }: GcOptions,
): Promise<SweepPlan> {
  if (entries.unknown.length > 0) {
    throw new SkillError("STORE_CORRUPT", "index.json holds entries that cannot be read; nothing was removed", {
      hint: "fsck shows them. What they refer to is not known, so nothing can be called garbage.",
    });
  }
  const marker = new Marker(blobs, earlier);
  const removed = new Set(without);
  const all = [...entries.descriptors()].filter(({ name = "" }) => !removed.has(name));
  await marker.markRoots(all.filter(({ subject }) => subject === undefined).map(({ entry }) => entry));
  const inventory = await takeInventory(disk);
  // What the youth of others keeps is not to be counted with what its subject keeps.
  await markReferrers(marker, all);
  const kept = await markYoung(marker, blobs, inventory, before);
  const orphans = await markReferrers(marker, all);
  const dead = [...inventory.blobs].filter(([digest]) => !marker.live.has(digest));
  return { blobs: new Map(dead), orphans, kept };
}

async function markYoung(marker: Marker, blobs: BlobDirectory, inventory: Inventory, before: number): Promise<number> {
  const young = [...inventory.blobs].filter(([digest, { modified }]) => modified >= before && !marker.live.has(digest));
  const limit = limiter(16);
  const manifests = await Promise.all(
    young.map(([digest, { size }]) => limit(() => sniffManifest(blobs, digest, size))),
  );
  for (const [digest] of young) marker.live.add(digest);
  await marker.markChildren(manifests.flatMap((manifest) => manifest ?? []));
  return young.length;
}

/**
 * A referrer may itself be a subject, or tell of an earlier image, so this goes on until nothing more comes alive. Returns the ones
 * left over.
 */
async function markReferrers(
  marker: Marker,
  all: readonly { readonly entry: Descriptor; readonly subject: Digest | undefined }[],
): Promise<ReadonlySet<string>> {
  let waiting = all.flatMap(({ entry, subject }) => (subject === undefined ? [] : [{ entry, subject }]));
  for (;;) {
    const isAlive = (digest: Digest): boolean => marker.live.has(digest) || marker.past.has(digest);
    const alive = waiting.filter(({ entry, subject }) => isAlive(subject) || marker.live.has(entry.digest));
    if (alive.length === 0) return new Set(waiting.map(({ entry, subject }) => linkOf(entry.digest, subject)));
    await marker.markRoots(alive.map(({ entry }) => entry));
    waiting = waiting.filter((item) => !alive.includes(item));
  }
}

function linkOf(referrer: Digest, subject: Digest): string {
  return `${referrer} ${subject}`;
}

function report(plan: SweepPlan, temporaries: readonly AbandonedFile[]): GarbageReport {
  const bytes = [...plan.blobs.values(), ...temporaries].reduce((sum, { size }) => sum + size, 0);
  return { removed: [...plan.blobs.keys()], bytes, kept: plan.kept, temporaries: temporaries.length };
}
