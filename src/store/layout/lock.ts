/**
 * One writer at a time, across processes, without the help of the kernel: Node has no flock.
 *
 * The lock is a file that exists while it is held. It comes into being whole, by link(2), which fails when it exists.
 * A holder that was killed leaves it behind; then it must be taken over by exactly one of those who wait. Removing a
 * stale file is a race (two see it, the slower one removes the lock of the faster). So it is never removed by others:
 * whoever wants to succeed the dead holder X links its own record as `lock.after.<X>`. Only one can, and only that one
 * may rename its record over the lock. A successor that dies on the way is succeeded in the same manner. A record's id
 * never comes back, so a late claim on X is void as soon as the lock is not X any more, and the claimant checks that.
 */
import { createHash, randomUUID } from "node:crypto";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { absentAsUndefined, errnoOf } from "../../errno.ts";
import { SkillError, throwIfAborted } from "../../errors.ts";
import type { OperationOptions } from "../types.ts";
import type { Disk, TemporaryFile } from "./disk.ts";
import type { DiskPaths } from "./paths.ts";
import { pidOf, type Liveness } from "./processes.ts";
import { shared } from "./shared.ts";

/** `sweep`: the holder may remove blobs, so who relies on a present blob must wait. */
export type LockPurpose = "write" | "sweep";

interface LockRecord {
  readonly id: string;
  readonly owner: string;
  readonly purpose: LockPurpose;
  readonly since: string;
}

const MAX_RECORD = 4096;
/** A holder that we cannot look at is taken for dead when it has not touched the lock for so long. Milliseconds. */
const LEASE = 60_000;
const HEARTBEAT = 10_000;
/** How often waiters look whether the holder lives; in between they only try. Milliseconds. */
const INSPECTION = 200;
const SUCCESSOR = "lock.after.";
/** Ids under which this process held a lock that it could not remove: it lives, but it does not hold them. */
const abandoned = new Set<string>();

/** A lock that was acquired. */
export interface HeldLock {
  /** Whether it still is ours: who was suspended for so long that it seemed dead has lost it. */
  isOurs(): Promise<boolean>;
  /** Throws `STORE_LOCKED` when it is not. To be asked right before what only its holder may do. */
  readonly refuseLost: () => Promise<void>;
  release(): Promise<void>;
}

export class StoreLock {
  readonly #disk: Disk<DiskPaths>;
  readonly #timeout: number;

  /** `timeout` in milliseconds: how long to wait for another holder before `STORE_LOCKED`. */
  constructor(disk: Disk<DiskPaths>, timeout: number) {
    this.#disk = disk;
    this.#timeout = timeout;
  }

  /** Runs `work` while holding the lock; with a signal, waits for it until that fires. Not reentrant. */
  async whileHeld<T>(
    purpose: LockPurpose,
    work: (held: HeldLock) => Promise<T>,
    options: OperationOptions = {},
  ): Promise<T> {
    const held = await this.hold(purpose, options);
    let result: T;
    try {
      result = await work(held);
    } catch (error) {
      await held.release().catch(ignore);
      throw error;
    }
    await held.release();
    return result;
  }

