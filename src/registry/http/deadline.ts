/** Who neither sends nor takes anything does not keep a connection. */
import type { RegistryLimits } from "./limits.ts";

/** How often it is looked, in the time that a client has. */
const LOOKS = 4;

/**
 * Watches over an exchange of bytes with a client: in every `idleTimeout` that was spent waiting for it, `leastProgress`
 * bytes must have come. Our own slowness does not count.
 */
export class Deadline {
  readonly #limits: RegistryLimits;
  readonly #timer: NodeJS.Timeout;
  readonly #onIdle: () => void;
  #bytes = 0;
  /** Milliseconds that were spent waiting since the client was last judged, and the moment since which it is waited for. */
  #waited = 0;
  #since: number | undefined;

  /** `onIdle` is called once, when the client is too slow. */
  constructor(limits: RegistryLimits, onIdle: () => void) {
    this.#limits = limits;
    this.#onIdle = onIdle;
    this.#timer = setInterval(() => this.#judge(), limits.idleTimeout / LOOKS);
    this.#timer.unref();
  }

  /** From here on, time counts against the client. */
  wait(): void {
    this.#since ??= performance.now();
  }

  /** So many bytes went over; until the next {@link wait} it is our turn. */
  progress(bytes: number): void {
    if (this.#since !== undefined) this.#waited += performance.now() - this.#since;
    this.#since = undefined;
    this.#bytes += bytes;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #judge(): void {
    const now = performance.now();
    const waited = this.#waited + (now - (this.#since ?? now));
    if (waited < this.#limits.idleTimeout) return;
    const isSlow = this.#bytes < this.#limits.leastProgress;
    this.#bytes = 0;
    this.#waited = 0;
    if (this.#since !== undefined) this.#since = now;
    if (!isSlow) return;
    this.stop();
    this.#onIdle();
  }
}
