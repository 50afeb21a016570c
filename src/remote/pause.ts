import { setTimeout } from "node:timers/promises";

import { throwIfAborted } from "../errors.ts";
import type { RetryPolicy } from "./http/index.ts";

/** Waits before an upload goes on for the `times`th time, as `policy` waits between attempts. Throws `ABORTED`. */
export type Pause = (times: number, signal: AbortSignal | undefined) => Promise<void>;

/** Waits a random time, up to twice as long each time. */
export function pausing({ base = 500, random = Math.random, wait = sleep }: RetryPolicy = {}): Pause {
  return async (times, signal) => wait(random() * base * 2 ** (times - 1), signal);
}

/** Waits. Throws `ABORTED`. */
export async function sleep(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  await setTimeout(milliseconds, undefined, signal === undefined ? {} : { signal }).catch(() => throwIfAborted(signal));
}
