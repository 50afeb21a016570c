import { absentAsUndefined } from "../../../errno.ts";
import type { Digest } from "../../../oci/index.ts";
import type { Disk } from "../../../store/layout/disk.ts";
import { reading } from "../../../store/layout/failure.ts";
import { ALGORITHMS, fileToDigest, type RegistryPaths } from "./paths.ts";

/** How many digests are kept, of all repositories together: some tens of megabytes. */
const KEPT = 200_000;

/** The manifests of repositories, in no order: rules ask for those of a repository with every push to it. */
export class ManifestDigests {
  readonly #disk: Disk<RegistryPaths>;
  readonly #keeps: boolean;
  readonly #sets = new Map<string, Set<Digest>>();
  #size = 0;
  /** Counts changes, so that nothing is kept that was read before one of them. */
  #changes = 0;

  /** `keeps`: whether they may be kept, because this process alone changes them. */
  constructor(disk: Disk<RegistryPaths>, keeps: boolean) {
    this.#disk = disk;
    this.#keeps = keeps;
  }

  /** The caller takes what it needs before it waits for anything. */
  async of(repository: string): Promise<ReadonlySet<Digest>> {
    const known = this.#sets.get(repository);
    if (known !== undefined) return known;
    const before = this.#changes;
    const digests = new Set(await this.read(repository));
    if (this.#keeps && before === this.#changes) this.#keep(repository, digests);
    return digests;
  }

  /** What the disk has. */
  async read(repository: string): Promise<readonly Digest[]> {
    const digests: Digest[] = [];
    for (const algorithm of ALGORITHMS) {
      const directory = this.#disk.paths.repository(repository).manifests(algorithm);
      const list = async (): Promise<string[]> => (await this.#disk.fs.list(directory).catch(absentAsUndefined)) ?? [];
      for (const name of await reading(directory, list)) {
        const digest = fileToDigest(algorithm, name, ".json");
        if (digest !== undefined) digests.push(digest);
      }
    }
    return digests;
  }

  /** Says that a manifest is there now. */
  add(repository: string, digest: Digest): void {
    this.#changes += 1;
    const digests = this.#sets.get(repository);
    if (digests === undefined || digests.has(digest)) return;
    digests.add(digest);
    this.#size += 1;
    this.#bound();
  }

  /** Forgets those of a repository: what is kept may be wrong. */
  forget(repository: string): void {
    this.#changes += 1;
    this.#drop(repository);
  }

  clear(): void {
    this.#changes += 1;
    this.#size = 0;
    this.#sets.clear();
  }

  #keep(repository: string, digests: Set<Digest>): void {
    if (digests.size === 0) return;
    // Somebody who read it at the same time may have kept it, too.
    this.#drop(repository);
    this.#sets.set(repository, digests);
    this.#size += digests.size;
    this.#bound();
  }

  /** Forgets the oldest until the others are few enough. */
  #bound(): void {
    for (const oldest of this.#sets.keys()) {
      if (this.#size <= KEPT) return;
      this.#drop(oldest);
    }
  }

  #drop(repository: string): void {
    this.#size -= this.#sets.get(repository)?.size ?? 0;
    this.#sets.delete(repository);
  }
}
