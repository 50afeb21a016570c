/** How many uploads are under way, so that nobody can begin more than there is room for. */
import type { UploadStorage } from "../storage/types.ts";

/** Milliseconds for which a count of the storage is good. */
const FRESH = 5000;
/** Milliseconds for which one is good enough to be shown. */
const SHOWN = 60_000;

/**
 * Counts what this process begins and ends. Uploads also expire, in maintenance and perhaps in another process, so that the
 * count is too high at worst: before anybody is refused for it, the storage is counted again.
 */
export class UploadCensus {
  readonly #uploads: UploadStorage;
  readonly #now: () => number;
  #counts: Map<string, number> | undefined;
  #total = 0;
  #counted = -Infinity;
  #changes = 0;
  /** Whether no upload began or ended during the count, of which nobody knows whether it was counted. */
  #isExact = false;
  #counting: Promise<void> | undefined;

  constructor(uploads: UploadStorage, now: () => number) {
    this.#uploads = uploads;
    this.#now = now;
  }

  /** All, or those of one repository. */
  async count(repository?: string): Promise<number> {
    if (this.#counts === undefined) await this.#recount();
    return repository === undefined ? this.#total : (this.#counts?.get(repository) ?? 0);
  }

  /** All, without those that expired long ago. */
  async shown(): Promise<number> {
    if (!this.#isFresh(this.#isExact ? SHOWN : FRESH)) await this.#recount();
    return this.#total;
  }

  /** Whether there is room for one more. */
  async hasRoom(
    repository: string,
    limits: { readonly uploads: number; readonly uploadsPerRepository: number },
  ): Promise<boolean> {
    const fits = async (): Promise<boolean> =>
      (await this.count()) < limits.uploads && (await this.count(repository)) < limits.uploadsPerRepository;
    if (await fits()) return true;
    if (this.#isFresh(FRESH)) return false;
    await this.#recount();
    return fits();
  }

  began(repository: string): void {
    this.#add(repository, 1);
  }

  ended(repository: string): void {
    this.#add(repository, -1);
  }

  #isFresh(within: number): boolean {
    const age = this.#now() - this.#counted;
    return age >= 0 && age < within;
  }

  #add(repository: string, change: number): void {
    this.#changes += 1;
    if (this.#counts === undefined) return;
    const count = (this.#counts.get(repository) ?? 0) + change;
    if (count > 0) this.#counts.set(repository, count);
    else this.#counts.delete(repository);
    this.#total = Math.max(0, this.#total + change);
  }

  /** One count at a time, whoever asks for it. */
  async #recount(): Promise<void> {
    this.#counting ??= this.#read().finally(() => (this.#counting = undefined));
    await this.#counting;
  }

  async #read(): Promise<void> {
    const counts = new Map<string, number>();
    const before = this.#changes;
    let total = 0;
    for await (const { repository } of this.#uploads.list()) {
      counts.set(repository, (counts.get(repository) ?? 0) + 1);
      total += 1;
    }
    this.#counts = counts;
    this.#total = total;
    this.#isExact = this.#changes === before;
    this.#counted = this.#now();
  }
}
