/** What repositories say, in PostgreSQL: several processes may use it at the same time. */
import type { Usage } from "../quota.ts";
import type { MetadataStorage, PageOptions, RepositoryMetadata } from "../types.ts";
import { RepositoryLocks } from "../repository-lock.ts";
import type { Database } from "./database.ts";
import { paged } from "./paged.ts";
import { PostgresRepository } from "./repository.ts";
import { usageOf } from "./usage.ts";

/** Names after `$1`, each found from the one before by its index, however many rows a repository has. */
const NAMES = `
  WITH RECURSIVE names AS (
    SELECT least(
      (SELECT min(repository) FROM manifests WHERE repository > $1),
      (SELECT min(repository) FROM links WHERE repository > $1)) AS name
    UNION ALL
    SELECT least(
      (SELECT min(repository) FROM manifests WHERE repository > name),
      (SELECT min(repository) FROM links WHERE repository > name))
    FROM names WHERE name IS NOT NULL
  )
  SELECT name FROM names WHERE name IS NOT NULL LIMIT $2`;

export class PostgresMetadata implements MetadataStorage {
  readonly #database: Database;
  readonly #now: () => number;
  readonly #locks = new RepositoryLocks();

  /** The tables must be there. */
  constructor(database: Database, now: () => number) {
    this.#database = database;
    this.#now = now;
  }

  repository(name: string): RepositoryMetadata {
    return new PostgresRepository(name, this.#database, this.#locks, this.#now);
  }

  async usage(namespace: string): Promise<Usage> {
    return usageOf(this.#database, namespace);
  }

  async *repositories({ last = "", ...options }: PageOptions = {}): AsyncGenerator<string, void, undefined> {
    const rows = paged<{ readonly name: string }>(
      async (before, count) => this.#database.query(NAMES, [before?.name ?? last, count]),
      options,
    );
    for await (const { name } of rows) yield name;
  }
}
