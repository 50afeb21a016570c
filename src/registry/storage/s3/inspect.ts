/** Whether the bucket holds what the database says, and nothing else. */
import { inOrder } from "../../../store/in-order.ts";
import type { OperationOptions } from "../../../store/types.ts";
import type { Database } from "../postgres/database.ts";
import { findMiscounted } from "../postgres/usage.ts";
import type { StorageIssue } from "../types.ts";
import type { BlobRecord, BlobRecords } from "./blob-records.ts";
import type { S3Bucket } from "./bucket.ts";

const UNKNOWN = `
  SELECT found.object FROM unnest($1::text[]) AS found (object)
  WHERE NOT EXISTS (SELECT FROM blobs WHERE blobs.object = found.object)
    AND NOT EXISTS (SELECT FROM uploads WHERE uploads.object = found.object OR uploads.tail = found.object)
    AND NOT EXISTS (SELECT FROM leftovers WHERE leftovers.object = found.object)
    AND NOT EXISTS (SELECT FROM damaged WHERE damaged.object = found.object)`;

export async function* inspectBucket(
  bucket: S3Bucket,
  database: Database,
  records: BlobRecords,
  options: OperationOptions,
): AsyncGenerator<StorageIssue, void, undefined> {
  const look = async (record: BlobRecord): Promise<StorageIssue | undefined> => {
    const size = await bucket.size(record.object, options);
    if (size === record.size) return undefined;
    // It may have been removed, or replaced, since it was looked up.
    if ((await records.find(record.digest))?.object !== record.object) return undefined;
    const what = size === undefined ? "is not in the bucket" : `has ${size} bytes, not ${record.size}`;
    return { message: `${record.object}, which is ${record.digest}, ${what}`, path: record.object };
  };
  for await (const issue of inOrder(records.list(options), 16, look)) if (issue !== undefined) yield issue;
  for (const repository of await findMiscounted(database)) {
    yield { message: `what ${repository} holds is counted wrong; skillctl fsck --repair counts it anew` };
  }
  for await (const keys of bucket.list(options)) {
    const objects = keys.filter((key) => key.startsWith("objects/"));
    for (const { object } of await database.query<{ readonly object: string }>(UNKNOWN, [objects])) {
      yield { message: `${object} is in the bucket, but the database does not know it`, path: object };
    }
  }
}
