/**
 * A repository for those who hold its lock. Manifests and tags go through the connection that has the lock; blobs do not,
 * because nobody needs the lock for them, and a row that waits for the end of long work would keep others waiting.
 */
import type { Descriptor, Digest } from "../../../oci/index.ts";
import type { OperationOptions } from "../../../store/types.ts";
import { checkExpectation, manifestAbsent } from "../failures.ts";
import type {
  IncomingManifest,
  ManifestListOptions,
  PageOptions,
  RepositoryMetadata,
  StoredManifest,
  TagMove,
} from "../types.ts";
import { quotasOf, type QuotaOptions } from "../quota.ts";
import type { Database, Sql } from "./database.ts";
import { paged } from "./paged.ts";
import { takeRoom } from "./usage.ts";

interface ManifestRow {
  readonly digest: Digest;
  readonly descriptor: string;
  readonly subject: Digest | null;
  readonly refers_to: readonly Digest[];
  readonly stored: string;
}

interface TagRow {
  readonly tag: string;
  readonly digest: Digest;
}

/** Bytes of manifests' rows that are read at a time, and of a row without what can be long, about. */
const BATCH = 4 * 1024 ** 2;
const ROW = 1024;

const LINK_BLOB = `
  INSERT INTO links (repository, digest, linked) VALUES ($1, $2, $3)
  ON CONFLICT (repository, digest) DO UPDATE SET linked = greatest(links.linked, excluded.linked)`;

const KEEP_MANIFEST = `
  INSERT INTO manifests (repository, digest, descriptor, subject, refers_to, stored) VALUES ($1, $5, $6, $7, $8, $9)
  ON CONFLICT (repository, digest)
  DO UPDATE SET descriptor = excluded.descriptor, subject = excluded.subject, refers_to = excluded.refers_to`;

const MOVE_TAGS = `
  INSERT INTO tags (repository, tag, digest)
  SELECT $1, moved.tag, moved.digest FROM unnest($3::text[], $4::text[]) AS moved (tag, digest)
  ON CONFLICT (repository, tag) DO UPDATE SET digest = excluded.digest`;

const REMOVE_TAGS = "DELETE FROM tags WHERE repository = $1 AND tag = ANY ($2::text[])";

const REMOVE_MANIFEST = `
  WITH untagged AS (DELETE FROM tags WHERE repository = $1 AND digest = $2 RETURNING tag),
    removed AS (DELETE FROM manifests WHERE repository = $1 AND digest = $2 RETURNING digest)
  SELECT (SELECT coalesce(array_agg(tag ORDER BY tag), '{}') FROM untagged) AS tags FROM removed`;

export class HeldPostgresRepository implements RepositoryMetadata {
  readonly name: string;
  readonly #links: Database;
  readonly #held: Sql;
  readonly #now: () => number;

  constructor(name: string, links: Database, held: Sql, now: () => number) {
    this.name = name;
    this.#links = links;
    this.#held = held;
    this.#now = now;
  }

  async hasBlob(digest: Digest): Promise<boolean> {
    return isAny(
      await this.#links.query("SELECT FROM links WHERE repository = $1 AND digest = $2", [this.name, digest]),
    );
  }

  async linkBlob(digest: Digest, { quotas = [] }: OperationOptions & QuotaOptions = {}): Promise<void> {
    const values = [this.name, digest, this.#now()];
    if (quotasOf(this.name, quotas).length === 0) return void (await this.#links.query(LINK_BLOB, values));
    if (await this.touchBlob(digest)) return;
    await this.#links.transaction(async (sql) => {
      const [blob] = await sql.query<{ readonly size: string }>("SELECT size FROM blobs WHERE digest = $1", [digest]);
      const added = { bytes: Number(blob?.size ?? 0), manifests: 0 };
      await takeRoom(sql, this.#links.schema, this.name, quotas, added);
      await sql.query(LINK_BLOB, values);
    });
  }

  async touchBlob(digest: Digest): Promise<boolean> {
    const touched = await this.#links.query(
      "UPDATE links SET linked = greatest(linked, $3) WHERE repository = $1 AND digest = $2 RETURNING 1",
      [this.name, digest, this.#now()],
    );
    return isAny(touched);
  }

  async unlinkBlob(
    digest: Digest,
    { before = Infinity }: OperationOptions & { readonly before?: number } = {},
  ): Promise<boolean> {
    const removed = await this.#links.query(
      "DELETE FROM links WHERE repository = $1 AND digest = $2 AND linked <= $3::float8 RETURNING 1",
      [this.name, digest, before],
    );
    return isAny(removed);
  }

