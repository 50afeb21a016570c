import type { RegistryMark, RegistryMarks } from "../types.ts";
import type { Sql } from "./database.ts";

export class PostgresMarks implements RegistryMarks {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  async read(mark: RegistryMark): Promise<string | undefined> {
    const [row] = await this.#sql.query<{ readonly says: string }>("SELECT says FROM marks WHERE mark = $1", [mark]);
    return row?.says;
  }

  async set(mark: RegistryMark, text: string): Promise<void> {
    await this.#sql.query("INSERT INTO marks VALUES ($1, $2) ON CONFLICT (mark) DO UPDATE SET says = excluded.says", [
      mark,
      text,
    ]);
  }

  async clear(mark: RegistryMark): Promise<void> {
    await this.#sql.query("DELETE FROM marks WHERE mark = $1", [mark]);
  }
}
