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
  /** Until some more of a body is taken or given. A transfer may be as slow as it likes while it moves. Default: 60 s. */
  readonly idle?: number;
  /** Until the rest of a body that nobody wants has arrived; then the connection is given up. Default: 1 s. */
  readonly discard?: number;
}

export const DEFAULT_TIMEOUTS: Required<Timeouts> = { connect: 10_000, answer: 60_000, idle: 60_000, discard: 1000 };

const WORDS = {
  connect: "there was no connection",
  answer: "no answer came",
  idle: "nothing moved",
  discard: "the rest did not come",
} as const satisfies Record<keyof Timeouts, string>;

/** The cause of the `REGISTRY_UNREACHABLE` that a time-out is. Its `code` is that of the system's own time-outs. */
export class TimeoutError extends Error {
  override readonly name = "TimeoutError";
  readonly code = "ETIMEDOUT";

  constructor(phase: keyof Timeouts, milliseconds: number) {
    super(`${WORDS[phase]} for ${milliseconds / 1000} s`);
  }
}

/** One timer, for one phase at a time. */
export class Watch {
  readonly #timeouts: Required<Timeouts>;
  readonly #expired: (error: TimeoutError) => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(timeouts: Required<Timeouts>, expired: (error: TimeoutError) => void) {
    this.#timeouts = timeouts;
    this.#expired = expired;
  }

  /** Begins to wait for the other side; what was waited for until now has come. */
  start(phase: keyof Timeouts): void {
    this.stop();
    const milliseconds = this.#timeouts[phase];
    this.#timer = setTimeout(() => this.#expired(new TimeoutError(phase, milliseconds)), milliseconds);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
