import { absentAsUndefined } from "../../../errno.ts";
import type { Disk } from "../../../store/layout/disk.ts";
import { placeOf } from "../pages.ts";
import { KeptLists } from "./kept-lists.ts";
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
  readonly #kept: KeptLists<string[]>;

  /** `keeps`: whether lists may be kept, because this process alone changes tags. */
  constructor(disk: Disk<RegistryPaths>, keeps: boolean) {
    this.#disk = disk;
    this.#kept = new KeptLists(keeps ? KEPT : 0, ({ length }) => length);
  }

  /** The caller must not change it, and takes what it needs before it waits for anything. */
  async of(repository: string): Promise<readonly string[]> {
    return this.#kept.get(repository, async () => {
      const { fs, paths } = this.#disk;
      const names = (await fs.list(paths.repository(repository).tags).catch(absentAsUndefined)) ?? [];
      return names.flatMap((name) => fileNameToTag(name) ?? []).toSorted();
    });
  }

  /** Says that a tag is there now, or is not. */
  set(repository: string, tag: string, isThere: boolean): void {
    this.#kept.change(repository, (tags) => {
      const at = placeOf(tags, tag);
      if ((tags[at] === tag) === isThere) return;
      if (isThere) tags.splice(at, 0, tag);
      else tags.splice(at, 1);
    });
  }

  /** Forgets a list: what it says may be wrong. */
  forget(repository: string): void {
    this.#kept.forget(repository);
  }

  clear(): void {
    this.#kept.clear();
  }
}
