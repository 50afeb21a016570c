import { absentAsUndefined, isAbsent } from "../../../errno.ts";
import { throwIfAborted } from "../../../errors.ts";
import type { Digest } from "../../../oci/index.ts";
import type { Disk } from "../../../store/layout/disk.ts";
import { isReadOnly, reading } from "../../../store/layout/failure.ts";
import { inOrder } from "../../../store/in-order.ts";
import type { OperationOptions } from "../../../store/types.ts";
import {
  ALGORITHMS,
  digestToName,
  fileToDigest,
  nameToDigest,
  type RegistryPaths,
  type RepositoryPaths,
} from "./paths.ts";
import { Trash } from "./trash.ts";
import { writing } from "./writing.ts";

/**
 * Which blobs a repository has: an empty file for each, whose time says when somebody last counted on it. They are made by the
 * journal, and removed by a collector as blobs are.
 */
export class BlobLinks {
  readonly #disk: Disk<RegistryPaths>;
  readonly #paths: RepositoryPaths;
  readonly #trash: Trash;

  constructor(disk: Disk<RegistryPaths>, paths: RepositoryPaths) {
    this.#disk = disk;
    this.#paths = paths;
    this.#trash = new Trash(disk, paths.trash);
  }

  async has(digest: Digest): Promise<boolean> {
    const path = this.#paths.link(digest);
    const isThere = async (): Promise<boolean> => (await this.#disk.fs.status(path))?.kind === "file";
    return reading(path, async () => (await isThere()) || ((await this.#rescue(digest)) && (await isThere())));
  }

  async touch(digest: Digest): Promise<boolean> {
    const path = this.#paths.link(digest);
    return writing(path, async () => {
      return (await this.#touch(digest)) || ((await this.#rescue(digest)) && (await this.#touch(digest)));
    });
  }

  /** Unless it was touched after `before`; resolves to whether it did. */
  async remove(digest: Digest, before: number): Promise<boolean> {
    const path = this.#paths.link(digest);
    return writing(path, async () => this.#trash.remove(path, digestToName(digest), before));
  }

  /** Forgets what a collector that was killed had removed of a link, so that nobody takes it back. */
  async forgetRemoved(digest: Digest): Promise<void> {
    await writing(this.#paths.trash, async () => this.#trash.discard(digestToName(digest)));
  }

  /** How many bytes each of the blobs has that it has. Those whose bytes are gone have none. */
  async *sizes(): AsyncGenerator<{ readonly digest: Digest; readonly size: number | undefined }, void, undefined> {
    const { fs, paths } = this.#disk;
    const look = async (digest: Digest) => ({ digest, size: (await fs.status(paths.blob(digest)))?.size });
    // Also those that a collector has in its hands, which it may have to give back; wherever they go meanwhile.
    const digests = new Set(await this.#inTrash());
    for (const algorithm of ALGORITHMS) {
      const names = (await fs.list(this.#paths.links(algorithm)).catch(absentAsUndefined)) ?? [];
      for (const digest of names.flatMap((name) => fileToDigest(algorithm, name) ?? [])) digests.add(digest);
    }
    for (const digest of await this.#inTrash()) digests.add(digest);
    yield* inOrder(digests, 16, look);
  }

  async #inTrash(): Promise<Digest[]> {
    const names = (await this.#disk.fs.list(this.#paths.trash).catch(absentAsUndefined)) ?? [];
    return names.flatMap((name) => nameToDigest(name.slice(0, name.lastIndexOf("."))) ?? []);
  }

  /** First takes back what a collector that was killed had in its hands. */
  async *list({
    signal,
  }: OperationOptions): AsyncGenerator<{ readonly digest: Digest; readonly linked: number }, void, undefined> {
    const { fs } = this.#disk;
    await this.#trash.restore((name) => {
      const digest = nameToDigest(name);
      return digest === undefined ? undefined : this.#paths.link(digest);
    });
    for (const algorithm of ALGORITHMS) {
      const directory = this.#paths.links(algorithm);
      const names = await reading(directory, async () => (await fs.list(directory).catch(absentAsUndefined)) ?? []);
      const digests = names.flatMap((name) => fileToDigest(algorithm, name) ?? []);
      const look = async (digest: Digest) => ({ digest, status: await fs.status(this.#paths.link(digest)) });
      for await (const { digest, status } of inOrder(digests, 16, look)) {
        throwIfAborted(signal);
        if (status?.kind === "file") yield { digest, linked: Math.round(status.modified) };
      }
    }
  }

  async #touch(digest: Digest): Promise<boolean> {
    try {
      await this.#disk.fs.touch(this.#paths.link(digest), this.#disk.now());
      return true;
    } catch (error) {
      if (isAbsent(error)) return false;
      // Where nobody may write, nobody removes anything either.
      if (isReadOnly(error)) return this.has(digest);
      throw error;
    }
  }

  async #rescue(digest: Digest): Promise<boolean> {
    return this.#trash.rescue(this.#paths.link(digest), digestToName(digest));
  }
}
