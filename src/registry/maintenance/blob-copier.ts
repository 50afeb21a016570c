/** Blobs of one registry in another, each verified on its way. */
import { readAll } from "../../content/index.ts";
import { isSkillError, SkillError } from "../../errors.ts";
import type { Digest } from "../../oci/index.ts";
import type { OperationOptions } from "../../store/types.ts";
import type { RegistryStorage, StoredBlob } from "../storage/types.ts";

/** Up to so many bytes, a blob is copied in memory. */
const SMALL = 1024 ** 2;
const DAMAGES: ReadonlySet<string> = new Set(["NOT_FOUND", "DIGEST_MISMATCH", "FILE_UNREADABLE", "STORE_CORRUPT"]);

/** Thrown for what the source lacks or has damaged; failures of the target are not of this class. */
export class SourceDamage extends SkillError {}

export class BlobCopier {
  /** Those that were copied; what the target had already is not counted. */
  blobs = 0;
  bytes = 0;
  readonly #source: RegistryStorage;
  readonly #target: RegistryStorage;
  readonly #options: OperationOptions;

  constructor(source: RegistryStorage, target: RegistryStorage, options: OperationOptions) {
    this.#source = source;
    this.#target = target;
    this.#options = options;
  }

  /** Resolves to what is wrong in the source when the target has it whole all the same; throws it when the target has not. */
  async copy(digest: Digest): Promise<SourceDamage | undefined> {
    try {
      const blob = await this.#source.blobs.stat(digest).catch(throwDamage);
      if (blob === undefined) throw new SourceDamage("NOT_FOUND", `${digest} is missing`);
      const there = await this.#target.blobs.stat(digest);
      if (there?.size === blob.size && (await this.#target.blobs.touch(digest))) return undefined;
      await this.#transfer(blob);
      this.blobs += 1;
      this.bytes += blob.size;
      return undefined;
    } catch (error) {
      if (error instanceof SourceDamage && (await this.isWholeInTarget(digest))) return error;
      throw error;
    }
  }

  async isWholeInTarget(digest: Digest): Promise<boolean> {
    const { blobs } = this.#target;
    try {
      for await (const _ of blobs.read(digest, { ...this.#options, fresh: true, transient: true }));
      return await blobs.touch(digest);
    } catch (error) {
      if (isDamage(error)) return false;
      throw error;
    }
  }

  async #transfer({ digest, size }: StoredBlob): Promise<void> {
    const { blobs } = this.#target;
    const content = readSource(this.#source, digest, this.#options);
    if (size <= SMALL) return blobs.put(digest, await readAll(content, this.#options), this.#options);
    const { id } = await blobs.uploads.begin("backup", this.#options);
    try {
      await blobs.uploads.append(id, 0, content, this.#options);
      await blobs.uploads.finish(id, digest, this.#options);
    } catch (error) {
      await blobs.uploads.cancel(id);
      throw error;
    }
  }
}

async function* readSource(
  { blobs }: RegistryStorage,
  digest: Digest,
  options: OperationOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* blobs.read(digest, options);
  } catch (error) {
    throwDamage(error);
  }
}

function isDamage(error: unknown): error is SkillError {
  return isSkillError(error) && DAMAGES.has(error.code);
}

/** Throws what a source failed with: as {@link SourceDamage} if that is what it is. */
function throwDamage(error: unknown): never {
  throw isDamage(error) ? new SourceDamage(error.code, error.message, { cause: error }) : error;
}
