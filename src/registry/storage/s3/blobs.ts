/**
 * Blobs as objects of a bucket, each under a name of its own that is never used again; the database says which object a blob
 * is. So a blob is replaced and removed by changing a row, and nobody can delete the object of somebody else's push.
 */
import { rereadable, type Content } from "../../../content/index.ts";
import { isSkillError, SkillError, throwIfAborted } from "../../../errors.ts";
import { algorithmOf, digestOf, type Digest } from "../../../oci/index.ts";
import type { OperationOptions } from "../../../store/types.ts";
import type { Database } from "../postgres/database.ts";
import { blobAbsent, blobDamaged } from "../failures.ts";
import type { BlobStorage, ByteRange, StoredBlob } from "../types.ts";
import { verified } from "../verified.ts";
import { BlobRecords, type BlobRecord } from "./blob-records.ts";
import type { S3Bucket } from "./bucket.ts";
import { isMissing } from "./failures.ts";
import type { Leftovers } from "./leftovers.ts";
import { UploadRecords } from "./upload-records.ts";
import { S3Uploads } from "./uploads.ts";

export interface BlobParts {
  readonly bucket: S3Bucket;
  readonly database: Database;
  readonly leftovers: Leftovers;
  readonly now: () => number;
}

export class S3Blobs implements BlobStorage {
  readonly uploads: S3Uploads;
  readonly records: BlobRecords;
  readonly #parts: BlobParts;

  constructor(parts: BlobParts) {
    const { database, leftovers, now } = parts;
    this.#parts = parts;
    this.records = new BlobRecords(database, leftovers, now);
    const records = new UploadRecords(database, leftovers, now);
    this.uploads = new S3Uploads({ ...parts, records, blobs: this.records });
  }

  async stat(digest: Digest): Promise<StoredBlob | undefined> {
    const record = await this.records.find(digest);
    return record === undefined ? undefined : storedBlob(record);
  }

  read(digest: Digest, options: OperationOptions & { readonly range?: ByteRange } = {}): Content {
    return rereadable(() => this.#read(digest, options));
  }

  async touch(digest: Digest): Promise<boolean> {
    return this.records.touch(digest);
  }

  /** Writes what is there already once more, which costs no more than looking whether it is sound. */
  async put(digest: Digest, bytes: Uint8Array, options: OperationOptions = {}): Promise<void> {
    throwIfAborted(options.signal);
    const actual = digestOf(bytes, algorithmOf(digest));
    if (actual !== digest) throw blobDamaged(digest, actual);
    const { bucket, database, leftovers } = this.#parts;
    const object = await leftovers.announce();
    await bucket.put(object, bytes, options);
    await database.transaction(async (sql) => {
      await leftovers.take(sql, object);
      await this.records.enter(sql, digest, bytes.byteLength, object);
    });
  }

  async *list(options: OperationOptions = {}): AsyncGenerator<StoredBlob, void, undefined> {
    for await (const record of this.records.list(options)) yield storedBlob(record);
  }

  async remove(digest: Digest, before: number): Promise<boolean> {
    return this.records.remove(digest, before);
  }

  async setAside(digest: Digest, options: OperationOptions = {}): Promise<boolean> {
    const record = await this.records.find(digest);
    if (record === undefined) return false;
    try {
      for await (const _ of verified(this.#parts.bucket.read(record.object, options), digest));
      return false;
    } catch (error) {
      if (!isMissing(error) && !isSkillError(error, "DIGEST_MISMATCH")) throw error;
      return this.records.setAside(record);
    }
  }

  async *#read(
    digest: Digest,
    options: OperationOptions & { readonly range?: ByteRange },
  ): AsyncGenerator<Uint8Array, void, undefined> {
    throwIfAborted(options.signal);
    const record = await this.records.find(digest);
    if (record === undefined) throw blobAbsent(digest);
    const content = this.#parts.bucket.read(record.object, options);
    try {
      yield* options.range === undefined ? verified(content, digest) : content;
    } catch (error) {
      if (!isMissing(error)) throw error;
      // It may have been removed, or replaced, since it was looked up.
      const now = await this.records.find(digest);
      if (now === undefined) throw blobAbsent(digest, error);
      if (now.object === record.object) throw objectLost(record, error);
      yield* this.#read(digest, options);
    }
  }
}

function storedBlob({ digest, size, touched }: BlobRecord): StoredBlob {
  return { digest, size, touched };
}

function objectLost({ digest, object }: BlobRecord, cause: unknown): SkillError {
  return new SkillError("FILE_UNREADABLE", `${object}, which is ${digest}, is not in the bucket any more`, {
    hint: "Somebody deleted it behind the registry's back; push it again.",
    cause,
  });
}
