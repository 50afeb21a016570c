/**
 * Group commit. An index is one file, so every change rewrites it; a thousand changes must not mean a thousand rewrites.
 * Changes that come while one write is under way wait together and go into the next write as one. While more content is on
 * its way, whose names will follow, a write is put off for a moment, so that they can join it; databases call that a
 * commit delay.
 */
import { setTimeout as sleep } from "node:timers/promises";

import { isSkillError, SkillError, throwIfAborted } from "../../errors.ts";
import type { Entries } from "../entries.ts";
import { blobMissing, type BlobStore, type EntryIndex, type IndexUpdate } from "../repository.ts";
import type { OperationOptions } from "../types.ts";
import type { Disk } from "./disk.ts";
import { writing } from "./failure.ts";
import type { IndexDocument, IndexFile } from "./index-file.ts";
import type { HeldLock, StoreLock } from "./lock.ts";
import { shared } from "./shared.ts";

/** How many blobs must be on their way for a write to be put off. A single image has two as a rule, and waits for nobody. */
const SIBLINGS = 3;
/** Milliseconds for which it is put off at most, and after which it is looked at again. */
const DELAY = 60;
const LOOK = 4;
/** Milliseconds after which what another tool writes in place is whole. */
const SETTLING = 200;
/** Changes for which nobody is waited for any more. */
const ENOUGH = 64;

interface Pending {
  readonly update: IndexUpdate;
  readonly signal: AbortSignal | undefined;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** What a commit needs of the rest of the store. */
export interface CommitParts {
  readonly disk: Disk;
  readonly lock: StoreLock;
  readonly blobs: BlobStore & { readonly incoming: number };
  readonly file: IndexFile;
  /** Makes the directory a store before the first write. */
  readonly prepare: () => Promise<void>;
  /** Rebuilds a damaged index. The lock is held. */
  readonly rebuild: (held: HeldLock) => Promise<unknown>;
}

export class Commits implements EntryIndex {
  readonly #parts: CommitParts;
  #pending: Pending[] = [];
  #running = false;

  constructor(parts: CommitParts) {
    this.#parts = parts;
  }

  /**
   * The entries as they are on the disk now; nothing is kept from an earlier call. Callers of one moment share a look
   * at the disk, so they must not change what they get. A damaged index throws `STORE_CORRUPT`: who only reads changes
   * nothing.
   */
  async read(options: OperationOptions = {}): Promise<Entries> {
    throwIfAborted(options.signal);
    return this.#look();
  }

  readonly #look = shared(async () => (await this.#parts.file.load()).entries);

  /** Resolves when the change is on the disk. Rejects if it was refused, which leaves the others of its group alone. */
  async update(update: IndexUpdate, options: OperationOptions = {}): Promise<void> {
    const { signal } = options;
    throwIfAborted(signal);
    let withdraw = (): void => undefined;
    const committed = new Promise<void>((resolve, reject) => {
      const pending: Pending = { update, signal, resolve, reject };
      withdraw = () => this.#withdraw(pending);
      this.#pending.push(pending);
    });
    signal?.addEventListener("abort", withdraw, { once: true });
    if (!this.#running) void this.#run();
    return committed.finally(() => signal?.removeEventListener("abort", withdraw));
  }

  /** A change whose turn has not come can be taken back; one that is being written cannot. */
  #withdraw(pending: Pending): void {
    if (!this.#pending.includes(pending)) return;
    this.#pending = this.#pending.filter((other) => other !== pending);
    pending.reject(new SkillError("ABORTED", "the operation was cancelled", { cause: pending.signal?.reason }));
  }

  /** The index, rebuilt if it was damaged, for a caller that may change it. The lock must be held. */
  async loadSound(held: HeldLock): Promise<IndexDocument> {
    const { file, rebuild } = this.#parts;
    try {
      return await file.loadForChange().catch(async (error: unknown) => {
        if (!isSkillError(error, "STORE_CORRUPT")) throw error;
        // A tool that knows nothing of our lock may be writing it in place.
        await sleep(SETTLING);
        return file.loadForChange();
      });
    } catch (error) {
      if (!isSkillError(error, "STORE_CORRUPT")) throw error;
      await rebuild(held);
      return file.loadForChange();
    }
  }

  async #run(): Promise<void> {
    const { disk, lock, prepare } = this.#parts;
    this.#running = true;
    while (this.#pending.length > 0) {
      let group: Pending[] = [];
      try {
        await writing(disk.paths.root, async () => {
          await prepare();
          await this.#gather();
          await lock.whileHeld("write", async (held) => {
            group = this.#takePending();
            await this.#commit(group, held);
          });
        });
        for (const { resolve } of group) resolve();
      } catch (error) {
        for (const { reject } of group.length > 0 ? group : this.#takePending()) reject(error);
      }
    }
    this.#running = false;
  }

  /** Lets changes join that are about to come. */
  async #gather(): Promise<void> {
    const mayJoin = (): boolean => this.#parts.blobs.incoming >= SIBLINGS && this.#pending.length < ENOUGH;
    for (let waited = 0; waited < DELAY && mayJoin(); waited += LOOK) await sleep(LOOK);
  }

  async #commit(group: readonly Pending[], held: HeldLock): Promise<void> {
    const [document, refusals] = await Promise.all([
      this.loadSound(held),
      Promise.all(group.map(async (pending) => this.#refusal(pending))),
    ]);
    group.forEach((pending, at) => {
      try {
        if (refusals[at] !== undefined) throw refusals[at];
        pending.update.apply(document.entries);
      } catch (error) {
        pending.reject(error);
      }
    });
    if (document.entries.changed) await this.#parts.file.save(document, held.refuseLost);
  }

  /** Why a change cannot be made, before its own look at the entries. */
  async #refusal({ update, signal }: Pending): Promise<unknown> {
    try {
      throwIfAborted(signal);
      for (const descriptor of update.needs) {
        if (!(await this.#parts.blobs.has(descriptor))) return blobMissing(descriptor, "a tag would point at it");
      }
      return undefined;
    } catch (error) {
      return error;
    }
  }

  #takePending(): Pending[] {
    const taken = this.#pending;
    this.#pending = [];
    return taken;
  }
}
