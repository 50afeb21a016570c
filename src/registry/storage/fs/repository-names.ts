import { join } from "node:path";

import { absentAsUndefined } from "../../../errno.ts";
import { isRepositoryPath } from "../../../oci/index.ts";
import type { Disk } from "../../../store/layout/disk.ts";
import { pageOf, placeOf } from "../pages.ts";
import type { PageOptions } from "../types.ts";
import { ALGORITHMS, SEPARATOR, type RegistryPaths } from "./paths.ts";

/** The names of all repositories, sorted; those that hold nothing any more keep their directory and are left out. */
export class RepositoryNames {
  readonly #disk: Disk<RegistryPaths>;
  readonly #keeps: boolean;
  #names: Promise<string[]> | undefined;

  /** `keeps`: whether the list may be kept, because this process alone makes repositories. */
  constructor(disk: Disk<RegistryPaths>, keeps: boolean) {
    this.#disk = disk;
    this.#keeps = keeps;
  }

  async *page({ last, limit = Infinity, signal }: PageOptions): AsyncGenerator<string, void, undefined> {
    const names = [...pageOf(await this.#all(), last === undefined ? {} : { last })];
    let left = limit;
    for (const name of names) {
      if (left <= 0) return;
      signal?.throwIfAborted();
      if (await this.#holdsSomething(name)) {
        left -= 1;
        yield name;
      }
    }
  }

  /** Says that files of a repository were changed; it may be new. */
  changed(repository: string): void {
    void this.#names?.then((names) => {
      const at = placeOf(names, repository);
      if (names[at] !== repository) names.splice(at, 0, repository);
    }, ignore);
  }

  async #all(): Promise<readonly string[]> {
    if (!this.#keeps) return this.#find();
    this.#names ??= this.#find().catch((error: unknown) => {
      this.#names = undefined;
      throw error;
    });
    return this.#names;
  }

  async #find(): Promise<string[]> {
    const found: string[] = [];
    await this.#walk("", found);
    return found.toSorted();
  }

  async #walk(name: string, found: string[]): Promise<void> {
    const { fs, paths } = this.#disk;
    const inside = (await fs.list(join(paths.repositories, name)).catch(absentAsUndefined)) ?? [];
    for (const each of inside) {
      const below = name === "" ? each : `${name}/${each}`;
      if (each === SEPARATOR && name !== "") found.push(name);
      else if (isRepositoryPath(below)) await this.#walk(below, found);
    }
  }

  async #holdsSomething(name: string): Promise<boolean> {
    const { fs, paths } = this.#disk;
    const repository = paths.repository(name);
    // Tags without anything else are what a disk has left of it.
    const directories = [
      ...ALGORITHMS.flatMap((each) => [repository.manifests(each), repository.links(each)]),
      repository.tags,
    ];
    for (const directory of directories) {
      if (((await fs.list(directory).catch(absentAsUndefined)) ?? []).length > 0) return true;
    }
    return false;
  }
}

function ignore(): void {
  // Whoever asks for the names reads them again.
}
