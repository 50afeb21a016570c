/** Secrets as this registry keeps and compares them: by their hashes, in a time that does not depend on what differs. */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";

/** The sha256 of a text, in hexadecimal. Only for secrets that nobody can guess: passwords take bcrypt. */
export function hashOf(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}

/** Whether two hashes are the same. */
export function isSameHash(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.byteLength === b.byteLength && timingSafeEqual(a, b);
}

/** 256 random bits as text that needs no quoting anywhere. */
export function newSecret(): string {
  return randomBytes(32).toString("base64url");
}
