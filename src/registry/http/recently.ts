/** What was done a moment ago and need not be done again. */
export class Recently {
  readonly #done = new Map<string, number>();
  readonly #within: number;
  readonly #now: () => number;

  /** `within`: milliseconds that count as a moment. */
  constructor(within: number, now: () => number) {
    this.#within = within;
    this.#now = now;
  }

  has(key: string): boolean {
    const done = this.#done.get(key);
    const age = done === undefined ? Infinity : this.#now() - done;
    return age >= 0 && age < this.#within;
  }

  add(key: string): void {
    this.#done.delete(key);
    this.#done.set(key, this.#now());
    if (this.#done.size <= CAPACITY) return;
    const [oldest] = this.#done.keys();
    if (oldest !== undefined) this.#done.delete(oldest);
  }
}

const CAPACITY = 10_000;
