import { randomFillSync } from "node:crypto";

/** Drawn at once, for a thousand names: to ask for a few random bytes costs as much as to create a file. */
const pool = Buffer.alloc(8 * 1024);
let used = pool.length;

/** Sixteen hexadecimal digits that nobody else has, in this process or another. */
export function randomName(): string {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += 8;
  return pool.toString("hex", used - 8, used);
}
