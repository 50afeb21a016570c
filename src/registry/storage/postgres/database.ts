/**
 * Connections to PostgreSQL, in two pools. Whoever holds the lock of a repository has one of the first while it asks for
 * other things on one of the second; were they one pool, those who hold locks could take all of it and wait for each other.
 */
import type { ClientBase, Pool, PoolClient } from "pg";

import { SkillError, throwIfAborted } from "../../../errors.ts";
import type { OperationOptions } from "../../../store/types.ts";
import { quote } from "../../../text/index.ts";
import { databaseFailure } from "./failures.ts";
import { loadPg } from "./load.ts";

/** Which database, and how much of it. */
export interface PostgresOptions {
  /** `postgres://user:password@host:5432/database?sslmode=verify-full`. Default: what the `PG*` environment variables say. */
  readonly connectionString?: string;
  /** The schema for our tables, which is made if it is absent. Default: `skillimage`. */
  readonly schema?: string;
  /** Connections at most for changes of tags and manifests, and as many again for everything else. Default: 10. */
  readonly connections?: number;
}

export interface Sql {
  /** Runs one statement; resolves to its rows. */
  query<R>(text: string, values?: readonly unknown[]): Promise<readonly R[]>;
  /** All statements of `work`, or none. */
  transaction<T>(work: (sql: Sql) => Promise<T>): Promise<T>;
}

/** Milliseconds. */
const CONNECT_TIMEOUT = 10_000;
const SCHEMA = /^[a-z_][a-z0-9_]{0,62}$/;

export class Database implements Sql {
  readonly schema: string;
  readonly #plain: Pool;
  readonly #holders: Pool;

  private constructor(schema: string, plain: Pool, holders: Pool) {
    this.schema = schema;
    this.#plain = plain;
    this.#holders = holders;
  }

  /** Connects to nothing yet. Throws `CONFIG_INVALID` for a name that no schema should have, or when `pg` is not installed. */
  static async create(options: PostgresOptions): Promise<Database> {
    const { connectionString, schema = "skillimage", connections = 10 } = options;
    if (!SCHEMA.test(schema)) {
      throw new SkillError("CONFIG_INVALID", `${quote(schema)} cannot be the name of our schema`, {
        hint: "Use lower-case letters, digits and underscores.",
      });
    }
    const { Pool } = await loadPg();
    const create = (): Pool => {
      const pool = new Pool({
        ...(connectionString === undefined ? {} : { connectionString }),
        max: connections,
        connectionTimeoutMillis: CONNECT_TIMEOUT,
        application_name: "skillimage",
        onConnect: async (client: ClientBase) => prepare(client, schema),
      });
      // A connection that breaks while nobody uses it is replaced when somebody does.
      pool.on("error", () => undefined);
      return pool;
    };
    return new Database(schema, create(), create());
  }

  async query<R>(text: string, values: readonly unknown[] = []): Promise<readonly R[]> {
    return answered(async () => (await this.#plain.query(text, [...values])).rows as R[]);
  }

  async transaction<T>(work: (sql: Sql) => Promise<T>): Promise<T> {
    const client = await answered(async () => this.#plain.connect());
    let isSound = false;
    try {
      return await sqlOver(client, (sound) => (isSound = sound)).transaction(work);
    } finally {
      client.release(!isSound);
    }
  }

  /**
   * Calls `work` while no other process holds the lock `name`. The lock belongs to the connection that `work` is handed:
   * when that breaks, the lock is gone, and so is the means to change anything under it.
   */
  async exclusively<T>(name: string, work: (sql: Sql) => Promise<T>, { signal }: OperationOptions = {}): Promise<T> {
    throwIfAborted(signal);
    const client = await answered(async () => this.#holders.connect());
    const key = [`${this.schema} ${name}`];
    let isSound = false;
    try {
      const locked = client.query("SELECT pg_advisory_lock(hashtextextended($1, 0))", key);
      await answered(async () => unlessAborted(locked, signal));
      try {
        return await work(sqlOver(client));
      } finally {
        isSound = await client.query("SELECT pg_advisory_unlock(hashtextextended($1, 0))", key).then(yes, no);
      }
    } finally {
      client.release(!isSound);
    }
  }

  /** Waits for statements under way. */
  async close(): Promise<void> {
    await Promise.all([this.#plain.end(), this.#holders.end()]);
  }
}

/** A machine that lost its power holds its locks until its connections are found dead: in a minute, not in two hours. */
async function prepare(client: ClientBase, schema: string): Promise<void> {
  await client.query(
    `SET search_path TO ${schema}; SET tcp_keepalives_idle TO 30; SET tcp_keepalives_interval TO 10; SET tcp_keepalives_count TO 3`,
  );
}

/** `onEnd` is told whether the connection is in no transaction any more, and can be used again. */
function sqlOver(client: PoolClient, onEnd: (isSound: boolean) => void = () => undefined): Sql {
  const sql: Sql = {
    query: async <R>(text: string, values: readonly unknown[] = []) =>
      answered(async () => (await client.query(text, [...values])).rows as R[]),
    transaction: async (work) => {
      await sql.query("BEGIN");
      try {
        const result = await work(sql);
        // A transaction that failed answers COMMIT with ROLLBACK, and no error.
        const { command } = await answered(async () => client.query("COMMIT"));
        if (command !== "COMMIT") throw new SkillError("STORE_UNWRITABLE", "PostgreSQL did not keep a change");
        onEnd(true);
        return result;
      } catch (error) {
        onEnd(await client.query("ROLLBACK").then(yes, no));
        throw error;
      }
    },
  };
  return sql;
}

async function answered<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    throw databaseFailure(error);
  }
}

/** Stops waiting when `signal` fires; the answer is then nobody's. */
async function unlessAborted<T>(answer: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return answer;
  answer.catch(() => undefined);
  let stop = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(new SkillError("ABORTED", "the operation was cancelled", { cause: signal.reason }));
    signal.addEventListener("abort", stop, { once: true });
  });
  try {
    return await Promise.race([answer, aborted]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

const yes = (): boolean => true;
const no = (): boolean => false;
