/**
 * The registry's own tokens: signed, short-lived, good for what was asked for and no more.
 *
 * A token says who asks and narrows what they may do here. What they may do at all is looked up at each request, so
 * a role that was taken away is gone at once.
 */
import { randomUUID } from "node:crypto";

import { jwtVerify, SignJWT } from "jose";

import { ExpiringMap } from "./expiring-map.ts";
import type { Subject } from "./grants.ts";
import type { Scope } from "./scopes.ts";
import { hashOf } from "./secret.ts";
import type { KeyPair } from "./token-key.ts";

const ALGORITHM = "ES256";
const MAX_REMEMBERED = 10_000;
/** Seconds by which the clock of another server, which has the same key, may be behind. */
const BEHIND = 30;

/** What a token says. */
export interface TokenClaims extends Subject {
  readonly access: readonly Scope[];
  /** Milliseconds since 1970. */
  readonly expires: number;
}

export interface IssuedToken {
  readonly token: string;
  /** Seconds. */
  readonly lifetime: number;
  /** RFC 3339. */
  readonly issued: string;
}

export interface TokenIssuerOptions {
  readonly key: KeyPair;
  /** Issuer and audience of the tokens: this registry. */
  readonly service: string;
  /** Seconds. */
  readonly lifetime: number;
  readonly now: () => number;
}

export class TokenIssuer {
  readonly #options: TokenIssuerOptions;
  /** Tokens that were verified, by their hashes: a client sends the same one with each request. */
  readonly #verified: ExpiringMap<TokenClaims>;

  constructor(options: TokenIssuerOptions) {
    this.#options = options;
    this.#verified = new ExpiringMap(MAX_REMEMBERED, options.now);
  }

  /** `until`: when what the token stands for ends, milliseconds since 1970; it does not outlive that. */
  async issue({ name, groups, provider }: Subject, access: readonly Scope[], until = Infinity): Promise<IssuedToken> {
    const { key, service, now } = this.#options;
    const issued = Math.floor(now() / 1000);
    const expires = Math.min(issued + this.#options.lifetime, Math.floor(until / 1000));
    const token = await new SignJWT({ access, provider, ...(groups.length === 0 ? {} : { groups }) })
      .setProtectedHeader({ alg: ALGORITHM, typ: "JWT" })
      .setIssuer(service)
      .setAudience(service)
      .setSubject(name ?? "")
      .setIssuedAt(issued)
      .setNotBefore(issued - BEHIND)
      .setExpirationTime(expires)
      .setJti(randomUUID())
      .sign(key.privateKey);
    return { token, lifetime: expires - issued, issued: new Date(issued * 1000).toISOString() };
  }

  /** What a token of this registry says; `undefined` when it is none, or no longer good. */
  async verify(token: string): Promise<TokenClaims | undefined> {
    const hash = hashOf(token);
    return this.#verified.get(hash) ?? this.#verify(token, hash);
  }

  async #verify(token: string, hash: string): Promise<TokenClaims | undefined> {
    const { key, service, now } = this.#options;
    try {
      const { payload } = await jwtVerify(token, key.publicKey, {
        algorithms: [ALGORITHM],
        typ: "JWT",
        issuer: service,
        audience: service,
        requiredClaims: ["sub", "exp", "nbf"],
        currentDate: new Date(now()),
      });
      // Signed by this registry, so of the shape that it gave them.
      const {
        sub = "",
        exp = 0,
        access = [],
        groups = [],
        provider,
      } = payload as typeof payload & Partial<Pick<TokenClaims, "access" | "groups" | "provider">>;
      const name = sub === "" ? undefined : sub;
      const claims = { name, groups, access, expires: exp * 1000, ...(provider === undefined ? {} : { provider }) };
      this.#verified.set(hash, claims, claims.expires);
      return claims;
    } catch {
      return undefined;
    }
  }
}
