/**
 * Objects that nobody needs, or that nobody knows yet whether somebody will. An object is entered here before it is written,
 * and leaves in the same transaction in which a blob or an upload takes it; it comes back in the one in which it is let go.
 * So whatever a process that was killed has written is here, and only what is here is ever deleted from the bucket.
 */
import { randomBytes } from "node:crypto";

import { SkillError } from "../../../errors.ts";
import { inOrder } from "../../../store/in-order.ts";
import type { OperationOptions } from "../../../store/types.ts";
import type { Database, Sql } from "../postgres/database.ts";
import { paged } from "../postgres/paged.ts";
import type { S3Bucket } from "./bucket.ts";

/** What stands for a multipart upload whose id nobody has recorded yet. */
const ANY = "";

/** An object, and the multipart upload that was to become it, if there is one. */
export interface Leftover {
  readonly object: string;
  readonly multipart: string | null | undefined;
}

/** Marked in one step; whoever wrote one of these comes too late to take it. */
const CONDEMN = `
  UPDATE leftovers SET condemned = true
  WHERE object IN (
    SELECT object FROM leftovers WHERE object > $1 AND (condemned OR since <= $2::float8) ORDER BY object LIMIT $3
  )
  RETURNING object, multipart`;

export class Leftovers {
  readonly #database: Database;
  readonly #bucket: S3Bucket;
  readonly #now: () => number;

  constructor(database: Database, bucket: S3Bucket, now: () => number) {
    this.#database = database;
    this.#bucket = bucket;
    this.#now = now;
  }

  /** A new object's name, entered before there is an object, or a multipart upload that shall become one. */
  async announce({ isMultipart = false }: { readonly isMultipart?: boolean } = {}): Promise<string> {
    const name = randomBytes(16).toString("hex");
    const object = `objects/${name.slice(0, 2)}/${name}`;
    const multipart = isMultipart ? ANY : undefined;
    await this.leave(this.#database, [{ object, multipart }]);
    return object;
  }

  /** Takes an object that was announced. Throws when it took so long that a collector was faster. */
  async take(sql: Sql, object: string): Promise<void> {
    const taken = await sql.query("DELETE FROM leftovers WHERE object = $1 AND NOT condemned RETURNING 1", [object]);
    if (taken.length > 0) return;
    throw new SkillError("STORE_UNWRITABLE", `${object} took longer to be written than collectors wait`, {
      hint: "Try again. Should it happen often, collect with a longer grace period.",
    });
  }

  /** Lets go of objects. */
  async leave(sql: Sql, leftovers: readonly Leftover[]): Promise<void> {
    for (const { object, multipart } of leftovers) {
      await sql.query("INSERT INTO leftovers (object, multipart, since) VALUES ($1, $2, $3)", [
        object,
        multipart ?? null,
        this.#now(),
      ]);
    }
  }

  /** Deletes what is here since `before` or longer; resolves to how many objects that were. */
  async sweep(before: number, options: OperationOptions = {}): Promise<number> {
    const rows = paged<Leftover>(
      async (last, count) =>
        (await this.#database.query<Leftover>(CONDEMN, [last?.object ?? "", before, count])).toSorted((a, b) =>
          a.object < b.object ? -1 : 1,
        ),
      options,
    );
    let count = 0;
    for await (const _ of inOrder(rows, 16, async (row) => this.#delete(row, options))) count += 1;
    return count;
  }

  async #delete({ object, multipart }: Leftover, options: OperationOptions): Promise<void> {
    if (multipart === ANY) await this.#bucket.abortMultiparts(object, options);
    else if (typeof multipart === "string") await this.#bucket.abortMultipart(object, multipart, options);
    await this.#bucket.remove(object, options);
    await this.#database.query("DELETE FROM leftovers WHERE object = $1", [object]);
  }
}
