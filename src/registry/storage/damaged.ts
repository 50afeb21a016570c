/** What a disk has damaged, and nobody can read: reading says so, and writing takes its place. */
import { isSkillError } from "../../errors.ts";

/** `undefined` where what is read is damaged (`STORE_CORRUPT`), as where there is nothing. */
export async function unlessDamaged<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (isSkillError(error, "STORE_CORRUPT")) return undefined;
    throw error;
  }
}
