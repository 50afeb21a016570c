/**
 * Uploads that any process may go on with: a client that comes back may be sent to another replica.
 *
 * The bytes are hashed while they arrive, so that finishing does not read them again; the hash lives in one process, and only
 * for some thousand uploads. What came through several processes is read once more when it is finished.
 */
import { createHash, type Hash } from "node:crypto";

import type { Content } from "../../../content/index.ts";
import { isSkillError, throwIfAborted } from "../../../errors.ts";
import { algorithmOf, digestFrom, type Digest, type DigestAlgorithm } from "../../../oci/index.ts";
import type { OperationOptions } from "../../../store/types.ts";
import { blobDamaged, uploadElsewhere } from "../failures.ts";
import { limited } from "../limited.ts";
import type { StoredBlob, Upload, UploadStorage } from "../types.ts";
import { verified } from "../verified.ts";
import { assemble } from "./assemble.ts";
import type { BlobRecords } from "./blob-records.ts";
import type { BlobParts } from "./blobs.ts";
import { PartWriter } from "./part-writer.ts";
import type { HeldUpload, UploadRecord, UploadRecords } from "./upload-records.ts";

/** The algorithm that nearly all clients finish with. */
const USUAL: DigestAlgorithm = "sha256";
const MAX_HASHES = 4096;

/** The hash of the first `size` bytes of an upload. */
interface Progress {
  readonly hash: Hash;
  readonly size: number;
}

export interface UploadParts extends BlobParts {
  readonly records: UploadRecords;
  readonly blobs: BlobRecords;
}

export class S3Uploads implements UploadStorage {
  readonly #parts: UploadParts;
  readonly #progress = new Map<string, Progress>();

  constructor(parts: UploadParts) {
    this.#parts = parts;
  }

  async begin(repository: string, { signal }: OperationOptions = {}): Promise<Upload> {
    throwIfAborted(signal);
    const upload = await this.#parts.records.begin(repository);
    this.#remember(upload.id, { hash: createHash(USUAL), size: 0 });
    return upload;
  }

  async find(id: string): Promise<Upload | undefined> {
    const record = await this.#parts.records.find(id);
    return record === undefined ? undefined : shown(record);
  }

  async append(
    id: string,
    offset: number,
    content: Content,
    { limit = Infinity, signal }: OperationOptions & { readonly limit?: number } = {},
  ): Promise<Upload> {
    const { records, bucket, leftovers } = this.#parts;
    return records.hold(id, async (held) => {
      const end = held.record.offset;
      if (offset !== end) throw uploadElsewhere(id, end, offset);
      const known = this.#progress.get(id);
      this.#progress.delete(id);
      const progress = known?.size === end ? known : undefined;
      const writer = new PartWriter(held, bucket, leftovers);
      await writer.resume();
      try {
        for await (const chunk of limited(content, limit - offset, limit, signal)) {
          progress?.hash.update(chunk);
          await writer.write(chunk);
        }
      } finally {
        // What has arrived stays, however it ended.
        await writer.end();
        if (progress !== undefined) this.#remember(id, { hash: progress.hash, size: held.record.offset });
      }
      return shown(held.record);
    });
  }

  async finish(id: string, digest: Digest, options: OperationOptions = {}): Promise<StoredBlob> {
    const { records, bucket, leftovers, database, blobs } = this.#parts;
    const finish = async (held: HeldUpload): Promise<StoredBlob> => {
      const { offset: size } = held.record;
      const progress = this.#progress.get(id);
      const isKnown = progress?.size === size && algorithmOf(digest) === USUAL;
      if (isKnown) check(progress.hash, digest);
      const { object, isAnnounced, isCertain } = await assemble(held, bucket, leftovers);
      if (!isKnown || !isCertain) for await (const _ of verified(bucket.read(object, options), digest));
      return database.transaction(async (sql) => {
        if (isAnnounced) await leftovers.take(sql, object);
        await held.end(sql, object);
        return blobs.enter(sql, digest, size, object);
      });
    };
    return records.hold(id, async (held) => {
      try {
        const blob = await finish(held);
        this.#progress.delete(id);
        return blob;
      } catch (error) {
        if (isSkillError(error, "DIGEST_MISMATCH")) await held.discard();
        throw error;
      }
    });
  }

  async cancel(
    id: string,
    { before = Infinity }: OperationOptions & { readonly before?: number } = {},
  ): Promise<boolean> {
    const isForgotten = await this.#parts.records.forget(id, before);
    if (isForgotten) this.#progress.delete(id);
    return isForgotten;
  }

  async *list(options: OperationOptions = {}): AsyncGenerator<Upload, void, undefined> {
    for await (const record of this.#parts.records.list(options)) yield shown(record);
  }

  #remember(id: string, progress: Progress): void {
    this.#progress.set(id, progress);
    if (this.#progress.size <= MAX_HASHES) return;
    const [oldest] = this.#progress.keys();
    if (oldest !== undefined) this.#progress.delete(oldest);
  }
}

function check(hash: Hash, digest: Digest): void {
  const actual = digestFrom(USUAL, hash.copy());
  if (actual !== digest) throw blobDamaged(digest, actual);
}

function shown({ id, repository, offset, started, touched }: UploadRecord): Upload {
  return { id, repository, offset, started, touched };
}
