/** What repositories hold, which triggers count (see the migrations), and bounds on it. */
import { checkRoom, quotasOf, type Quota, type Usage } from "../quota.ts";
import { UNHURRIED, type Sql } from "./database.ts";

interface UsageRow {
  readonly bytes: string;
  readonly manifests: string;
}

/** `0` is the character after `/`: names that begin with the namespace and a slash, by the index. */
const USAGE = `
  SELECT coalesce(sum(bytes), 0) AS bytes, coalesce(sum(manifests), 0) AS manifests FROM repository_usage
  WHERE $1 = '' OR repository = $1 OR (repository > $1 || '/' AND repository < $1 || '0')`;

const COUNTED = `
  SELECT repository, sum(bytes) AS bytes, sum(manifests) AS manifests FROM (
    SELECT repository, size AS bytes, 0 AS manifests FROM links
    UNION ALL SELECT repository, size, 1 FROM manifests
  ) AS held GROUP BY repository`;

/** Those of which something else is kept than what they hold. */
const WRONG = `
  SELECT repository, coalesce(counted.bytes, 0) AS bytes, coalesce(counted.manifests, 0) AS manifests
  FROM (${COUNTED}) AS counted FULL JOIN repository_usage AS kept USING (repository)
  WHERE coalesce(kept.bytes, 0) <> coalesce(counted.bytes, 0) OR coalesce(kept.manifests, 0) <> coalesce(counted.manifests, 0)`;

/** What the repositories of a namespace hold. */
export async function usageOf(sql: Sql, namespace: string): Promise<Usage> {
  const [row] = await sql.query<UsageRow>(USAGE, [namespace]);
  return { bytes: Number(row?.bytes ?? 0), manifests: Number(row?.manifests ?? 0) };
}

/**
 * For a transaction that is about to add to a repository: until it ends, nobody else adds to what the quotas bound. Throws
 * `QUOTA_EXCEEDED`.
 */
export async function takeRoom(
  sql: Sql,
  schema: string,
  repository: string,
  quotas: readonly Quota[],
  added: Usage,
): Promise<void> {
  for (const quota of quotasOf(repository, quotas)) {
    await sql.query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", [`${schema} quota ${quota.namespace}`]);
    // A statement of its own, so that it sees what the one before us has added.
    checkRoom(quota, await usageOf(sql, quota.namespace), added);
  }
}

/** The repositories that are counted wrong. */
export async function findMiscounted(sql: Sql): Promise<string[]> {
  return (await sql.query<{ readonly repository: string }>(WRONG, [], UNHURRIED)).map(({ repository }) => repository);
}

/** Counts anew, while nobody changes anything. For a transaction. Resolves to the repositories that were counted wrong. */
export async function recount(sql: Sql): Promise<string[]> {
  await sql.query("LOCK TABLE links, manifests, repository_usage IN SHARE ROW EXCLUSIVE MODE", [], UNHURRIED);
  const wrong = await findMiscounted(sql);
  await sql.query(
    `INSERT INTO repository_usage ${WRONG}
     ON CONFLICT (repository) DO UPDATE SET bytes = excluded.bytes, manifests = excluded.manifests`,
    [],
    UNHURRIED,
  );
  return wrong;
}
