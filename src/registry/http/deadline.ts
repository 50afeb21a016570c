/** Who neither sends nor takes anything does not keep a connection. */
import type { RegistryLimits } from "./limits.ts";

/**
 * Watches over an exchange of bytes with a client: in every `idleTimeout` that was spent waiting for it, `leastProgress`
 * bytes must have come. Our own slowness does not count.
 */
export class Deadline {
  readonly #limits: RegistryLimits;
  readonly #timer: NodeJS.Timeout;
  #bytes = 0;
  #isWaiting = false;

  /** `onIdle` is called once, when the client is too slow. */
  constructor(limits: RegistryLimits, onIdle: () => void) {
    this.#limits = limits;
    this.#timer = setInterval(() => {
      const isSlow = this.#isWaiting && this.#bytes < this.#limits.leastProgress;
      this.#bytes = 0;
      if (!isSlow) return;
      this.stop();
      onIdle();
    }, limits.idleTimeout);
    this.#timer.unref();
  }

  /** From here on, time counts against the client. */
  wait(): void {
    this.#isWaiting = true;
  }

  /** So many bytes went over; until the next {@link wait} it is our turn. */
  progress(bytes: number): void {
    this.#isWaiting = false;
    this.#bytes += bytes;
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
