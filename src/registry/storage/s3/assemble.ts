import { readAll } from "../../../content/index.ts";
import { SkillError } from "../../../errors.ts";
import type { S3Bucket } from "./bucket.ts";
import { isMissing } from "./failures.ts";
import type { Leftovers } from "./leftovers.ts";
import type { HeldUpload } from "./upload-records.ts";

/** The object that holds all of an upload. */
export interface Assembled {
  readonly object: string;
  /** Whether it is a new one, which nobody has taken yet; otherwise it is the upload's. */
  readonly isAnnounced: boolean;
  /** Whether it was made of what is on record just now; otherwise somebody must look at what it holds. */
  readonly isCertain: boolean;
}

/** Makes one object of an upload. A process that was killed may have done it before. */
export async function assemble(held: HeldUpload, bucket: S3Bucket, leftovers: Leftovers): Promise<Assembled> {
  const { object, multipart, parts, tail } = held.record;
  if (parts.length > 0 && object !== undefined && multipart !== undefined) {
    return { object, isAnnounced: false, isCertain: await complete(held, bucket, object, multipart) };
  }
  if (tail !== undefined) return { object: tail, isAnnounced: false, isCertain: true };
  const empty = await leftovers.announce();
  await bucket.put(empty, new Uint8Array());
  return { object: empty, isAnnounced: true, isCertain: true };
}

/** Resolves to whether it was done now, and not before. */
async function complete(held: HeldUpload, bucket: S3Bucket, object: string, multipart: string): Promise<boolean> {
  const { parts, tail, offset } = held.record;
  try {
    const all = [...parts];
    if (tail !== undefined) {
      const bytes = await readAll(bucket.read(tail));
      all.push(await bucket.putPart({ object, multipart, number: all.length + 1 }, bytes));
    }
    await bucket.completeMultipart(object, multipart, all);
    return true;
  } catch (error) {
    if (!isMissing(error)) throw error;
    if ((await bucket.size(object)) === offset) return false;
    throw new SkillError("STORE_UNWRITABLE", `S3 has lost what upload ${held.record.id} had`, {
      hint: "Cancel it and begin a new one.",
      cause: error,
    });
  }
}
