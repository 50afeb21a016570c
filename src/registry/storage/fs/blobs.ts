/**
 * Blobs as files: written whole or not at all, checked whenever they are read to their end.
 *
 * The time of a file's last change says when somebody last counted on the blob. A collector, which may be another process,
 * removes what is old; see `trash.ts` for how it never removes what became young meanwhile.
 */
import { randomBytes } from "node:crypto";
import { dirname, join } from "node:path";

import { rereadable, type Content } from "../../../content/index.ts";
import { absentAsUndefined, isAbsent } from "../../../errno.ts";
import { isSkillError, throwIfAborted } from "../../../errors.ts";
import { algorithmOf, digestOf, type Digest } from "../../../oci/index.ts";
import type { Disk } from "../../../store/layout/disk.ts";
import { isIrregular, isReadOnly, reading, unreadable } from "../../../store/layout/failure.ts";
import type { FileStatus, OpenFile } from "../../../store/layout/file-system.ts";
import { inOrder } from "../../../store/in-order.ts";
import type { OperationOptions } from "../../../store/types.ts";
import { blobAbsent, blobDamaged } from "../failures.ts";
import type { BlobStorage, ReadOptions, StoredBlob } from "../types.ts";
import { readBlob } from "./blob-reader.ts";
import { ALGORITHMS, digestToName, fileToDigest, nameToDigest, type RegistryPaths } from "./paths.ts";
import { stamp } from "./stamp.ts";
import { Trash } from "./trash.ts";
import { FsUploads } from "./uploads.ts";
import { VerifiedFiles } from "./verified-files.ts";
import { writing } from "./writing.ts";

export class FsBlobs implements BlobStorage {
  readonly uploads: FsUploads;
  readonly #disk: Disk<RegistryPaths>;
  readonly #trash: Trash;
  readonly #verified = new VerifiedFiles();

  constructor(disk: Disk<RegistryPaths>) {
    this.#disk = disk;
    this.#trash = new Trash(disk, disk.paths.trash);
    this.uploads = new FsUploads(disk);
  }

