import { setImmediate } from "node:timers/promises";

import { createDirectFileSystem, type Pace } from "./direct-file-system.ts";
import type { FileSystem } from "./file-system.ts";

/** Milliseconds for which calls may follow one another before others get their turn. */
const TURN = 10;
/** Milliseconds of a call that nobody else misses. */
const FREE = 1;
/** Milliseconds a second that calls may take beyond that. */
const ALLOWED = 150;
/** How far ahead of that they may be, in milliseconds. */
const MOST = 300;
/** For how long calls are made elsewhere when they took more, in milliseconds. */
const REST = 30_000;

export interface AdaptiveOptions {
  /** A clock that only goes on, in milliseconds. Default: that of the process. */
  readonly now?: () => number;
}

/**
 * The file system of the machine, for a server: calls are made on the calling thread, as they are in `directFileSystem`, for
 * as long as the disk answers at once. When waiting for it took from others more than 150 ms a second for a while, or once
 * more than 300 ms, calls are made on other threads for half a minute, and then it is tried again. Who makes many calls one after
 * the other lets others have their turn every 10 ms.
 */
export function adaptiveFileSystem(options: AdaptiveOptions = {}): FileSystem {
  return createDirectFileSystem(new MeasuredPace(options));
}

/** What {@link adaptiveFileSystem} goes by. */
export class MeasuredPace implements Pace {
  readonly #now: () => number;
  /** Milliseconds that calls have taken from others, less those that they may. */
  #lost = 0;
  #lostAt = 0;
  #restsUntil = 0;
  /** When the first call of this turn of the event loop was made, and what resolves with the next turn. */
  #turn: { readonly since: number; readonly next: Promise<void> } | undefined;

  constructor({ now = () => performance.now() }: AdaptiveOptions = {}) {
    this.#now = now;
  }

  get isQuick(): boolean {
    return this.#restsUntil === 0 || this.#now() >= this.#restsUntil;
  }

  turn(): Promise<void> | undefined {
    if (this.#turn === undefined) {
      this.#turn = { since: this.#now(), next: this.#endOfTurn() };
      return undefined;
    }
    return this.#now() - this.#turn.since < TURN ? undefined : this.#turn.next;
  }

  timed<T>(call: () => T): T {
    const start = this.#now();
    try {
      return call();
    } finally {
      const end = this.#now();
      if (end - start > FREE) this.#lose(end - start - FREE, end);
    }
  }

  async #endOfTurn(): Promise<void> {
    await setImmediate();
    this.#turn = undefined;
  }

  #lose(milliseconds: number, at: number): void {
    const forgiven = ((at - this.#lostAt) / 1000) * ALLOWED;
    this.#lost = Math.max(0, this.#lost - forgiven) + milliseconds;
    this.#lostAt = at;
    if (this.#lost <= MOST) return;
    this.#lost = 0;
    this.#restsUntil = at + REST;
  }
}
