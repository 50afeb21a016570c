import { SkillError, throwIfAborted } from "../errors.ts";
import type { Limiter } from "../store/limiter.ts";

/** Does `task` when its turn has come; rejects with `ABORTED` as soon as `signal` fires before that, whoever's turn it is. */
export async function inTurn<T>(limit: Limiter, signal: AbortSignal | undefined, task: () => Promise<T>): Promise<T> {
  throwIfAborted(signal);
  let isWaiting = true;
  const done = limit(async () => {
    isWaiting = false;
    throwIfAborted(signal);
    return task();
  });
  if (signal === undefined) return done;
  let stopListening = () => {};
  const givenUp = new Promise<never>((_, reject) => {
    // A task that has begun ends by itself, so that nothing is still written after this has rejected.
    const listener = () => {
      if (isWaiting) reject(new SkillError("ABORTED", "the operation was cancelled", { cause: signal.reason }));
    };
    signal.addEventListener("abort", listener, { once: true });
    stopListening = () => signal.removeEventListener("abort", listener);
  });
  try {
    return await Promise.race([done, givenUp]);
  } finally {
    stopListening();
  }
}
