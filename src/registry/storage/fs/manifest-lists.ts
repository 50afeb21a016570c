import { absentAsUndefined } from "../../../errno.ts";
import type { Digest } from "../../../oci/index.ts";
import type { Disk } from "../../../store/layout/disk.ts";
import { reading } from "../../../store/layout/failure.ts";
import { KeptLists } from "./kept-lists.ts";
import { ALGORITHMS, fileToDigest, type RegistryPaths } from "./paths.ts";

/** How many digests are kept, of all repositories together: some tens of megabytes. */
const KEPT = 200_000;

/** The manifests of repositories, in no order: rules ask for those of a repository with every push to it. */
export class ManifestDigests {
  readonly #disk: Disk<RegistryPaths>;
  readonly #kept: KeptLists<Set<Digest>>;

  /** `keeps`: whether they may be kept, because this process alone changes them. */
  constructor(disk: Disk<RegistryPaths>, keeps: boolean) {
    this.#disk = disk;
    this.#kept = new KeptLists(keeps ? KEPT : 0, ({ size }) => size);
  }

  /** The caller takes what it needs before it waits for anything. */
  async of(repository: string): Promise<ReadonlySet<Digest>> {
    return this.#kept.get(repository, async () => new Set(await this.read(repository)));
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
    this.#kept.change(repository, (digests) => void digests.add(digest));
  }

  /** Forgets those of a repository: what is kept may be wrong. */
  forget(repository: string): void {
    this.#kept.forget(repository);
  }

  clear(): void {
    this.#kept.clear();
  }
}
