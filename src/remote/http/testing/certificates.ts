/** An authority of our own for a test, and the certificates that it signs. Made anew each time; no key is ever written down. */
import { randomUUID } from "node:crypto";

import { generate } from "selfsigned";

/** PEM. */
export interface Certified {
  readonly cert: string;
  readonly key: string;
}

export interface Authority {
  /** PEM. */
  readonly cert: string;
  /** A certificate for a server; default: for `localhost` and 127.0.0.1, valid for a year. */
  server(options?: { readonly host?: string; readonly expired?: boolean }): Promise<Certified>;
  client(): Promise<Certified>;
}

const KIND = { keyType: "ec", algorithm: "sha256" } as const;
const DAY = 24 * 3600 * 1000;

export async function createAuthority(): Promise<Authority> {
  const authority = await generate(named(`Authority ${randomUUID()}`), {
    ...KIND,
    extensions: [
      { name: "basicConstraints", cA: true, critical: true },
      { name: "keyUsage", keyCertSign: true, critical: true },
    ],
  });
  const ca = { cert: authority.cert, key: authority.private };
  return {
    cert: authority.cert,
    server: async ({ host = "localhost", expired = false } = {}) => {
      const now = Date.now();
      const signed = await generate(named(host), {
        ...KIND,
        ca,
        notBeforeDate: new Date(now - 2 * DAY),
        notAfterDate: new Date(now + (expired ? -1 : 365) * DAY),
        extensions: [{ name: "subjectAltName", altNames: namesOf(host) }],
      });
      return { cert: signed.cert, key: signed.private };
    },
    client: async () => {
      const extensions = [{ name: "extKeyUsage" as const, clientAuth: true }];
      const signed = await generate(named("A client"), { ...KIND, ca, extensions });
      return { cert: signed.cert, key: signed.private };
    },
  };
}

function namesOf(host: string): { type: 2 | 7; value?: string; ip?: string }[] {
  return host === "localhost"
    ? [
        { type: 2, value: host },
        { type: 7, ip: "127.0.0.1" },
      ]
    : [{ type: 2, value: host }];
}

function named(value: string): { name: string; value: string }[] {
  return [{ name: "commonName", value }];
}
