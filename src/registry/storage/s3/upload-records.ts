/**
 * What is known of uploads: rows that every process sees. Whoever appends or finishes holds the upload for half a minute,
 * and again and again while it works; so a process that was killed keeps an upload from the others no longer than that.
 */
import { randomBytes } from "node:crypto";

import type { OperationOptions } from "../../../store/types.ts";
import { uploadAbsent, uploadBusy } from "../failures.ts";
import type { Database, Sql } from "../postgres/database.ts";
import { paged } from "../postgres/paged.ts";
import type { Upload } from "../types.ts";
import type { Leftovers } from "./leftovers.ts";

/** An upload, and where its bytes are: parts of a multipart upload, then a tail that is too small for a part. */
export interface UploadRecord extends Upload {
  readonly object: string | undefined;
  readonly multipart: string | undefined;
  /** Entity tags, in order. */
  readonly parts: readonly string[];
  readonly tail: string | undefined;
  readonly tailSize: number;
}

interface UploadRow {
  readonly id: string;
  readonly repository: string;
  readonly size: string;
  readonly started: string;
  readonly touched: string;
  readonly object: string | null;
  readonly multipart: string | null;
  readonly parts: readonly string[];
  readonly tail: string | null;
  readonly tail_size: string;
}

const ID = /^[0-9a-f]{32}$/;
const LEASE = "clock_timestamp() + interval '30 seconds'";
/** Milliseconds. */
const RENEW_EVERY = 10_000;
const FREE = "(holder IS NULL OR held_until < clock_timestamp())";

/** All that an upload has in the bucket is left over. `gone` is what was deleted of uploads. */
const LEAVE_ALL = `
  left_over AS (
    INSERT INTO leftovers (object, multipart, since)
    SELECT object, multipart, $2::bigint FROM gone WHERE object IS NOT NULL
    UNION ALL SELECT tail, NULL::text, $2::bigint FROM gone WHERE tail IS NOT NULL
  )`;

export class UploadRecords {
  readonly #database: Database;
  readonly #leftovers: Leftovers;
  readonly #now: () => number;

  constructor(database: Database, leftovers: Leftovers, now: () => number) {
    this.#database = database;
    this.#leftovers = leftovers;
    this.#now = now;
  }

  async begin(repository: string): Promise<Upload> {
    const id = randomBytes(16).toString("hex");
    const started = this.#now();
    await this.#database.query("INSERT INTO uploads (id, repository, started, touched) VALUES ($1, $2, $3, $3)", [
      id,
      repository,
      started,
    ]);
    return { id, repository, offset: 0, started, touched: started };
  }

  async find(id: string): Promise<UploadRecord | undefined> {
    if (!ID.test(id)) return undefined;
    const [row] = await this.#database.query<UploadRow>("SELECT * FROM uploads WHERE id = $1", [id]);
    return row === undefined ? undefined : recordOf(row);
  }

  /** Calls `work` while nobody else works on the upload. Throws `NOT_FOUND`, `CONFLICT`. */
  async hold<T>(id: string, work: (held: HeldUpload) => Promise<T>): Promise<T> {
    if (!ID.test(id)) throw uploadAbsent(id);
    const holder = randomBytes(8).toString("hex");
    const [row] = await this.#database.query<UploadRow>(
      `UPDATE uploads SET holder = $2, held_until = ${LEASE} WHERE id = $1 AND ${FREE} RETURNING *`,
      [id, holder],
    );
    if (row === undefined) throw (await this.find(id)) === undefined ? uploadAbsent(id) : uploadBusy(id);
    const renewing = setInterval(() => {
      const renew = `UPDATE uploads SET held_until = ${LEASE} WHERE id = $1 AND holder = $2`;
      // Should it fail, the next change of the row finds out whether it is still ours.
      this.#database.query(renew, [id, holder]).catch(() => undefined);
    }, RENEW_EVERY);
    renewing.unref();
    try {
      return await work(new HeldUpload(recordOf(row), holder, this.#database, this.#leftovers, this.#now));
    } finally {
      clearInterval(renewing);
      // Should that fail, it is free in half a minute; what `work` did, or why it failed, is to be told all the same.
      const release = "UPDATE uploads SET holder = NULL WHERE id = $1 AND holder = $2";
      await this.#database.query(release, [id, holder]).catch(() => undefined);
    }
  }

  /** Unless it was touched after `before`, or somebody works on it; resolves to whether it was forgotten. */
  async forget(id: string, before: number): Promise<boolean> {
    if (!ID.test(id)) return false;
    const gone = await this.#database.query(
      `WITH gone AS (DELETE FROM uploads WHERE id = $1 AND touched <= $3::float8 AND ${FREE} RETURNING *), ${LEAVE_ALL}
       SELECT FROM gone`,
      [id, this.#now(), before],
    );
    return gone.length > 0;
  }

  async *list(options: OperationOptions = {}): AsyncGenerator<UploadRecord, void, undefined> {
    const rows = paged<UploadRow>(
      async (last, count) =>
        this.#database.query("SELECT * FROM uploads WHERE id > $1 ORDER BY id LIMIT $2", [last?.id ?? "", count]),
      options,
    );
    for await (const row of rows) yield recordOf(row);
  }
}