  /** Acquires the lock until it is released. Throws `STORE_LOCKED`, `ABORTED`. */
  async hold(purpose: LockPurpose, options: OperationOptions = {}): Promise<HeldLock> {
    const id = await this.#acquire(purpose, options);
    const { fs, paths, now } = this.#disk;
    const heartbeat = setInterval(() => void fs.touch(paths.lock, now()).catch(ignore), HEARTBEAT).unref();
    const isOurs = async (): Promise<boolean> => (await this.#read(paths.lock))?.id === id;
    return {
      isOurs,
      refuseLost: async () => {
        if (!(await isOurs())) throw await this.#locked();
      },
      release: async () => {
        clearInterval(heartbeat);
        await this.#release(id);
      },
    };
  }

  /** Whether whoever holds the lock lives; `undefined` when nobody holds it. */
  async holder(): Promise<Liveness | undefined> {
    const record = await this.#read(this.#disk.paths.lock);
    return record === undefined ? undefined : (this.#disk.processes.liveness(record.owner) ?? "unknown");
  }

  /** Whether somebody who may remove blobs holds the lock now. Callers of one moment share a look. */
  readonly isSweeping = shared(async () => (await this.#read(this.#disk.paths.lock))?.purpose === "sweep");

  /** Removes claims that came too late and were not taken back. The lock must be held. */
  async removeVoidClaims(): Promise<void> {
    const { fs, paths } = this.#disk;
    const names = await fs.list(paths.own);
    const claims = names.filter((name) => name.startsWith(SUCCESSOR));
    await Promise.all(claims.map((name) => this.#disk.remove(join(paths.own, name))));
  }

  async #acquire(purpose: LockPurpose, { signal }: OperationOptions): Promise<string> {
    const { paths, processes, now } = this.#disk;
    const id = randomUUID();
    const record: LockRecord = { id, owner: processes.self, purpose, since: new Date(now()).toISOString() };
    const ticket = await this.#disk.writeTemporary(new TextEncoder().encode(JSON.stringify(record)));
    try {
      // By a clock that only goes on: one that is set back would make us wait for as long as it was.
      const deadline = performance.now() + this.#timeout;
      for (let inspectAt = 0; ;) {
        throwIfAborted(signal);
        if (await this.#link(ticket, paths.lock)) return id;
        if (performance.now() >= inspectAt) {
          if (await this.#succeed(ticket)) return id;
          inspectAt = performance.now() + INSPECTION;
        }
        if (performance.now() > deadline) throw await this.#locked();
        await sleep(2 + Math.random() * 28);
      }
    } catch (error) {
      // Should the lock or a claim be ours nevertheless, nobody in this process is to wait for it.
      if (!(error instanceof SkillError)) abandoned.add(id);
      throw error;
    } finally {
      await this.#disk.discard(ticket).catch(ignore);
    }
  }

  /** Takes the lock over if its holder, and every successor who tried before us, is dead. */
  async #succeed(ticket: TemporaryFile): Promise<boolean> {
    const { fs, paths } = this.#disk;
    const holder = await this.#read(paths.lock);
    if (holder === undefined) return false;
    const claim = await this.#claim(ticket, holder);
    if (claim === undefined) return false;
    try {
      if ((await this.#read(paths.lock))?.id !== holder.id) {
        await this.#disk.remove(claim);
        return false;
      }
      await fs.rename(ticket.path, paths.lock);
    } catch (error) {
      // We live, so whoever found this claim would wait for us as long as we do.
      await this.#disk.remove(claim).catch(ignore);
      throw error;
    }
    // They are void: what cannot be removed now can wait for the next sweep, and the lock is ours.
    await this.removeVoidClaims().catch(ignore);
    return true;
  }

  /**
   * Makes our record the last of the line that begins with `holder`, each the successor of the one before. Resolves to
   * its path; to `undefined` when somebody in the line lives, or has just left it.
   */
  async #claim(ticket: TemporaryFile, holder: LockRecord): Promise<string | undefined> {
    const { paths } = this.#disk;
    let last: LockRecord | undefined = holder;
    let path = paths.lock;
    while (last !== undefined && !(await this.#isAlive(last, path))) {
      path = join(paths.own, SUCCESSOR + last.id);
      if (await this.#link(ticket, path)) return path;
      last = await this.#read(path);
    }
    return undefined;
  }

  /** Gives up the lock, unless it was taken from us because we seemed dead. */
  async #release(id: string): Promise<void> {
    const { paths } = this.#disk;
    try {
      if ((await this.#read(paths.lock))?.id === id) await this.#disk.remove(paths.lock);
    } catch (error) {
      abandoned.add(id);
      throw error;
    }
  }

  async #link(ticket: TemporaryFile, path: string): Promise<boolean> {
    try {
      await this.#disk.fs.link(ticket.path, path);
      return true;
    } catch (error) {
      if (errnoOf(error) === "EEXIST") return false;
      throw error;
    }
  }

  async #isAlive(record: LockRecord, path: string): Promise<boolean> {
    const { fs, processes, now } = this.#disk;
    if (abandoned.has(record.id)) return false;
    const liveness = processes.liveness(record.owner);
    if (liveness === "alive" || liveness === "dead") return liveness === "alive";
    const status = await fs.status(path);
    return status === undefined || now() - status.modified < LEASE;
  }

  async #read(path: string): Promise<LockRecord | undefined> {
    const bytes = await this.#disk.fs.readFile(path, MAX_RECORD).catch(absentAsUndefined);
    return bytes === undefined ? undefined : parseRecord(path, bytes);
  }

  async #locked(): Promise<SkillError> {
    const { paths } = this.#disk;
    const holder = await this.#read(paths.lock);
    const who = holder === undefined ? "others" : `process ${pidOf(holder.owner) ?? "on another machine"}`;
    const since = holder === undefined ? "" : ` (held since ${holder.since})`;
    return new SkillError("STORE_LOCKED", `${paths.root} is locked by ${who}${since}`, {
      hint: "Wait for it to finish and try again. The lock of a process that died is taken over by itself.",
    });
  }
}

/** A record that cannot be read was torn by a power failure: its owner is unknown and its id is made up. */
function parseRecord(path: string, bytes: Uint8Array): LockRecord {
  try {
    const record: unknown = JSON.parse(new TextDecoder().decode(bytes));
    if (isRecord(record)) return record;
  } catch {
    // It is as damaged as a record that lacks something.
  }
  const id = createHash("sha256").update(path).update("\0").update(bytes).digest("hex");
  return { id, owner: "", since: "an unknown time", purpose: "sweep" };
}

function isRecord(value: unknown): value is LockRecord {
  if (typeof value !== "object" || value === null) return false;
  const { id, owner, purpose, since } = value as Readonly<Record<string, unknown>>;
  const isId = typeof id === "string" && /^[0-9a-f-]{36}$/.test(id);
  return isId && typeof owner === "string" && typeof since === "string" && (purpose === "write" || purpose === "sweep");
}

function ignore(): void {
  // What fails here is told by something else: the work under the lock meets the same disk.
}
