import type { Digest } from "../../../oci/index.ts";
import type { OperationOptions } from "../../../store/types.ts";
import type { QuotaOptions } from "../quota.ts";
import type { RepositoryLocks } from "../repository-lock.ts";
import type { IncomingManifest, RepositoryMetadata, TagMove } from "../types.ts";
import type { Database } from "./database.ts";
import { HeldPostgresRepository } from "./held-repository.ts";

/**
 * A repository for everybody: whoever changes manifests or tags holds its lock. First the one of this process, so that no more
 * than one connection waits for each repository; then the one of the database, which holds off other processes.
 */
export class PostgresRepository extends HeldPostgresRepository {
  readonly #database: Database;
  readonly #locks: RepositoryLocks;
  readonly #now: () => number;

  constructor(name: string, database: Database, locks: RepositoryLocks, now: () => number) {
    super(name, database, database, now);
    this.#database = database;
    this.#locks = locks;
    this.#now = now;
  }

  override async putManifest(
    manifest: IncomingManifest,
    move?: TagMove,
    options?: OperationOptions & QuotaOptions,
  ): Promise<void> {
    return this.exclusively(async (held) => held.putManifest(manifest, move, options), options);
  }

  override async deleteManifest(digest: Digest, options?: OperationOptions): Promise<readonly string[] | undefined> {
    return this.exclusively(async (held) => held.deleteManifest(digest), options);
  }

  override async moveTags(moves: readonly TagMove[], options?: OperationOptions): Promise<void> {
    return this.exclusively(async (held) => held.moveTags(moves), options);
  }

  override async exclusively<T>(
    work: (held: RepositoryMetadata) => Promise<T>,
    options: OperationOptions = {},
  ): Promise<T> {
    const held = async (): Promise<T> =>
      this.#database.exclusively(
        `repository ${this.name}`,
        async (sql) => work(new HeldPostgresRepository(this.name, this.#database, sql, this.#now)),
        options,
      );
    return this.#locks.with(this.name, async (lock) => lock.exclusive(held, options));
  }
}
