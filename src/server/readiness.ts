/** Whether a server can do its work: what it depends on answers, and takes what it is given. */
import type { Log } from "./log.ts";

/** Milliseconds: how long an answer may take, and for how long it is good, however many ask. */
const WITHIN = 5000;
const FRESH = 1000;

/** Looks when somebody asks, and tells the log when the answer is another than before. */
export class Readiness {
  readonly #checks: (signal: AbortSignal) => Promise<unknown>;
  readonly #log: Log;
  #looking: Promise<boolean> | undefined;
  #looked = -Infinity;
  #isReady = true;

  /** `checks` rejects when something is missing. */
  constructor(checks: (signal: AbortSignal) => Promise<unknown>, log: Log) {
    this.#checks = checks;
    this.#log = log;
  }

  /** Resolves within some seconds, also when nothing answers. Never rejects. */
  async look(): Promise<boolean> {
    if (performance.now() - this.#looked < FRESH) return this.#isReady;
    this.#looking ??= this.#check().finally(() => {
      this.#looking = undefined;
      this.#looked = performance.now();
    });
    return this.#looking;
  }

  async #check(): Promise<boolean> {
    const signal = AbortSignal.timeout(WITHIN);
    const late = new Promise<never>((_, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
    });
    try {
      await Promise.race([this.#checks(signal), late]);
      if (!this.#isReady) this.#log.info({}, "ready again");
      this.#isReady = true;
    } catch (err) {
      if (this.#isReady) this.#log.error({ err }, "not ready: nothing can be stored, or recorded");
      this.#isReady = false;
    }
    return this.#isReady;
  }
}
