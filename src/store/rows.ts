/** The entries of an index as they were read. They do not change: what does lies over them, in {@link Entries}. */
import type { HeldEntry } from "./held-entry.ts";

export interface Rows {
  /** Those of this name: one, as a rule, but another tool may have written it twice. */
  named(name: string): readonly HeldEntry[];
  /** Those whose names begin so; for the empty text all that have a name. */
  beginning(prefix: string): Iterable<HeldEntry>;
  /** All, with a name or without. */
  [Symbol.iterator](): Iterator<HeldEntry>;
}

/** Entries that have been parsed. */
export class ListedRows implements Rows {
  readonly #entries: readonly HeldEntry[];
  readonly #named = new Map<string, HeldEntry[]>();

  constructor(entries: readonly HeldEntry[]) {
    this.#entries = entries;
    for (const entry of entries) {
      if (entry.name === undefined) continue;
      const twins = this.#named.get(entry.name);
      if (twins === undefined) this.#named.set(entry.name, [entry]);
      else twins.push(entry);
    }
  }

  named(name: string): readonly HeldEntry[] {
    return this.#named.get(name) ?? [];
  }

  *beginning(prefix: string): Generator<HeldEntry, void, undefined> {
    for (const entry of this.#entries) if (entry.name?.startsWith(prefix) === true) yield entry;
  }

  [Symbol.iterator](): Iterator<HeldEntry> {
    return this.#entries[Symbol.iterator]();
  }
}
