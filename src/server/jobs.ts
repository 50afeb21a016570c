/** What is done again and again while a server runs, as the configuration in force says: collections, looks at certificates. */
import { gc } from "../registry/maintenance/index.ts";
import type { Listener } from "./listener.ts";
import type { LiveParts } from "./live-parts.ts";
import type { Log } from "./log.ts";
import { schedule } from "./schedule.ts";
import { watchTls } from "./tls.ts";

/** Milliseconds. */
const GC_EVERY = 3_600_000;

export class Jobs {
  readonly #live: LiveParts;
  readonly #listener: Listener;
  readonly #log: Log;
  readonly #now: () => number;
  #stop: () => Promise<void>;

  /** They begin at once. `now` is the time of day in milliseconds. */
  constructor(live: LiveParts, listener: Listener, { log, now }: { readonly log: Log; readonly now: () => number }) {
    this.#live = live;
    this.#listener = listener;
    this.#log = log;
    this.#now = now;
    this.#stop = this.#start();
  }

  async stop(): Promise<void> {
    await this.#stop();
  }

  /** With the configuration as it is now. */
  async restart(): Promise<void> {
    await this.#stop();
    this.#stop = this.#start();
  }

  #start(): () => Promise<void> {
    const { gc: collecting, tls } = this.#live.config;
    const collections = schedule(collecting?.every ?? GC_EVERY, async (signal) => this.#collect(signal));
    const unwatch = tls === undefined ? () => undefined : watchTls(tls, () => void this.#reloadTls());
    return async () => {
      unwatch();
      await collections.stop();
    };
  }

  async #collect(signal: AbortSignal): Promise<void> {
    const { config, parts } = this.#live;
    const { grace, uploads } = config.gc ?? {};
    try {
      const options = {
        ...(grace === undefined ? {} : { grace }),
        ...(uploads === undefined ? {} : { uploadExpiry: uploads }),
      };
      const { removed, ...report } = await gc(parts.storage, { signal, now: this.#now, ...options });
      parts.metrics.collection("done");
      this.#log.info({ ...report, removed: removed.length }, "collected garbage");
    } catch (err) {
      if (signal.aborted) return;
      parts.metrics.collection("failed");
      this.#log.error({ err }, "garbage was not collected");
    }
  }

  async #reloadTls(): Promise<void> {
    try {
      await this.#listener.reloadTls(this.#live.config.tls);
      this.#log.info({}, "took a new certificate into use");
    } catch (err) {
      this.#log.error({ err }, "the new certificate is no good; the old one stays in use");
    }
  }
}
