/** What a disk has damaged, and nobody can read: reading says so, and writing takes its place. */
import { isSkillError } from "../../errors.ts";

/** In the place of what is there and damaged. */
export const DAMAGED = Symbol("damaged");

/** What is read; {@link DAMAGED} where it cannot be (`STORE_CORRUPT`). */
export async function orDamaged<T>(read: () => Promise<T>): Promise<T | typeof DAMAGED> {
  try {
    return await read();
  } catch (error) {
    if (isSkillError(error, "STORE_CORRUPT")) return DAMAGED;
    throw error;
  }
}

/** `undefined` where what is read is damaged, as where there is nothing. */
export async function unlessDamaged<T>(read: () => Promise<T>): Promise<T | undefined> {
  const found = await orDamaged(read);
  return found === DAMAGED ? undefined : found;
}
