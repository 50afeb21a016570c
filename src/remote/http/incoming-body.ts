/** The body of an answer as it comes: with backpressure, and without being copied. */
import type { Content } from "../../content/index.ts";
import { Watch, type TimeoutError, type Timeouts } from "./timeouts.ts";

/** So much is taken from the connection before anybody asks for it. */
const AHEAD = 256 * 1024;
/** A body of so many bytes is long: it is hashed and written while it comes, and neither should wait for the other. */
export const LONG = 8 * 1024 * 1024;
/** So much of a long one is taken ahead. */
const FAR_AHEAD = 2 * 1024 * 1024;
/** So much must come for a wait to have been worth it: who drips byte after byte is waited for no longer than who sends nothing. */
const WORTH_WAITING = 1024;
/** So much that nobody wants is read for the sake of the connection. */
const WORTH_READING = 64 * 1024;

/** Where a body comes from; Node's own messages are such. */
export interface BodySource {
  /** Whether all of it has come. */
  readonly complete: boolean;
  on(event: "data", came: (piece: Uint8Array) => void): unknown;
  on(event: "end", ended: () => void): unknown;
  pause(): unknown;
  resume(): unknown;
  /** Breaks the connection. */
  destroy(): unknown;
}

/** A chunk, and how many bytes it has together with those that followed it in memory. */
interface Held {
  readonly first: Uint8Array;
  bytes: number;
}

export class IncomingBody {
  readonly #source: BodySource;
  readonly #watch: Watch;
  readonly #discardWithin: number;
  readonly #ahead: number;
  readonly #chunks: Held[] = [];
  #held = 0;
  /** How long was waited, in milliseconds, for bytes that were too few so far, and how many they are. */
  #waited = 0;
  #dripped = 0;
  /** What is still to come, where the answer says how long it is. */
  #left: number;
  #state: "open" | "ended" | { readonly failure: unknown } = "open";
  #wake: (() => void) | undefined;
  #wakesSoon = false;
  /** Can be iterated once; a consumer that leaves early gives up the rest. */
  readonly content: Content = this.#read();

  /** `length`: what the answer says; 0 where it says nothing. `expired` must lead to {@link fail}, by way of whoever knows what the body is part of. */
  constructor(
    source: BodySource,
    length: number,
    timeouts: Required<Timeouts>,
    expired: (error: TimeoutError) => void,
  ) {
    this.#source = source;
    this.#left = length;
    this.#ahead = length < LONG ? AHEAD : FAR_AHEAD;
    this.#watch = new Watch(timeouts, expired);
    this.#discardWithin = timeouts.discard;
    source.on("data", (chunk: Uint8Array) => this.#take(chunk));
    source.on("end", () => this.#settle("ended"));
  }

  /** Breaks off: what has come already can still be read, then comes `failure`. With `now`, it comes at once. */
  fail(failure: unknown, { now = false }: { readonly now?: boolean } = {}): void {
    if (now) this.#chunks.length = 0;
    if (this.#state === "open") this.#settle({ failure });
  }

  /** Reads a short rest, so that the connection can be used again; breaks the connection for a long one. Never rejects. */
  async discard(): Promise<void> {
    if (this.#state === "ended") return;
    const late = setTimeout(() => this.#source.destroy(), this.#discardWithin);
    try {
      for (let read = 0; read <= WORTH_READING && this.#left <= WORTH_READING;) {
        const chunk = await this.#next();
        if (chunk === undefined) return;
        read += chunk.byteLength;
      }
      this.#source.destroy();
    } catch {
      // The connection is broken already.
    } finally {
      clearTimeout(late);
    }
  }

  async *#read(): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      for (let chunk = await this.#next(); chunk !== undefined; chunk = await this.#next()) yield chunk;
    } finally {
      void this.discard();
    }
  }

  async #next(): Promise<Uint8Array | undefined> {
    for (;;) {
      const held = this.#chunks.shift();
      if (held !== undefined) {
        const { first, bytes } = held;
        this.#held -= bytes;
        return bytes === first.byteLength ? first : new Uint8Array(first.buffer, first.byteOffset, bytes);
      }
      if (this.#state === "ended") return undefined;
      if (this.#state !== "open") throw this.#state.failure;
      this.#watch.start("idle", this.#waited);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        this.#source.resume();
      });
    }
  }

  #take(chunk: Uint8Array): void {
    this.#keep(chunk);
    this.#held += chunk.byteLength;
    this.#left -= chunk.byteLength;
    this.#dripped += chunk.byteLength;
    const isEnough = this.#held >= this.#ahead;
    if (isEnough) this.#source.pause();
    if (isEnough || this.#left < this.#ahead) this.#continue();
    else this.#continueSoon();
  }

  /** A chunk that follows the last one in memory becomes one with it: TLS hands out 16 KiB at a time. */
  #keep(chunk: Uint8Array): void {
    const last = this.#chunks.at(-1);
    const follows = last?.first.buffer === chunk.buffer && last.first.byteOffset + last.bytes === chunk.byteOffset;
    if (follows) last.bytes += chunk.byteLength;
    else this.#chunks.push({ first: chunk, bytes: chunk.byteLength });
  }

  #settle(state: "ended" | { readonly failure: unknown }): void {
    this.#state = state;
    this.#continue();
  }

  /** When all that is there to be read at this moment has been. */
  #continueSoon(): void {
    if (this.#wake === undefined || this.#wakesSoon) return;
    this.#wakesSoon = true;
    setImmediate(() => {
      this.#wakesSoon = false;
      this.#continue();
    });
  }

  #continue(): void {
    this.#waited = this.#watch.stop() || this.#waited;
    if (this.#dripped >= WORTH_WAITING) this.#waited = this.#dripped = 0;
    this.#wake?.();
    this.#wake = undefined;
  }
}
