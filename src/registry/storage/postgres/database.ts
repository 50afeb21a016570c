/**
 * Connections to PostgreSQL, in two pools. Whoever holds the lock of a repository has one of the first while it asks for
 * other things on one of the second; were they one pool, those who hold locks could take all of it and wait for each other.
 */
import type { ClientBase, Pool, PoolClient, QueryConfig, QueryResultRow } from "pg";

import { isSkillError, SkillError, throwIfAborted } from "../../../errors.ts";
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
  /** How long the server may take for a statement, in milliseconds. Default: 10,000. */
  readonly timeout?: number;
}

/** For one statement. */
export interface StatementOptions {
  /** In place of that of all statements, for one that reads or changes whole tables, or waits for somebody. Milliseconds. */
  readonly timeout?: number;
}

/** Long enough for any table. Milliseconds. */
export const UNHURRIED: StatementOptions = { timeout: 3_600_000 };

export interface Sql {
  /** Runs one statement; resolves to its rows. */
  query<R>(text: string, values?: readonly unknown[], options?: StatementOptions): Promise<readonly R[]>;
  /** All statements of `work`, or none. */
  transaction<T>(work: (sql: Sql) => Promise<T>): Promise<T>;
}

/** Milliseconds. */
const STATEMENT_TIMEOUT = 10_000;
/** Of waiting for whoever holds a lock. */
const LOCK_TIMEOUT = 60_000;
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
    const { connectionString, schema = "skillimage", connections = 10, timeout = STATEMENT_TIMEOUT } = options;
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
        connectionTimeoutMillis: timeout,
        // One that is frozen, or whose network is, says nothing at all.
        query_timeout: timeout,
        application_name: "skillimage",
        onConnect: async (client: ClientBase) => prepare(client, schema),
      });
      // A connection that breaks while nobody uses it is replaced when somebody does.
      pool.on("error", () => undefined);
      return pool;
    };
    return new Database(schema, create(), create());
  }

  async query<R>(text: string, values: readonly unknown[] = [], options?: StatementOptions): Promise<readonly R[]> {
    return answered(async () => (await this.#plain.query(statement(text, values, options))).rows as R[]);
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
      const lock = statement("SELECT pg_advisory_lock(hashtextextended($1, 0))", key, { timeout: LOCK_TIMEOUT });
      const locked = client.query(lock);
      await answered(async () => unlessAborted(locked, signal));
      let answers = true;
      try {
        return await work(sqlOver(client, (does) => (answers = does)));
      } finally {
        // One that does not answer is let go of, and the lock goes with it.
        isSound =
          answers && (await client.query("SELECT pg_advisory_unlock(hashtextextended($1, 0))", key).then(yes, no));
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
  // One that breaks between two statements of a change has nobody to tell it to but the process; the next statement fails.
  client.on("error", () => undefined);
  await client.query(
    `SET search_path TO ${schema}; SET tcp_keepalives_idle TO 30; SET tcp_keepalives_interval TO 10; SET tcp_keepalives_count TO 3`,
  );
}

/** `onState` is told whether the connection answers, and is in no transaction: whether it can be used again. */
function sqlOver(client: PoolClient, onState: (isSound: boolean) => void = () => undefined): Sql {
  let answers = true;
  const ask = async <R>(text: string, values: readonly unknown[] = [], options?: StatementOptions) => {
    try {
      return await answered(async () => client.query<R & QueryResultRow>(statement(text, values, options)));
    } catch (error) {
      if (isSkillError(error, "REGISTRY_UNREACHABLE")) onState((answers = false));
      throw error;
    }
  };
  const sql: Sql = {
    query: async <R>(...question: Parameters<typeof ask>) => (await ask<R>(...question)).rows,
    transaction: async (work) => {
      await sql.query("BEGIN");
      try {
        const result = await work(sql);
        // A transaction that failed answers COMMIT with ROLLBACK, and no error.
        const { command } = await ask("COMMIT");
        if (command !== "COMMIT") throw new SkillError("STORE_UNWRITABLE", "PostgreSQL did not keep a change");
        onState(true);
        return result;
      } catch (error) {
        onState(answers && (await client.query("ROLLBACK").then(yes, no)));
        throw error;
      }
    },
  };
  return sql;
}

function statement(text: string, values: readonly unknown[], { timeout }: StatementOptions = {}): QueryConfig {
  return { text, values: [...values], ...(timeout === undefined ? {} : { query_timeout: timeout }) };
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
