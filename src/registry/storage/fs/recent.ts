/**
 * What was read lately, for the one process that changes it. A value that somebody began to read before a change is not kept
 * after it: {@link RecentValues.set} forgets readings under way.
 */
export class RecentValues<Value> {
  readonly #limit: number;
  readonly #values = new Map<string, Value>();
  readonly #readings = new Map<string, Promise<Value | undefined>>();

  /** Keeps at most `limit` values; with 0, none. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The value of `key`; reads it when it is not known. That there is none is not remembered. */
  async get(key: string, read: () => Promise<Value | undefined>): Promise<Value | undefined> {
    const known = this.#values.get(key);
    if (known !== undefined) return known;
    if (this.#limit === 0) return read();
    const running = this.#readings.get(key);
    if (running !== undefined) return running;
    const reading = read();
    this.#readings.set(key, reading);
    try {
      const value = await reading;
      if (value !== undefined && this.#readings.get(key) === reading) this.#keep(key, value);
      return value;
    } finally {
      if (this.#readings.get(key) === reading) this.#readings.delete(key);
    }
  }

  /** Says what the value is from now on; `undefined`: nobody knows, it must be read. */
  set(key: string, value: Value | undefined): void {
    this.#readings.delete(key);
    if (value === undefined || this.#limit === 0) this.#values.delete(key);
    else this.#keep(key, value);
  }

  clear(): void {
    this.#readings.clear();
    this.#values.clear();
  }

  /** The oldest goes first, however often it was asked for: cheaper to keep than who was last, and as good. */
  #keep(key: string, value: Value): void {
    this.#values.delete(key);
    this.#values.set(key, value);
    if (this.#values.size <= this.#limit) return;
    for (const oldest of this.#values.keys()) {
      this.#values.delete(oldest);
      return;
    }
  }
}
