/** Files and requests as access sees them in tests. */
import type { IncomingMessage } from "node:http";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import { hashSync } from "bcryptjs";

import { temporaryDirectory } from "../../../skill/testing/skill-directory.ts";

/** Writes a password file, with the fewest rounds that bcrypt has. Returns its path. */
export async function passwordFile(users: Readonly<Record<string, string>>): Promise<string> {
  const path = join(await temporaryDirectory(), "htpasswd");
  await writeFile(path, passwordLines(users));
  return path;
}

/** The lines of such a file. */
export function passwordLines(users: Readonly<Record<string, string>>): string {
  return Object.entries(users)
    .map(([name, password]) => `${name}:${hashSync(password, 4)}\n`)
    .join("");
}

/** A request as far as access looks at it. */
export function request(
  authorization?: string,
  { address = "192.0.2.1", host = "registry.test:5000" } = {},
): IncomingMessage {
  const headers = { host, ...(authorization === undefined ? {} : { authorization }) };
  return { headers, socket: { remoteAddress: address } } as unknown as IncomingMessage;
}

/** An `Authorization` header. */
export function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
}

/** A clock that stands still until it is told otherwise. Milliseconds since 1970. */
export class Clock {
  time = Date.parse("2030-01-01T00:00:00Z");
  readonly now = (): number => this.time;
}
