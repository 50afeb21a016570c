/**
 * Doing something again that failed for a reason which may pass. Only for what may be done twice: whether a request is one of those
 * is known to whoever makes it.
 */
import { setTimeout } from "node:timers/promises";

import { isSkillError, SkillError, throwIfAborted } from "../../errors.ts";
import { isTransient } from "./failures.ts";
import { retryAfter } from "./headers.ts";

export interface RetryPolicy {
  /** How often it is tried in all. Default: 4. */
  readonly attempts?: number;
  /** In milliseconds: the first wait is random up to this, and each next one up to twice as much. Default: 500. */
  readonly base?: number;
  /** In milliseconds: who asks us to wait for longer gets no further attempt. Default: 60 s. */
  readonly longest?: number;
  /** Which failures are worth another attempt. Default: {@link isRetryable}. */
  readonly mayPass?: (error: unknown) => boolean;
  readonly signal?: AbortSignal;
  /** Waits so many milliseconds; for tests. */
  readonly wait?: (milliseconds: number, signal: AbortSignal | undefined) => Promise<void>;
  /** From 0 to 1; default: `Math.random`. */
  readonly random?: () => number;
  /** The time in milliseconds; default: the clock. */
  readonly now?: () => number;
}

/** What an error may say of an answer that it stands for. */
interface Refusal {
  readonly status: number;
  /** The `retry-after` header as it came. */
  readonly retryAfter?: string | undefined;
}

const LONGEST = 60_000;

const PASSING = new Set([408, 429, 500, 502, 503, 504]);

/**
 * Whether a failure may pass: a status, an error that has one as its `status` (408, 429, 500, 502, 503, 504), or a
 * `REGISTRY_UNREACHABLE` by a reset or a time-out; never an unknown name, a refused connection, or a matter of trust.
 */
export function isRetryable(failure: unknown): boolean {
  if (typeof failure === "number") return PASSING.has(failure);
  return isRefusal(failure) ? PASSING.has(failure.status) : isTransient(failure);
}

/**
 * Calls `attempt` until it succeeds, fails for good (`mayPass`), or has failed often enough; then rejects with its last
 * error. Waits a random time between (exponential, full jitter), and at least as long as the error's `retryAfter` asks for; where that
 * is too long, it rejects at once with an error that says how long. `ABORTED` when the signal fires.
 */
export async function retrying<T>(attempt: () => Promise<T>, policy: RetryPolicy = {}): Promise<T> {
  const {
    attempts = 4,
    base = 500,
    longest = LONGEST,
    mayPass = isRetryable,
    signal,
    wait = sleep,
    random = Math.random,
    now = Date.now,
  } = policy;
  for (let failed = 1; ; failed += 1) {
    throwIfAborted(signal);
    try {
      return await attempt();
    } catch (error) {
      if (!mayPass(error)) throw error;
      const asked = askedBy(error, longest, now());
      if (failed >= attempts) throw error;
      await wait(asked + random() * base * 2 ** (failed - 1), signal);
    }
  }
}

/** Waits as long as a failure asks for, and no time where it asks for none; throws as {@link retrying} does where that is too long. */
export async function waitAsAsked(error: unknown, policy: RetryPolicy = {}): Promise<void> {
  const { longest = LONGEST, signal, wait = sleep, now = Date.now } = policy;
  const asked = askedBy(error, longest, now());
  if (asked > 0) await wait(asked, signal);
}

/** In milliseconds. */
function askedBy(error: unknown, longest: number, now: number): number {
  if (!isRefusal(error)) return 0;
  const asked = retryAfter(error.retryAfter, now) ?? 0;
  if (asked > longest) throw tooLong(error, asked);
  return asked;
}

function isRefusal(error: unknown): error is Error & Refusal {
  return error instanceof Error && "status" in error && typeof error.status === "number";
}

function tooLong(error: Error & Refusal, milliseconds: number): SkillError {
  const seconds = Math.ceil(milliseconds / 1000);
  const code = isSkillError(error) ? error.code : "REGISTRY_RATE_LIMITED";
  return new SkillError(code, `${error.message}; it asks to wait ${seconds} s before the next request`, {
    hint: `Try again in ${seconds} s; with credentials, registries often allow more.`,
    cause: error,
  });
}

async function sleep(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await setTimeout(milliseconds, undefined, signal === undefined ? {} : { signal });
  } catch {
    throwIfAborted(signal);
  }
}
