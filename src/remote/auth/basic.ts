import type { Credential } from "../credentials/types.ts";

/** The value of an `authorization` header that bears user and password. RFC 7617, in UTF-8. */
export function basicHeader({ username, password }: Extract<Credential, { kind: "basic" }>): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}
