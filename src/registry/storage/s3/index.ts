/**
 * A registry's storage in an S3 bucket and a PostgreSQL database, for several processes at the same time.
 *
 * S3 has no step that decides between two writers which every server offers, and no way to move a tag and store a manifest in
 * one. So the bucket holds bytes only, and everything that is decided is decided by PostgreSQL. docs/how-to/registry-on-s3.md
 * says how to set it up.
 */
import { throwIfAborted } from "../../../errors.ts";
import type { OperationOptions } from "../../../store/types.ts";
import { Database, type PostgresOptions } from "../postgres/database.ts";
import { PostgresMarks } from "../postgres/marks.ts";
import { PostgresMetadata } from "../postgres/metadata.ts";
import { migrate } from "../postgres/migrations.ts";
import { recount } from "../postgres/usage.ts";
import type { RegistryStorage, StorageIssue } from "../types.ts";
import { S3Blobs } from "./blobs.ts";
import { S3Bucket, type BucketOptions } from "./bucket.ts";
import { inspectBucket } from "./inspect.ts";
import { Leftovers } from "./leftovers.ts";
import { checkMarker, pair } from "./pairing.ts";

export type { S3Credentials } from "./bucket.ts";

export interface S3StorageOptions extends OperationOptions, BucketOptions {
  /** Where everything is kept but bytes. */
  readonly postgres: PostgresOptions;
  /** The clock, in milliseconds since 1970. Default: `Date.now`. */
  readonly now?: () => number;
}

/**
 * Opens the registry in a bucket, which must be there, and a database, whose tables are made or brought up to date. Needs the
 * packages `@aws-sdk/client-s3` and `pg`. Throws `CONFIG_INVALID` when one is not installed, or when bucket and database are of
 * different registries; `REGISTRY_UNREACHABLE`, `STORE_CORRUPT`, `STORE_UNWRITABLE`, `FILE_UNREADABLE`.
 */
export async function createS3Storage(options: S3StorageOptions): Promise<RegistryStorage> {
  const { postgres, now = Date.now, signal } = options;
  throwIfAborted(signal);
  const [bucket, database] = [await S3Bucket.create(options), await Database.create(postgres)];
  const storage = new S3Storage(bucket, database, now);
  try {
    await migrate(database);
    await pair(bucket, database);
    return storage;
  } catch (error) {
    await storage.close();
    throw error;
  }
}

class S3Storage implements RegistryStorage {
  readonly blobs: S3Blobs;
  readonly metadata: PostgresMetadata;
  readonly marks: PostgresMarks;
  readonly #bucket: S3Bucket;
  readonly #database: Database;
  readonly #leftovers: Leftovers;

  constructor(bucket: S3Bucket, database: Database, now: () => number) {
    this.#bucket = bucket;
    this.#database = database;
    this.#leftovers = new Leftovers(database, bucket, now);
    this.blobs = new S3Blobs({ bucket, database, leftovers: this.#leftovers, now });
    this.metadata = new PostgresMetadata(database, now);
    this.marks = new PostgresMarks(database);
  }

  inspect(options: OperationOptions = {}): AsyncIterable<StorageIssue> {
    return inspectBucket(this.#bucket, this.#database, this.blobs.records, options);
  }

  async sweep(before: number, options: OperationOptions = {}): Promise<number> {
    return this.#leftovers.sweep(before, options);
  }

  async check(options: OperationOptions = {}): Promise<void> {
    await Promise.all([this.#database.query("SELECT 1"), checkMarker(this.#bucket, options)]);
  }

  async recount(): Promise<readonly string[]> {
    return this.#database.transaction(async (sql) => recount(sql));
  }

  async close(): Promise<void> {
    await this.#database.close();
    this.#bucket.close();
  }
}
