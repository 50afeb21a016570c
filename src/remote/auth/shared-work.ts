/**
 * Work that several callers want at the same time, done once.
 *
 * Each caller may give up on its own; the work goes on as long as somebody waits for it.
 */
import { throwIfAborted } from "../../errors.ts";

interface Running<T> {
  readonly result: Promise<T>;
  readonly stop: () => void;
  waiting: number;
}

export class SharedWork<T> {
  readonly #running = new Map<string, Running<T>>();

  /**
   * The outcome of the work that is under way for `key`, or of `work`, which starts if there is none. Rejects with `ABORTED`
   * as soon as `signal` fires; the signal that `work` sees fires when nobody waits any more.
   */
  async run(key: string, work: (signal: AbortSignal) => Promise<T>, signal?: AbortSignal): Promise<T> {
    throwIfAborted(signal);
    const running = this.#running.get(key) ?? this.#start(key, work);
    running.waiting++;
    try {
      return await unlessAborted(running.result, signal);
    } finally {
      if (--running.waiting === 0) running.stop();
    }
  }

  #start(key: string, work: (signal: AbortSignal) => Promise<T>): Running<T> {
    const controller = new AbortController();
    const forget = () => {
      if (this.#running.get(key) === running) this.#running.delete(key);
    };
    const result = work(controller.signal).finally(forget);
    result.catch(() => {
      // Whoever waits gets it; when nobody does, it is nobody's.
    });
    const stop = () => {
      forget();
      controller.abort();
    };
    const running: Running<T> = { result, stop, waiting: 0 };
    this.#running.set(key, running);
    return running;
  }
}

/** The outcome of `result`; rejects with `ABORTED` as soon as `signal` fires, and leaves it going on. */
export async function unlessAborted<T>(result: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return result;
  let stopListening = () => {};
  const aborted = new Promise<void>((resolve) => {
    const listener = () => resolve();
    signal.addEventListener("abort", listener, { once: true });
    stopListening = () => signal.removeEventListener("abort", listener);
  });
  try {
    return await Promise.race([result, aborted.then(() => throwIfAborted(signal) as never)]);
  } finally {
    stopListening();
  }
}
