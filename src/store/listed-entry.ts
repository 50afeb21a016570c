/** An entry as it is listed. Its descriptor is read by who wants it, as of ten thousand most are only counted or passed by. */
import type { Descriptor } from "../oci/index.ts";
import type { EntryName } from "./entry-name.ts";
import type { HeldEntry } from "./held-entry.ts";
import type { StoreEntry } from "./types.ts";

export class ListedEntry implements StoreEntry {
  readonly repository: string;
  readonly tag: string | undefined;
  readonly #entry: HeldEntry;

  constructor({ repository, tag }: EntryName, entry: HeldEntry) {
    this.repository = repository;
    this.tag = tag;
    this.#entry = entry;
  }

  get name(): string | undefined {
    return this.#entry.name;
  }

  get descriptor(): Descriptor {
    return this.#entry.descriptor;
  }
}
