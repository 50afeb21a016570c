/**
 * How long the other side may keep us waiting. Only waiting for it counts: a consumer that takes its time with a body, or
 * a source that does, is not its fault.
 */

/** All in milliseconds. */
export interface Timeouts {
  /** Until there is a connection, TLS included; behind a proxy, until there is one to it, and then one through it. Default: 10 s. */
  readonly connect?: number;
  /** From the last byte of the request to the last one of the answer's headers. Default: 60 s. */
  readonly answer?: number;
  /** Until a kilobyte more of a body has come, or some more of one was taken. A transfer that does that may be slow. Default: 60 s. */
  readonly idle?: number;
  /** Until the rest of a body that nobody wants has arrived; then the connection is given up. Default: 1 s. */
  readonly discard?: number;
}

export const DEFAULT_TIMEOUTS: Required<Timeouts> = { connect: 10_000, answer: 60_000, idle: 60_000, discard: 1000 };

const WORDS = {
  connect: "there was no connection",
  answer: "no answer came",
  idle: "hardly anything moved",
  discard: "the rest did not come",
} as const satisfies Record<keyof Timeouts, string>;

/** The cause of the `REGISTRY_UNREACHABLE` that a time-out is. Its `code` is that of the system's own time-outs. */
export class TimeoutError extends Error {
  override readonly name = "TimeoutError";
  readonly code = "ETIMEDOUT";
  /** What was waited for. */
  readonly phase: keyof Timeouts;

  constructor(phase: keyof Timeouts, milliseconds: number) {
    super(`${WORDS[phase]} for ${milliseconds / 1000} s`);
    this.phase = phase;
  }
}

/** One timer, for one phase at a time. */
export class Watch {
  readonly #timeouts: Required<Timeouts>;
  readonly #expired: (error: TimeoutError) => void;
  #timer: NodeJS.Timeout | undefined;
  #since = 0;

  constructor(timeouts: Required<Timeouts>, expired: (error: TimeoutError) => void) {
    this.#timeouts = timeouts;
    this.#expired = expired;
  }

  /** Begins to wait for the other side; what was waited for until now has come. `waited`: milliseconds that count already. */
  start(phase: keyof Timeouts, waited = 0): void {
    this.stop();
    const milliseconds = this.#timeouts[phase];
    this.#since = performance.now() - waited;
    const left = Math.max(0, milliseconds - waited);
    this.#timer = setTimeout(() => this.#expired(new TimeoutError(phase, milliseconds)), left);
  }

  /** Ends the wait; returns how long it was, in milliseconds, 0 when there was none. */
  stop(): number {
    const waited = this.#timer === undefined ? 0 : performance.now() - this.#since;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    return waited;
  }
}
