/**
 * Refusals of who asks too often (429), of which there are as many as somebody likes: the first of a client is put on record at
 * once, and those that follow are counted, so that nobody fills a disk with what was refused.
 */
import type { AuditEntry } from "../hooks.ts";
import { networkOf } from "./throttle.ts";

const TOO_OFTEN = 429;
/** Milliseconds after which it is told how many followed. */
const WINDOW = 60_000;
/** Clients of which is counted at a time. */
const MOST_CLIENTS = 10_000;

interface Counted {
  readonly last: AuditEntry;
  /** Those that are on no record yet. */
  readonly count: number;
}

export class RepeatedRefusals {
  readonly #clients = new Map<string, Counted>();
  readonly #tell: (entry: AuditEntry) => void;
  #timer: NodeJS.Timeout | undefined;

  /** `tell` is called with the last refusal of those that were counted, and how many there were. */
  constructor(tell: (entry: AuditEntry) => void) {
    this.#tell = tell;
  }

  /** Whether this is one more of those that are on record, and was counted. */
  takes(entry: AuditEntry): boolean {
    if (entry.status !== TOO_OFTEN) return false;
    const key = JSON.stringify([networkOf(entry.address), entry.actor, entry.message]);
    const known = this.#clients.get(key);
    this.#clients.set(key, { last: entry, count: known === undefined ? 0 : known.count + 1 });
    if (known !== undefined) return true;
    this.#makeRoom();
    this.#timer ??= this.#start();
    return false;
  }

  /** Tells what is counted. Who asks on is on record at once again. */
  end(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const key of this.#clients.keys()) this.#forget(key);
  }

  #start(): NodeJS.Timeout {
    return setTimeout(() => this.#turn(), WINDOW).unref();
  }

  /** Those who asked on are counted on; a client that has had enough is forgotten. */
  #turn(): void {
    for (const [key, { last, count }] of this.#clients) {
      if (count === 0) this.#clients.delete(key);
      else this.#clients.set(key, { last, count: 0 });
      this.#tellOf(last, count);
    }
    this.#timer = this.#clients.size === 0 ? undefined : this.#start();
  }

  #makeRoom(): void {
    const [oldest] = this.#clients.keys();
    if (this.#clients.size > MOST_CLIENTS && oldest !== undefined) this.#forget(oldest);
  }

  #forget(key: string): void {
    const known = this.#clients.get(key);
    this.#clients.delete(key);
    if (known !== undefined) this.#tellOf(known.last, known.count);
  }

  #tellOf(last: AuditEntry, count: number): void {
    if (count > 0) this.#tell({ ...last, count });
  }
}
