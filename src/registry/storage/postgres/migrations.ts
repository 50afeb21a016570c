/**
 * The tables, as steps from one version to the next. A step that was released is never changed; a new one is added.
 *
 * Names are compared byte by byte (`COLLATE "C"`), as the protocol orders them. Times are milliseconds since 1970. An object
 * is a key in the bucket, without the prefix. Every object that may be in the bucket is named by a row before it is
 * written, and until after it was deleted: of a blob, of an upload, or of `leftovers`.
 */
import { SkillError } from "../../../errors.ts";
import { UNHURRIED, type Database, type Sql } from "./database.ts";

const STEPS: readonly string[] = [
  `
  CREATE TABLE registry (id text PRIMARY KEY);

  CREATE TABLE manifests (
    repository text COLLATE "C" NOT NULL,
    digest text COLLATE "C" NOT NULL,
    descriptor text NOT NULL,
    subject text COLLATE "C",
    refers_to text[] NOT NULL,
    stored bigint NOT NULL,
    PRIMARY KEY (repository, digest)
  );
  CREATE INDEX manifests_by_subject ON manifests (repository, subject, digest) WHERE subject IS NOT NULL;

  CREATE TABLE tags (
    repository text COLLATE "C" NOT NULL,
    tag text COLLATE "C" NOT NULL,
    digest text COLLATE "C" NOT NULL,
    PRIMARY KEY (repository, tag),
    FOREIGN KEY (repository, digest) REFERENCES manifests
  );
  CREATE INDEX tags_by_manifest ON tags (repository, digest);

  CREATE TABLE links (
    repository text COLLATE "C" NOT NULL,
    digest text COLLATE "C" NOT NULL,
    linked bigint NOT NULL,
    PRIMARY KEY (repository, digest)
  );

  CREATE TABLE blobs (
    digest text COLLATE "C" PRIMARY KEY,
    size bigint NOT NULL,
    object text COLLATE "C" NOT NULL UNIQUE,
    touched bigint NOT NULL
  );

  CREATE TABLE uploads (
    id text COLLATE "C" PRIMARY KEY,
    repository text NOT NULL,
    size bigint NOT NULL DEFAULT 0,
    started bigint NOT NULL,
    touched bigint NOT NULL,
    object text COLLATE "C",
    multipart text,
    parts text[] NOT NULL DEFAULT '{}',
    tail text COLLATE "C",
    tail_size bigint NOT NULL DEFAULT 0,
    holder text,
    held_until timestamptz
  );

  CREATE TABLE leftovers (
    object text COLLATE "C" PRIMARY KEY,
    multipart text,
    since bigint NOT NULL,
    condemned boolean NOT NULL DEFAULT false
  );

  CREATE TABLE damaged (
    object text COLLATE "C" PRIMARY KEY,
    digest text COLLATE "C" NOT NULL,
    found bigint NOT NULL
  );
  `,
  // Counted by triggers, in the transaction of the change, whoever makes it: replicas that know nothing of it included.
  `
  ALTER TABLE links ADD COLUMN size bigint NOT NULL DEFAULT 0;
  ALTER TABLE manifests ADD COLUMN size bigint NOT NULL DEFAULT 0;
  UPDATE links SET size = blobs.size FROM blobs WHERE blobs.digest = links.digest;
  UPDATE manifests SET size = (descriptor::json ->> 'size')::bigint;

  CREATE TABLE repository_usage (
    repository text COLLATE "C" PRIMARY KEY,
    bytes bigint NOT NULL,
    manifests bigint NOT NULL
  );
  INSERT INTO repository_usage
  SELECT repository, sum(bytes), sum(manifests) FROM (
    SELECT repository, size AS bytes, 0 AS manifests FROM links
    UNION ALL SELECT repository, size, 1 FROM manifests
  ) AS held GROUP BY repository;

  CREATE FUNCTION size_of_link() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
  BEGIN
    NEW.size := coalesce((SELECT size FROM blobs WHERE digest = NEW.digest), 0);
    RETURN NEW;
  END $$;
  CREATE FUNCTION size_of_manifest() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
  BEGIN
    NEW.size := (NEW.descriptor::json ->> 'size')::bigint;
    RETURN NEW;
  END $$;
  CREATE FUNCTION count_usage() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
  DECLARE
    one bigint := TG_ARGV[0]::bigint;
  BEGIN
    IF TG_OP = 'DELETE' THEN
      UPDATE repository_usage SET bytes = bytes - OLD.size, manifests = manifests - one WHERE repository = OLD.repository;
    ELSE
      INSERT INTO repository_usage VALUES (NEW.repository, NEW.size, one)
      ON CONFLICT (repository) DO UPDATE SET
        bytes = repository_usage.bytes + excluded.bytes, manifests = repository_usage.manifests + excluded.manifests;
    END IF;
    RETURN NULL;
  END $$;
  CREATE TRIGGER size BEFORE INSERT ON links FOR EACH ROW EXECUTE FUNCTION size_of_link();
  CREATE TRIGGER size BEFORE INSERT ON manifests FOR EACH ROW EXECUTE FUNCTION size_of_manifest();
  CREATE TRIGGER usage AFTER INSERT OR DELETE ON links FOR EACH ROW EXECUTE FUNCTION count_usage(0);
  CREATE TRIGGER usage AFTER INSERT OR DELETE ON manifests FOR EACH ROW EXECUTE FUNCTION count_usage(1);
  `,
  `
  CREATE TABLE marks (mark text PRIMARY KEY, says text NOT NULL);
  `,
  // Annotations may hold NUL and halves of surrogate pairs, which PostgreSQL reads in no JSON: it is shown none of what is escaped.
  String.raw`
  CREATE OR REPLACE FUNCTION size_of_manifest() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
  BEGIN
    NEW.size := (regexp_replace(NEW.descriptor, E'\\\\.', '_', 'g')::json ->> 'size')::bigint;
    RETURN NEW;
  END $$;
  `,
];

/**
 * Brings the schema to the version of this program, one process at a time. Throws `STORE_CORRUPT` when it is newer, and
 * `STORE_UNWRITABLE` when the user may not make tables.
 */
export async function migrate(database: Database): Promise<void> {
  await database.exclusively("migrations", async (sql) => {
    await createSchema(sql, database.schema);
    await sql.query(
      "CREATE TABLE IF NOT EXISTS migrations (version integer PRIMARY KEY, applied timestamptz NOT NULL)",
    );
    const [row] = await sql.query<{ version: number | null }>("SELECT max(version) AS version FROM migrations");
    const version = row?.version ?? 0;
    if (version > STEPS.length) {
      throw new SkillError(
        "STORE_CORRUPT",
        `the schema ${database.schema} has version ${version}, which is not known`,
        {
          hint: "A newer skillctl made it. Use that one.",
        },
      );
    }
    for (const [at, step] of STEPS.entries()) {
      if (at < version) continue;
      // Several statements in one query are one transaction.
      await sql.query(`${step}; INSERT INTO migrations VALUES (${at + 1}, now())`, [], UNHURRIED);
    }
  });
}

/** A user who may not create schemas may be given one. */
async function createSchema(sql: Sql, schema: string): Promise<void> {
  const [found] = await sql.query<{ exists: boolean }>("SELECT to_regnamespace($1) IS NOT NULL AS exists", [schema]);
  if (found?.exists !== true) await sql.query(`CREATE SCHEMA ${schema}`);
}
