/**
 * What was read lately, for the one process that changes it. A value that somebody began to read before a change is not kept
 * after it: {@link RecentValues.set} forgets readings under way.
 */
export class RecentValues<Value> {
  readonly #limit: number;
  readonly #weightOf: (value: Value) => number;
  #weight = 0;
  readonly #values = new Map<string, Value>();
  readonly #readings = new Map<string, Promise<Value | undefined>>();

  /** Keeps values that weigh at most `limit` together; with 0, none. Each weighs 1 where nothing else is said. */
  constructor(limit: number, weightOf: (value: Value) => number = () => 1) {
    this.#limit = limit;
    this.#weightOf = weightOf;
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
    if (value === undefined || this.#limit === 0) this.#drop(key);
    else this.#keep(key, value);
  }

  clear(): void {
    this.#readings.clear();
    this.#values.clear();
    this.#weight = 0;
  }

  /** The oldest goes first, however often it was asked for: cheaper to keep than who was last, and as good. */
  #keep(key: string, value: Value): void {
    this.#drop(key);
    this.#values.set(key, value);
    this.#weight += this.#weightOf(value);
    for (const oldest of this.#values.keys()) {
      if (this.#weight <= this.#limit) return;
      this.#drop(oldest);
    }
  }

  #drop(key: string): void {
    const value = this.#values.get(key);
    if (value === undefined) return;
    this.#values.delete(key);
    this.#weight -= this.#weightOf(value);
  }
}
