/**
 * Tokens of identity providers: a person's single sign-on, a CI job's own identity.
 *
 * What is accepted is fixed here, never by the token: issuer, audience, algorithms, where keys come from. From the claims come a name
 * and groups; what those may do stands in the grants.
 */
import { decodeJwt, jwtVerify, type JWTPayload } from "jose";

import { isSkillError, SkillError } from "../../errors.ts";
import { quote } from "../../text/index.ts";
import { ExpiringMap } from "./expiring-map.ts";
import type { Subject } from "./grants.ts";
import { isProviderName, providedName } from "./names.ts";
import { OidcKeys, type Fetch } from "./oidc-keys.ts";
import { hashOf } from "./secret.ts";

/** Signatures with a key that only the provider has. */
const ALGORITHMS = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
  "Ed25519",
];
/** Seconds by which clocks may differ. */
const TOLERANCE = 30;
const MAX_REMEMBERED = 10_000;
/** Milliseconds for which a verified token is taken as it is. */
const REMEMBERED = 5 * 60_000;
const MAX_GROUPS = 200;
const DEFAULT_NAME = "oidc";

/** An identity provider whose tokens are good here. */
export interface OidcProvider {
  /** Exactly as the tokens' claim `iss` has it. */
  readonly issuer: string;
  /** One of these must be in the claim `aud`. */
  readonly audience: string | readonly string[];
  /** The first part of names: `oidc+alice`. Default: `oidc`. */
  readonly name?: string;
  /** Default: as the provider's configuration document says. */
  readonly jwksUri?: string;
  /** Default: all that are signed with a private key (RS, PS, ES, EdDSA). */
  readonly algorithms?: readonly string[];
  /** The claim that names who asks. Default: `sub`. */
  readonly nameClaim?: string;
  /** The claim that lists groups. Default: none. */
  readonly groupsClaim?: string;
  /** Groups for tokens whose claims are so, each and all of them. */
  readonly groups?: readonly { readonly group: string; readonly claims: Readonly<Record<string, string>> }[];
}

/** Whom a token vouches for, and until when, in milliseconds since 1970. */
export interface OidcSubject extends Subject {
  readonly name: string;
  readonly provider: string;
  readonly expires: number;
}

export class OidcVerifier {
  readonly #providers = new Map<string, { readonly provider: OidcProvider; readonly keys: OidcKeys }>();
  readonly #verified: ExpiringMap<OidcSubject>;
  readonly #now: () => number;

  /** Throws `CONFIG_INVALID`. */
  constructor(providers: readonly OidcProvider[], options: { readonly fetch: Fetch; readonly now: () => number }) {
    this.#now = options.now;
    this.#verified = new ExpiringMap(MAX_REMEMBERED, options.now);
    const names = new Set<string>();
    for (const provider of providers) {
      checkProvider(provider, names, this.#providers);
      const { issuer, jwksUri } = provider;
      const keys = new OidcKeys({ issuer, ...options, ...(jwksUri === undefined ? {} : { jwksUri }) });
      this.#providers.set(issuer, { provider, keys });
    }
  }

  /** Whether a name is of those whom one of the providers vouches for. */
  knows(name: string): boolean {
    return [...this.#providers.values()].some(({ provider }) =>
      name.startsWith(providedName(provider.name ?? DEFAULT_NAME, "")),
    );
  }

  /**
   * Whom a token vouches for; `undefined` when it is none of a provider's, or no longer good. Throws `REGISTRY_UNREACHABLE`
   * when the provider's keys cannot be had.
   */
  async verify(token: string): Promise<OidcSubject | undefined> {
    const hash = hashOf(token);
    return this.#verified.get(hash) ?? this.#verify(token, hash);
  }

  async #verify(token: string, hash: string): Promise<OidcSubject | undefined> {
    const found = this.#providers.get(issuerOf(token) ?? "");
    if (found === undefined) return undefined;
    const { provider, keys } = found;
    try {
      const { payload } = await jwtVerify(token, keys.find, {
        algorithms: [...(provider.algorithms ?? ALGORITHMS)],
        issuer: provider.issuer,
        audience: typeof provider.audience === "string" ? provider.audience : [...provider.audience],
        requiredClaims: ["sub", "exp"],
        clockTolerance: TOLERANCE,
        currentDate: new Date(this.#now()),
      });
      if ((payload.iat ?? 0) > this.#now() / 1000 + TOLERANCE) return undefined;
      const subject = subjectOf(payload, provider);
      if (subject !== undefined) this.#verified.set(hash, subject, Math.min(subject.expires, this.#now() + REMEMBERED));
      return subject;
    } catch (error) {
      if (isSkillError(error, "REGISTRY_UNREACHABLE")) throw error;
      return undefined;
    }
  }
}

/** What a token says of its issuer: only to know whom to ask for keys. */
function issuerOf(token: string): string | undefined {
  try {
    return decodeJwt(token).iss;
  } catch {
    return undefined;
  }
}

function subjectOf(payload: JWTPayload, provider: OidcProvider): OidcSubject | undefined {
  const name = payload[provider.nameClaim ?? "sub"];
  if (typeof name !== "string" || name === "" || name.length > 256) return undefined;
  const listed = provider.groupsClaim === undefined ? [] : payload[provider.groupsClaim];
  const groups = (Array.isArray(listed) ? listed : [listed]).filter((each): each is string => typeof each === "string");
  const matched = (provider.groups ?? []).filter(({ claims }) =>
    Object.entries(claims).every(([claim, value]) => claimHas(payload[claim], value)),
  );
  return {
    name: providedName(provider.name ?? DEFAULT_NAME, name),
    provider: provider.name ?? DEFAULT_NAME,
    groups: [...new Set([...matched.map(({ group }) => group), ...groups.slice(0, MAX_GROUPS)])],
    expires: ((payload.exp ?? 0) + TOLERANCE) * 1000,
  };
}

function claimHas(claim: unknown, value: string): boolean {
  if (Array.isArray(claim)) return claim.includes(value);
  return (typeof claim === "boolean" || typeof claim === "number" ? String(claim) : claim) === value;
}

function checkProvider(provider: OidcProvider, names: Set<string>, known: ReadonlyMap<string, unknown>): void {
  const { issuer, name = DEFAULT_NAME, algorithms = [], audience, groups = [] } = provider;
  const wrong = ((): string | undefined => {
    if (!isProviderName(name)) return `${quote(name)} is not a name for an identity provider`;
    if (names.has(name)) return `two identity providers are called ${quote(name)}`;
    if (known.has(issuer)) return `the identity provider ${quote(issuer)} is there twice`;
    if (audience.length === 0 || [audience].flat().includes("")) return `${quote(issuer)} has no audience`;
    if (groups.some(({ claims }) => Object.keys(claims).length === 0))
      return `${quote(issuer)} gives a group to everybody`;
    const other = algorithms.find((each) => !ALGORITHMS.includes(each));
    return other === undefined ? undefined : `${quote(other)} is not an algorithm for tokens of a provider`;
  })();
  names.add(name);
  if (wrong === undefined) return;
  throw new SkillError("CONFIG_INVALID", wrong, {
    hint: "Give each provider its own name, the audience that its tokens are made for, and public-key algorithms.",
  });
}
