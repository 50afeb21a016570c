/**
 * Flushing a large file while it is written. The system would begin to write it to the disk when it likes, some seconds
 * later, and everything would be waited for at the end; so the disk works while the network does.
 */

/** Bytes that are written between two flushes. */
const EVERY = 16 * 1024 * 1024;

export class EarlyFlush {
  readonly #sync: () => Promise<void>;
  #running: Promise<void> | undefined;
  #failure: { readonly error: unknown } | undefined;
  #since = 0;

  constructor(sync: () => Promise<void>) {
    this.#sync = sync;
  }

  /**
   * Tells how many bytes were written; begins a flush, unless one is running, when they have become many. Rejects with what an
   * earlier flush failed with: what that did not bring to the disk, no later one will.
   */
  async wrote(bytes: number): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure.error;
    this.#since += bytes;
    if (this.#since < EVERY || this.#running !== undefined) return;
    this.#since = 0;
    this.#running = this.#sync()
      .catch((error: unknown) => void (this.#failure = { error }))
      .finally(() => (this.#running = undefined));
  }

  /** Waits for the flush that is running. Rejects as {@link wrote}. */
  async end(): Promise<void> {
    await this.stop();
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  /** As {@link end}, for a file that is given up. */
  async stop(): Promise<void> {
    await this.#running;
  }
}