  async stat(digest: Digest): Promise<StoredBlob | undefined> {
    const { fs, paths } = this.#disk;
    const path = paths.blob(digest);
    const status = await reading(path, async () => {
      const found = await fs.status(path);
      return found === undefined && (await this.#rescue(digest)) ? fs.status(path) : found;
    });
    return status === undefined ? undefined : storedBlob(digest, status);
  }

  read(digest: Digest, options: ReadOptions = {}): Content {
    return rereadable(() => this.#read(digest, options));
  }

  async touch(digest: Digest): Promise<boolean> {
    const { fs, paths, now } = this.#disk;
    const path = paths.blob(digest);
    try {
      return (
        (await touched(async () => fs.touch(path, now()))) ||
        ((await this.#rescue(digest)) && (await touched(async () => fs.touch(path, now()))))
      );
    } catch (error) {
      // Where nobody may write, nobody removes anything either.
      if (isReadOnly(error)) return (await this.stat(digest)) !== undefined;
      throw unreadable(path, error);
    }
  }

  async put(digest: Digest, bytes: Uint8Array, { signal }: OperationOptions = {}): Promise<void> {
    throwIfAborted(signal);
    const actual = digestOf(bytes, algorithmOf(digest));
    if (actual !== digest) throw blobDamaged(digest, actual);
    const path = this.#disk.paths.blob(digest);
    await writing(path, async () => {
      if (await this.#keepIntact(digest, bytes.byteLength)) return;
      const temporary = await this.#disk.writeTemporary(bytes);
      try {
        await stamp(this.#disk, temporary.path);
      } catch (error) {
        await this.#disk.discard(temporary, error);
        throw error;
      }
      await this.#disk.settle(temporary, path);
    });
  }

  /** First takes back what a collector that was killed had in its hands. */
  async *list({ signal }: OperationOptions = {}): AsyncGenerator<StoredBlob, void, undefined> {
    const { fs, paths } = this.#disk;
    await this.#trash.restore((name) => {
      const digest = nameToDigest(name);
      return digest === undefined ? undefined : paths.blob(digest);
    });
    for (const algorithm of ALGORITHMS) {
      const directory = join(paths.blobs, algorithm);
      for (const shard of (await listIfThere(this.#disk, directory)).toSorted()) {
        const names = await listIfThere(this.#disk, join(directory, shard));
        const digests = names.flatMap((name) => fileToDigest(algorithm, name) ?? []);
        const look = async (digest: Digest): Promise<StoredBlob | undefined> => {
          const status = await fs.status(paths.blob(digest));
          return status === undefined ? undefined : storedBlob(digest, status);
        };
        for await (const blob of inOrder(digests, 16, look)) {
          throwIfAborted(signal);
          if (blob !== undefined) yield blob;
        }
      }
    }
  }

  async remove(digest: Digest, before: number): Promise<boolean> {
    const path = this.#disk.paths.blob(digest);
    return writing(path, async () => this.#trash.remove(path, digestToName(digest), before));
  }

  async setAside(digest: Digest, options: OperationOptions = {}): Promise<boolean> {
    const { fs, paths } = this.#disk;
    const path = paths.blob(digest);
    if (!(await this.#isDamaged(digest, options))) return false;
    return writing(path, async () => {
      await this.#disk.makeDirectory(paths.damaged);
      const aside = join(paths.damaged, `${digestToName(digest)}.${randomBytes(4).toString("hex")}`);
      await fs.rename(path, aside);
      if (await this.#hashesOtherwise(digest, aside, options)) {
        await this.#disk.syncDirectory(dirname(path));
        return true;
      }
      // Somebody healed it since it was read.
      await fs.link(aside, path).catch(ignore);
      await this.#disk.syncDirectory(dirname(path));
      await this.#disk.remove(aside);
      return false;
    });
  }

  async *#read(digest: Digest, options: ReadOptions): AsyncGenerator<Uint8Array, void, undefined> {
    throwIfAborted(options.signal);
    const path = this.#disk.paths.blob(digest);
    const file = await this.#open(digest, path);
    try {
      yield* readBlob(file, digest, options.fresh === true ? options : { ...options, verifiedFiles: this.#verified });
    } catch (error) {
      throw unreadable(path, error);
    } finally {
      await file.close();
    }
  }

  async #open(digest: Digest, path: string): Promise<OpenFile> {
    const { fs } = this.#disk;
    try {
      const file = await fs.open(path).catch(absentAsUndefined);
      if (file !== undefined) return file;
      if (await this.#rescue(digest)) return await fs.open(path);
    } catch (error) {
      if (!isAbsent(error) && !isIrregular(error)) throw unreadable(path, error);
    }
    throw blobAbsent(digest);
  }

  async #rescue(digest: Digest): Promise<boolean> {
    return this.#trash.rescue(this.#disk.paths.blob(digest), digestToName(digest));
  }

  /** Whether the content is there, whole and durable; if so it is touched. */
  async #keepIntact(digest: Digest, size: number): Promise<boolean> {
    const path = this.#disk.paths.blob(digest);
    if ((await this.stat(digest))?.size !== size || (await this.#isDamaged(digest, {}))) return false;
    await this.#disk.syncDirectory(dirname(path));
    return this.touch(digest);
  }

  /** Reads it all; one that is not there is not damaged. */
  async #isDamaged(digest: Digest, options: OperationOptions): Promise<boolean> {
    try {
      return await this.#hashesOtherwise(digest, this.#disk.paths.blob(digest), options);
    } catch (error) {
      if (isAbsent(error)) return false;
      throw unreadable(this.#disk.paths.blob(digest), error);
    }
  }

  async #hashesOtherwise(digest: Digest, path: string, options: OperationOptions): Promise<boolean> {
    const file = await this.#disk.fs.open(path);
    try {
      for await (const _ of readBlob(file, digest, { ...options, transient: true }));
      return false;
    } catch (error) {
      if (isSkillError(error, "DIGEST_MISMATCH")) return true;
      throw error;
    } finally {
      await file.close();
    }
  }
}

/** Whether there was something to touch. */
async function touched(touch: () => Promise<void>): Promise<boolean> {
  try {
    await touch();
    return true;
  } catch (error) {
    if (isAbsent(error)) return false;
    throw error;
  }
}

function storedBlob(digest: Digest, { kind, size, modified }: FileStatus): StoredBlob | undefined {
  return kind === "file" ? { digest, size, touched: Math.round(modified) } : undefined;
}

async function listIfThere({ fs }: Disk<RegistryPaths>, directory: string): Promise<string[]> {
  return (await fs.list(directory).catch(absentAsUndefined)) ?? [];
}

function ignore(): void {
  // It is there, which is what was wanted.
}
