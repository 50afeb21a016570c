/**
 * Who may write to a repository now, within this process. Changes of different tags go side by side, so that they share the
 * flushes of a disk; changes of one tag come one after another; and whoever decides on several tags is alone.
 */
import { throwIfAborted } from "../../errors.ts";
import type { OperationOptions } from "../../store/types.ts";

interface Turn {
  /** `undefined`: all of them. */
  readonly keys: readonly string[] | undefined;
  readonly start: () => void;
}

export class RepositoryLock {
  readonly #busy = new Set<string>();
  #running = 0;
  #isExclusive = false;
  readonly #waiting: Turn[] = [];

  /** Whether nobody holds it or waits for it. */
  get isIdle(): boolean {
    return this.#running === 0 && this.#waiting.length === 0;
  }

  /** Runs `work` when nobody else works on one of `keys`, or on everything. */
  async shared<T>(keys: readonly string[], work: () => Promise<T>, options: OperationOptions = {}): Promise<T> {
    return this.#run(keys, work, options);
  }

  /** Runs `work` when nobody else works at all. */
  async exclusive<T>(work: () => Promise<T>, options: OperationOptions = {}): Promise<T> {
    return this.#run(undefined, work, options);
  }

  async #run<T>(keys: readonly string[] | undefined, work: () => Promise<T>, { signal }: OperationOptions): Promise<T> {
    throwIfAborted(signal);
    await new Promise<void>((start) => {
      this.#waiting.push({ keys, start });
      this.#next();
    });
    try {
      throwIfAborted(signal);
      return await work();
    } finally {
      this.#running -= 1;
      this.#isExclusive = false;
      for (const key of keys ?? []) this.#busy.delete(key);
      this.#next();
    }
  }

  /** Starts whoever can start, in order: nobody overtakes one that waits for everything, or for the same key. */
  #next(): void {
    const wanted = new Set<string>();
    for (let at = 0; at < this.#waiting.length && !this.#isExclusive;) {
      const turn = this.#waiting[at];
      if (turn === undefined || (turn.keys === undefined && at > 0)) return;
      const isFree =
        turn.keys === undefined
          ? this.#running === 0
          : !turn.keys.some((key) => this.#busy.has(key) || wanted.has(key));
      if (isFree) {
        this.#waiting.splice(at, 1);
        this.#running += 1;
        this.#isExclusive = turn.keys === undefined;
        for (const key of turn.keys ?? []) this.#busy.add(key);
        turn.start();
      } else {
        if (turn.keys === undefined) return;
        for (const key of turn.keys) wanted.add(key);
        at += 1;
      }
    }
  }
}

/** The locks of all repositories: one each, while it is used. */
export class RepositoryLocks {
  readonly #locks = new Map<string, RepositoryLock>();

  async with<T>(repository: string, work: (lock: RepositoryLock) => Promise<T>): Promise<T> {
    const lock = this.#locks.get(repository) ?? new RepositoryLock();
    this.#locks.set(repository, lock);
    try {
      return await work(lock);
    } finally {
      if (lock.isIdle && this.#locks.get(repository) === lock) this.#locks.delete(repository);
    }
  }
}
