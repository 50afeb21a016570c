import { absentAsUndefined } from "../../../errno.ts";
import type { Disk } from "../../../store/layout/disk.ts";
import { placeOf } from "../pages.ts";
import type { RegistryPaths } from "./paths.ts";
import { fileNameToTag } from "./tag-names.ts";

/** How many names are kept, of all repositories together. */
const KEPT = 500_000;

/**
 * The tags of repositories, sorted: whoever asks for page after page of a long list must not make the directory be read for
 * each of them.
 */
export class TagNames {
  readonly #disk: Disk<RegistryPaths>;
  readonly #keeps: boolean;
  readonly #lists = new Map<string, string[]>();
  #size = 0;
  /** Counts changes, so that a list is not kept that was read before one of them. */
  #changes = 0;

  /** `keeps`: whether lists may be kept, because this process alone changes tags. */
  constructor(disk: Disk<RegistryPaths>, keeps: boolean) {
    this.#disk = disk;
    this.#keeps = keeps;
  }

  /** The caller must not change it, and takes what it needs before it waits for anything. */
  async of(repository: string): Promise<readonly string[]> {
    const known = this.#lists.get(repository);
    if (known !== undefined) return known;
    const before = this.#changes;
    const { fs, paths } = this.#disk;
    const names = (await fs.list(paths.repository(repository).tags).catch(absentAsUndefined)) ?? [];
    const tags = names.flatMap((name) => fileNameToTag(name) ?? []).toSorted();
    if (this.#keeps && before === this.#changes) this.#keep(repository, tags);
    return tags;
  }

  /** Says that a tag is there now, or is not. */
  set(repository: string, tag: string, isThere: boolean): void {
    this.#changes += 1;
    const tags = this.#lists.get(repository);
    if (tags === undefined) return;
    const at = placeOf(tags, tag);
    if ((tags[at] === tag) === isThere) return;
    if (isThere) tags.splice(at, 0, tag);
    else tags.splice(at, 1);
    this.#size += isThere ? 1 : -1;
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

  #keep(repository: string, tags: string[]): void {
    if (tags.length === 0) return;
    // Somebody who read it at the same time may have kept it, too.
    this.#drop(repository);
    this.#lists.set(repository, tags);
    this.#size += tags.length;
    this.#bound();
  }

  /** Forgets the oldest until the others are few enough. */
  #bound(): void {
    for (const oldest of this.#lists.keys()) {
      if (this.#size <= KEPT) return;
      this.#drop(oldest);
    }
  }

  #drop(repository: string): void {
    this.#size -= this.#lists.get(repository)?.length ?? 0;
    this.#lists.delete(repository);
  }
}