  async manifest(digest: Digest): Promise<StoredManifest | undefined> {
    const [row] = await this.#held.query<ManifestRow>("SELECT * FROM manifests WHERE repository = $1 AND digest = $2", [
      this.name,
      digest,
    ]);
    return row === undefined ? undefined : storedManifest(row);
  }

  async putManifest(
    manifest: IncomingManifest,
    move?: TagMove,
    { quotas = [] }: OperationOptions & QuotaOptions = {},
  ): Promise<void> {
    const { descriptor, subject, references, stored } = manifest;
    const { digest, size } = descriptor;
    const moves = move === undefined ? [] : [move];
    await this.#check(moves, digest);
    const values = [digest, JSON.stringify(descriptor), subject ?? null, references, stored ?? this.#now()];
    const put = async (sql: Sql): Promise<void> => {
      const text = `WITH kept AS (${KEEP_MANIFEST}), removed AS (${REMOVE_TAGS}) ${MOVE_TAGS}`;
      await sql.query(text, [...this.#values(moves), ...values]);
    };
    if (quotasOf(this.name, quotas).length === 0 || (await this.manifest(digest)) !== undefined) {
      return put(this.#held);
    }
    await this.#held.transaction(async (sql) => {
      await takeRoom(sql, this.#links.schema, this.name, quotas, { bytes: size, manifests: 1 });
      await put(sql);
    });
  }

  async deleteManifest(digest: Digest, _options?: OperationOptions): Promise<readonly string[] | undefined> {
    const [removed] = await this.#held.query<{ readonly tags: readonly string[] }>(REMOVE_MANIFEST, [
      this.name,
      digest,
    ]);
    return removed?.tags;
  }

  async tag(name: string): Promise<Digest | undefined> {
    const [row] = await this.#held.query<TagRow>("SELECT digest FROM tags WHERE repository = $1 AND tag = $2", [
      this.name,
      name,
    ]);
    return row?.digest;
  }

  async moveTags(moves: readonly TagMove[], _options?: OperationOptions): Promise<void> {
    await this.#check(moves);
    await this.#held.query(`WITH removed AS (${REMOVE_TAGS}) ${MOVE_TAGS}`, this.#values(moves));
  }

  async *tags({ last = "", ...options }: PageOptions = {}): AsyncGenerator<string, void, undefined> {
    const rows = paged<TagRow>(
      async (before, count) =>
        this.#held.query("SELECT tag FROM tags WHERE repository = $1 AND tag > $2 ORDER BY tag LIMIT $3", [
          this.name,
          before?.tag ?? last,
          count,
        ]),
      options,
    );
    for await (const { tag } of rows) yield tag;
  }

  async *referrers(subject: Digest, options: OperationOptions = {}): AsyncGenerator<StoredManifest, void, undefined> {
    for await (const row of this.#manifestRows(subject, options)) yield storedManifest(row);
  }

  async *manifests(
    options: ManifestListOptions = {},
  ): AsyncGenerator<StoredManifest & { readonly references: readonly Digest[] }, void, undefined> {
    for await (const row of this.#manifestRows(undefined, options)) {
      yield { ...storedManifest(row), references: row.refers_to };
    }
  }

  async *blobs(
    options: OperationOptions = {},
  ): AsyncGenerator<{ readonly digest: Digest; readonly linked: number }, void, undefined> {
    const rows = paged<{ readonly digest: Digest; readonly linked: string }>(
      async (before, count) =>
        this.#links.query(
          "SELECT digest, linked FROM links WHERE repository = $1 AND digest > $2 ORDER BY digest LIMIT $3",
          [this.name, before?.digest ?? "", count],
        ),
      options,
    );
    for await (const { digest, linked } of rows) yield { digest, linked: Number(linked) };
  }

  async exclusively<T>(work: (held: RepositoryMetadata) => Promise<T>, _options?: OperationOptions): Promise<T> {
    return work(this);
  }

  /** Looks first how much each says: of thousands with megabytes of annotations, only a few are in memory at a time. */
  async *#manifestRows(
    subject: Digest | undefined,
    { unless, ...options }: ManifestListOptions,
  ): AsyncGenerator<ManifestRow, void, undefined> {
    const condition = subject === undefined ? "" : "AND subject = $4";
    const keys = paged<{ readonly digest: Digest; readonly bytes: number }>(
      async (before, count) =>
        this.#held.query(
          `SELECT digest, octet_length(descriptor) + 72 * cardinality(refers_to) AS bytes FROM manifests
           WHERE repository = $1 AND digest > $2 ${condition} ORDER BY digest LIMIT $3`,
          [this.name, before?.digest ?? "", count, ...(subject === undefined ? [] : [subject])],
        ),
      options,
    );
    let batch: Digest[] = [];
    let left = BATCH;
    for await (const { digest, bytes } of keys) {
      if (unless?.(digest) === true) continue;
      batch.push(digest);
      left -= bytes + ROW;
      if (left > 0) continue;
      yield* await this.#rowsOf(batch);
      [batch, left] = [[], BATCH];
    }
    if (batch.length > 0) yield* await this.#rowsOf(batch);
  }

  async #rowsOf(digests: readonly Digest[]): Promise<readonly ManifestRow[]> {
    return this.#held.query(
      "SELECT * FROM manifests WHERE repository = $1 AND digest = ANY ($2::text[]) ORDER BY digest",
      [this.name, digests],
    );
  }

  /** Throws unless all moves can be made; `incoming` counts as stored. */
  async #check(moves: readonly TagMove[], incoming?: Digest): Promise<void> {
    const expecting = moves.filter(({ expect }) => expect !== undefined).map(({ tag }) => tag);
    if (expecting.length > 0) {
      const rows = await this.#held.query<TagRow>(
        "SELECT tag, digest FROM tags WHERE repository = $1 AND tag = ANY ($2::text[])",
        [this.name, expecting],
      );
      const current = new Map(rows.map(({ tag, digest }) => [tag, digest]));
      for (const move of moves) checkExpectation(this.name, move, current.get(move.tag));
    }
    const wanted = [...new Set(moves.flatMap(({ to }) => (to === undefined || to === incoming ? [] : [to])))];
    if (wanted.length === 0) return;
    const rows = await this.#held.query<{ readonly digest: Digest }>(
      "SELECT digest FROM manifests WHERE repository = $1 AND digest = ANY ($2::text[])",
      [this.name, wanted],
    );
    const there = new Set(rows.map(({ digest }) => digest));
    for (const { tag, to } of moves) {
      if (to !== undefined && to !== incoming && !there.has(to)) throw manifestAbsent(this.name, tag, to);
    }
  }

  /** `$1` to `$4`. Of several moves of one tag, the last counts. */
  #values(moves: readonly TagMove[]): unknown[] {
    const last = [...new Map(moves.map(({ tag, to }) => [tag, to]))];
    const removed = last.flatMap(([tag, to]) => (to === undefined ? [tag] : []));
    const moved = last.flatMap(([tag, to]) => (to === undefined ? [] : [{ tag, to }]));
    return [this.name, removed, moved.map(({ tag }) => tag), moved.map(({ to }) => to)];
  }
}

function storedManifest({ descriptor, subject, stored }: ManifestRow): StoredManifest {
  return {
    descriptor: JSON.parse(descriptor) as Descriptor,
    ...(subject === null ? {} : { subject }),
    stored: Number(stored),
  };
}

function isAny(rows: readonly unknown[]): boolean {
  return rows.length > 0;
}
