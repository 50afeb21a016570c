/** Lists of repositories, kept by the one process that changes them. Of all together, those kept longest are forgotten first. */
export class KeptLists<List> {
  readonly #limit: number;
  readonly #sizeOf: (list: List) => number;
  readonly #lists = new Map<string, List>();
  #size = 0;
  /** Counts changes, so that nothing is kept that was read before one of them. */
  #changes = 0;

  /** Keeps lists of at most `limit` items in all; with 0, none. */
  constructor(limit: number, sizeOf: (list: List) => number) {
    this.#limit = limit;
    this.#sizeOf = sizeOf;
  }

  /** The list of a repository, which `read` gives where it is not kept. */
  async get(repository: string, read: () => Promise<List>): Promise<List> {
    const known = this.#lists.get(repository);
    if (known !== undefined) return known;
    const before = this.#changes;
    const list = await read();
    if (before === this.#changes && this.#sizeOf(list) > 0) this.#keep(repository, list);
    return list;
  }

  /** Has `edit` bring a list up to date, if it is kept. */
  change(repository: string, edit: (list: List) => void): void {
    this.#changes += 1;
    const list = this.#lists.get(repository);
    if (list === undefined) return;
    this.#size -= this.#sizeOf(list);
    edit(list);
    this.#size += this.#sizeOf(list);
    this.#bound();
  }

  /** Forgets a list: what it says may be wrong. */
  forget(repository: string): void {
    this.#changes += 1;
    this.#drop(repository);
  }

  clear(): void {
    this.#changes += 1;
    this.#size = 0;
    this.#lists.clear();
  }

  #keep(repository: string, list: List): void {
    // Somebody who read it at the same time may have kept it, too.
    this.#drop(repository);
    this.#lists.set(repository, list);
    this.#size += this.#sizeOf(list);
    this.#bound();
  }

  #bound(): void {
    for (const oldest of this.#lists.keys()) {
      if (this.#size <= this.#limit) return;
      this.#drop(oldest);
    }
  }

  #drop(repository: string): void {
    const list = this.#lists.get(repository);
    if (list !== undefined) this.#size -= this.#sizeOf(list);
    this.#lists.delete(repository);
  }
}
