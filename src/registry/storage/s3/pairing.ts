/**
 * A bucket and a database belong together: what the one says about the other decides what is deleted. Each bears the same id,
 * so that a wrong setting is found out before anything is done.
 */
import { randomUUID } from "node:crypto";

import { readAll } from "../../../content/index.ts";
import { SkillError } from "../../../errors.ts";
import type { OperationOptions } from "../../../store/types.ts";
import type { Database } from "../postgres/database.ts";
import type { S3Bucket } from "./bucket.ts";
import { isMissing } from "./failures.ts";

/** Not one of `objects/`, so nothing ever deletes it. */
const MARKER = "registry.json";

/** Throws `CONFIG_INVALID` when the bucket is another registry's. Marks both when they are new. */
export async function pair(bucket: S3Bucket, database: Database): Promise<void> {
  await database.exclusively("pairing", async (sql) => {
    const [known] = await sql.query<{ readonly id: string }>("SELECT id FROM registry");
    const marked = await readMarker(bucket);
    if (marked !== undefined && marked !== known?.id) throw mismatch("the bucket belongs to another database");
    if (marked !== undefined) return;
    const [blob] = await sql.query("SELECT FROM blobs LIMIT 1");
    if (blob !== undefined) throw mismatch("the database belongs to another bucket");
    const id = known?.id ?? randomUUID();
    if (known === undefined) await sql.query("INSERT INTO registry VALUES ($1)", [id]);
    await bucket.put(MARKER, new TextEncoder().encode(`${JSON.stringify({ version: 1, id })}\n`));
  });
}

/** Whether the bucket answers, and is still the one. Throws `STORE_UNWRITABLE` when its mark is gone. */
export async function checkMarker(bucket: S3Bucket, options: OperationOptions): Promise<void> {
  if ((await bucket.size(MARKER, options)) !== undefined) return;
  throw new SkillError("STORE_UNWRITABLE", `${MARKER} is not in the bucket any more`, {
    hint: "Look whether the bucket and the prefix are right, and who deletes from it.",
  });
}

async function readMarker(bucket: S3Bucket): Promise<string | undefined> {
  let bytes: Uint8Array;
  try {
    bytes = await readAll(bucket.read(MARKER));
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
  try {
    const { version, id } = JSON.parse(new TextDecoder().decode(bytes)) as Readonly<Record<string, unknown>>;
    if (version === 1 && typeof id === "string") return id;
  } catch (cause) {
    throw new SkillError("STORE_CORRUPT", `${MARKER} in the bucket is damaged`, { cause });
  }
  throw new SkillError("STORE_CORRUPT", `${MARKER} in the bucket has a version that is not known`, {
    hint: "A newer skillctl wrote it. Use that one.",
  });
}

function mismatch(message: string): SkillError {
  return new SkillError("CONFIG_INVALID", message, {
    hint: `Compare the bucket, the prefix, the database and the schema: ${MARKER} in the bucket names the id that the table registry must hold.`,
  });
}
