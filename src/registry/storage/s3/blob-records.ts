/**
 * Which object holds the bytes of which blob, and when somebody last counted on it. A touch and a removal of one blob change
 * the same row, so one comes after the other, whichever processes they come from.
 */
import type { Digest } from "../../../oci/index.ts";
import type { OperationOptions } from "../../../store/types.ts";
import type { Database, Sql } from "../postgres/database.ts";
import { paged } from "../postgres/paged.ts";
import type { StoredBlob } from "../types.ts";
import type { Leftovers } from "./leftovers.ts";

/** A blob, and the object that holds it. */
export interface BlobRecord extends StoredBlob {
  readonly object: string;
}

interface BlobRow {
  readonly digest: Digest;
  readonly size: string;
  readonly object: string;
  readonly touched: string;
}

/** Answers with the object that the blob has now, and locks the row. */
const ENTER = `
  INSERT INTO blobs (digest, size, object, touched) VALUES ($1, $2, $3, $4)
  ON CONFLICT (digest) DO UPDATE SET touched = greatest(blobs.touched, excluded.touched)
  RETURNING object`;

export class BlobRecords {
  readonly #database: Database;
  readonly #leftovers: Leftovers;
  readonly #now: () => number;

  constructor(database: Database, leftovers: Leftovers, now: () => number) {
    this.#database = database;
    this.#leftovers = leftovers;
    this.#now = now;
  }

  async find(digest: Digest): Promise<BlobRecord | undefined> {
    const [row] = await this.#database.query<BlobRow>("SELECT * FROM blobs WHERE digest = $1", [digest]);
    return row === undefined ? undefined : recordOf(row);
  }

  async touch(digest: Digest): Promise<boolean> {
    const touched = await this.#database.query(
      "UPDATE blobs SET touched = greatest(touched, $2) WHERE digest = $1 RETURNING 1",
      [digest, this.#now()],
    );
    return touched.length > 0;
  }

  /** From here on the blob is what the object holds; one that held it before is left over. For a transaction. */
  async enter(sql: Sql, digest: Digest, size: number, object: string): Promise<StoredBlob> {
    const touched = this.#now();
    const [row] = await sql.query<BlobRow>(ENTER, [digest, size, object, touched]);
    if (row !== undefined && row.object !== object) {
      await sql.query("UPDATE blobs SET object = $2, size = $3 WHERE digest = $1", [digest, object, size]);
      await this.#leftovers.leave(sql, [{ object: row.object, multipart: undefined }]);
    }
    return { digest, size, touched };
  }

  /** Unless it was touched after `before`; resolves to whether it was removed. Its object is left over. */
  async remove(digest: Digest, before: number): Promise<boolean> {
    const removed = await this.#database.query(
      `WITH removed AS (DELETE FROM blobs WHERE digest = $1 AND touched <= $2::float8 RETURNING object)
       INSERT INTO leftovers (object, since) SELECT object, $3 FROM removed RETURNING 1`,
      [digest, before, this.#now()],
    );
    return removed.length > 0;
  }

  /** Takes a blob out of the way unless it got another object meanwhile; the object stays for somebody to look at. */
  async setAside({ digest, object }: BlobRecord): Promise<boolean> {
    const removed = await this.#database.query(
      `WITH removed AS (DELETE FROM blobs WHERE digest = $1 AND object = $2 RETURNING object, digest)
       INSERT INTO damaged (object, digest, found) SELECT object, digest, $3 FROM removed RETURNING 1`,
      [digest, object, this.#now()],
    );
    return removed.length > 0;
  }

  async *list(options: OperationOptions = {}): AsyncGenerator<BlobRecord, void, undefined> {
    const rows = paged<BlobRow>(
      async (last, count) =>
        this.#database.query("SELECT * FROM blobs WHERE digest > $1 ORDER BY digest LIMIT $2", [
          last?.digest ?? "",
          count,
        ]),
      options,
    );
    for await (const row of rows) yield recordOf(row);
  }
}

function recordOf({ digest, size, object, touched }: BlobRow): BlobRecord {
  return { digest, size: Number(size), object, touched: Number(touched) };
}
