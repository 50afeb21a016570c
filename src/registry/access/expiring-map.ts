/**
 * A map that forgets: what has expired, what was set later than now (somebody has set the clock back), and what came first when it
 * is full. So what strangers send cannot fill the memory.
 */
export class ExpiringMap<V> {
  readonly #entries = new Map<string, { readonly value: V; readonly set: number; readonly expires: number }>();
  readonly #capacity: number;
  readonly #now: () => number;

  constructor(capacity: number, now: () => number) {
    this.#capacity = capacity;
    this.#now = now;
  }

  get(key: string): V | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    const now = this.#now();
    if (entry.set <= now && now < entry.expires) return entry.value;
    this.#entries.delete(key);
    return undefined;
  }

  /** `expires`: milliseconds since 1970. */
  set(key: string, value: V, expires: number): void {
    this.#entries.delete(key);
    this.#entries.set(key, { value, set: this.#now(), expires });
    if (this.#entries.size <= this.#capacity) return;
    const [oldest] = this.#entries.keys();
    if (oldest !== undefined) this.#entries.delete(oldest);
  }
}
