/**
 * One process changes the repositories of a registry's directory: the server, or a command while no server runs. It knows
 * what it changed, so it need not look at the disk for every request. What others may do meanwhile, collecting garbage for
 * one, is made so that it needs no lock.
 */
import { isSkillError, SkillError } from "../../../errors.ts";
import type { Disk } from "../../../store/layout/disk.ts";
import { isFull, isReadOnly } from "../../../store/layout/failure.ts";
import { StoreLock, type HeldLock } from "../../../store/layout/lock.ts";
import type { RegistryPaths } from "./paths.ts";
import { Segments } from "./segments.ts";

/** A holder that cannot be looked at (in another container) counts as dead after a minute without a sign of life. */
const PATIENCE = 75_000;
/** How often to look whether the lock still is ours. Milliseconds. */
const CHECK = 5000;

export interface Ownership {
  /** Whether somebody else took over, because this process seemed dead: as far as was seen some seconds ago. */
  isLost(): boolean;
  /** Looks whether it is as before. */
  isKept(): Promise<boolean>;
  release(): Promise<void>;
}

/**
 * Becomes the owner. Throws `STORE_LOCKED` when a process that is alive is it, after `timeout` milliseconds; one whose
 * life cannot be seen is waited for until it shows none.
 */
export async function acquireOwnership(disk: Disk<RegistryPaths>, timeout: number): Promise<Ownership> {
  await disk.makeDirectory(disk.paths.own);
  try {
    return watch(await new StoreLock(disk, timeout).hold("write"));
  } catch (error) {
    const lock = new StoreLock(disk, Math.max(timeout, PATIENCE));
    if (!isSkillError(error, "STORE_LOCKED")) throw error;
    if (timeout === 0 || (await lock.holder()) !== "unknown") throw inUse(disk.paths.root, error);
    return watch(await lock.hold("write"));
  }
}

/**
 * {@link acquireOwnership} for somebody who can do without; `undefined` when there is an owner, or nothing may be written. On a
 * full disk, too, somebody must be able to make room: there, `undefined` unless a dead owner's changes are still to be made.
 */
export async function tryOwnership(disk: Disk<RegistryPaths>): Promise<Ownership | undefined> {
  // Looked at first, because to try costs a file.
  if ((await new StoreLock(disk, 0).holder()) === "alive") return undefined;
  try {
    return await acquireOwnership(disk, 0);
  } catch (error) {
    if (isSkillError(error, "STORE_LOCKED") || isReadOnly(error)) return undefined;
    if (isFull(error) && !(await hasJournal(disk))) return undefined;
    throw error;
  }
}

/** What a full disk let nobody write is no change. */
async function hasJournal(disk: Disk<RegistryPaths>): Promise<boolean> {
  return (await new Segments(disk).load()).length > 0;
}

function watch(held: HeldLock): Ownership {
  let isLost = false;
  const timer = setInterval(() => {
    void held.isOurs().then(
      (isOurs) => (isLost ||= !isOurs),
      () => undefined,
    );
  }, CHECK).unref();
  return {
    isLost: () => isLost,
    isKept: async () => {
      isLost ||= !(await held.isOurs());
      return !isLost;
    },
    release: async () => {
      clearInterval(timer);
      await held.release();
    },
  };
}

function inUse(root: string, cause: SkillError): SkillError {
  return new SkillError("STORE_LOCKED", `another server uses ${root}: ${cause.message}`, {
    hint: "Two servers cannot share a directory. Stop the other one, or give this one another directory.",
    cause,
  });
}