/** An upload in the hands of one who changes it. Every change throws `CONFLICT` when somebody else has taken it over. */
export class HeldUpload {
  record: UploadRecord;
  readonly #holder: string;
  readonly #database: Database;
  readonly #leftovers: Leftovers;
  readonly #now: () => number;

  constructor(record: UploadRecord, holder: string, database: Database, leftovers: Leftovers, now: () => number) {
    this.record = record;
    this.#holder = holder;
    this.#database = database;
    this.#leftovers = leftovers;
    this.#now = now;
  }

  /** Takes the object that its parts will become. */
  async setMultipart(object: string, multipart: string): Promise<void> {
    await this.#change("object = $3, multipart = $4", [object, multipart], { takes: object });
  }

  /** A part is in the bucket, in place of the tail if there was one; the upload now has `size` bytes. */
  async addPart(tag: string, size: number): Promise<void> {
    await this.#change("parts = array_append(parts, $3), size = $4, tail = NULL, tail_size = 0", [tag, size], {
      leaves: this.record.tail,
    });
  }

  /** The tail is another object now. */
  async setTail(object: string, tailSize: number, size: number): Promise<void> {
    const { tail } = this.record;
    await this.#change("tail = $3, tail_size = $4, size = $5", [object, tailSize, size], {
      takes: object,
      leaves: tail,
    });
  }

  async touch(): Promise<void> {
    await this.#change("size = size", [], {});
  }

  /** Ends the upload for good, in the transaction in which `object`, one of its own, becomes something else. */
  async end(sql: Sql, object: string): Promise<void> {
    const { id, object: whole, multipart, tail } = this.record;
    const gone = await sql.query("DELETE FROM uploads WHERE id = $1 AND holder = $2 RETURNING 1", [id, this.#holder]);
    if (gone.length === 0) throw uploadBusy(id);
    const own = [
      { object: whole, multipart },
      { object: tail, multipart: undefined },
    ];
    await this.#leftovers.leave(
      sql,
      own.flatMap((each) =>
        each.object === undefined || each.object === object ? [] : [{ ...each, object: each.object }],
      ),
    );
  }

  /** Forgets it with all that it has. */
  async discard(): Promise<void> {
    const { id } = this.record;
    await this.#database.query(
      `WITH gone AS (DELETE FROM uploads WHERE id = $1 AND holder = $3 RETURNING *), ${LEAVE_ALL} SELECT FROM gone`,
      [id, this.#now(), this.#holder],
    );
  }

  async #change(
    assignments: string,
    values: readonly unknown[],
    { takes, leaves }: { readonly takes?: string; readonly leaves?: string | undefined },
  ): Promise<void> {
    const { id } = this.record;
    await this.#database.transaction(async (sql) => {
      const touched = values.length + 3;
      const [row] = await sql.query<UploadRow>(
        `UPDATE uploads SET ${assignments}, touched = $${touched}, held_until = ${LEASE}
         WHERE id = $1 AND holder = $2 RETURNING *`,
        [id, this.#holder, ...values, this.#now()],
      );
      if (row === undefined) throw uploadBusy(id);
      if (takes !== undefined) await this.#leftovers.take(sql, takes);
      if (leaves !== undefined) await this.#leftovers.leave(sql, [{ object: leaves, multipart: undefined }]);
      this.record = recordOf(row);
    });
  }
}

function recordOf(row: UploadRow): UploadRecord {
  return {
    id: row.id,
    repository: row.repository,
    offset: Number(row.size),
    started: Number(row.started),
    touched: Number(row.touched),
    object: row.object ?? undefined,
    multipart: row.multipart ?? undefined,
    parts: row.parts,
    tail: row.tail ?? undefined,
    tailSize: Number(row.tail_size),
  };
}
