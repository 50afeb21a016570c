/**
 * Basic or Bearer, as the registry asks: the first request goes out in nobody's name, the answer to it says the rest.
 *
 * Credentials go to the endpoint's own origin and to the token server that its challenge names, if {@link readRealm} and
 * {@link checkRealmForCredentials} let it. Everything secret is in private fields, so that no log shows it by accident.
 */
import type { SkillError } from "../../errors.ts";
import type { Credential, CredentialSource } from "../credentials/types.ts";
import type { HttpHeaders, Transport } from "../http/types.ts";
import { basicHeader } from "./basic.ts";
import { parseChallenges, type Challenge } from "./challenge.ts";
import { Grants, type Grant } from "./grants.ts";
import { checkRealmForCredentials, readRealm, type RealmRules } from "./realm.ts";
import { downgrade, refused, unknownScheme, unusable } from "./refusal.ts";
import { isRepositoryScope, namedScopes, scopesFor, type Scopes } from "./scopes.ts";
import { SharedWork } from "./shared-work.ts";
import { fetchToken, type Token } from "./token.ts";
import type { AuthOptions, Authorizer, AuthScope, ChallengeOptions } from "./types.ts";

export interface AuthorizerOptions {
  /** The registry as `skillctl login` knows it, `quay.io`; for messages. */
  readonly registry: string;
  /** Where it answers: scheme, host and port. Nothing is ever sent for another one. */
  readonly origin: URL;
  readonly credentials: CredentialSource;
  /** What stands before a repository's path in the full name by which credentials are looked up: `quay.io`. */
  readonly repositoryPrefix: string;
  readonly transport: Transport;
  /** Whether tokens may be fetched over http: for a registry that is configured as insecure, or on this machine. */
  readonly allowHttpRealm: boolean;
  /** Hosts of another site, `host` or `host:port`, to which this registry's credentials may be sent for a token. */
  readonly trustedRealms?: readonly string[];
  /** In milliseconds since 1970. */
  readonly now?: () => number;
}

/** A token server, as a challenge named it. */
interface TokenServer {
  readonly realm: URL;
  readonly service: string | undefined;
}

type Scheme = "none" | "basic" | TokenServer;

/** What a request concerns. Registries may ask otherwise for the one than for the other: Harbor's catalog wants a password. */
type Kind = "repository" | "registry";

/** A token that is refused within this time was never accepted. Older ones may have been revoked. In milliseconds. */
const FRESH = 10_000;
/** Tokens are renewed so long before their end, or a quarter of their life if that is less. In milliseconds. */
const MARGIN = 15_000;
/** Repositories whose credentials are remembered. */
const MAX_REMEMBERED = 1000;

/** Makes the authorizer of one endpoint. Tokens live in it, so it is to be kept. */
export function createAuthorizer(options: AuthorizerOptions): Authorizer {
  return new ChallengedAuthorizer(options);
}

class ChallengedAuthorizer implements Authorizer {
  readonly #options: AuthorizerOptions;
  readonly #rules: RealmRules;
  readonly #now: () => number;
  readonly #grants = new Grants();
  readonly #fetches = new SharedWork<Grant>();
  readonly #lookups = new SharedWork<Credential | undefined>();
  readonly #credentials = new Map<string, Credential | undefined>();
  readonly #refreshTokens = new WeakMap<Credential, { readonly source: string; readonly token: string }>();
  readonly #schemes: Record<Kind, Scheme> = { repository: "none", registry: "none" };

  constructor(options: AuthorizerOptions) {
    this.#options = options;
    this.#rules = options;
    this.#now = options.now ?? Date.now;
  }

  async header(scope: AuthScope, options: AuthOptions = {}): Promise<string | undefined> {
    const scheme = this.#schemeFor(scope);
    if (scheme === "none") return undefined;
    const credential = await this.#credentialFor(scope, options);
    if (credential?.kind === "registry-token") return `Bearer ${credential.token}`;
    if (scheme === "basic") return credential?.kind === "basic" ? basicHeader(credential) : undefined;
    const wanted = scopesFor(scope);
    let grant = this.#grants.usable(scope.repository, wanted, this.#now());
    // What a request that concerns no repository needs is known from its challenge only.
    if (grant === undefined && scope.repository === undefined) return undefined;
    grant ??= await this.#fetch(scope, credential, scheme, wanted, false, options);
    grant.uses++;
    return `Bearer ${grant.token}`;
  }

  async challenged(scope: AuthScope, headers: HttpHeaders, options: ChallengeOptions = {}): Promise<boolean> {
    const { origin, registry } = this.#options;
    if (options.url !== undefined && options.url.origin !== origin.origin) return false;
    const { sent } = options;
    const challenge = this.#choose(headers["www-authenticate"]);
    const credential = await this.#credentialFor(scope, options);
    if (challenge.scheme === "bearer") return this.#challengedToken(scope, credential, challenge, sent, options);
    if (this.#hasAskedForTokens(scope)) throw downgrade(registry);
    if (credential?.kind === "identity-token") throw unusable(registry);
    if (credential === undefined || sent !== undefined) throw this.#refused(scope, credential);
    this.#schemes[kindOf(scope)] = "basic";
    return true;
  }

  hasSecret(text: string): boolean {
    const credentials = [...this.#credentials.values()].flatMap((credential) => secretsOf(credential));
    return [...credentials, ...this.#grants.tokens()].some((secret) => secret !== "" && text.includes(secret));
  }

  async #challengedToken(
    scope: AuthScope,
    credential: Credential | undefined,
    { parameters }: Challenge,
    sent: string | undefined,
    options: AuthOptions,
  ): Promise<boolean> {
    const server = { realm: readRealm(parameters.get("realm"), this.#rules), service: parameters.get("service") };
    this.#schemes[kindOf(scope)] = server;
    if (credential?.kind === "registry-token") {
      if (sent !== undefined) throw this.#refused(scope, credential);
      return true;
    }
    const named = namedScopes(parameters.get("scope"));
    const own = scopesFor(scope);
    const old = sent?.startsWith("Bearer ") === true ? this.#grants.find(scope.repository, sent.slice(7)) : undefined;
    if (old !== undefined) old.isRefused = true;
    const newer = this.#grants.usable(scope.repository, own, this.#now());
    // Somebody else has renewed it while this request was under way.
    if (newer !== undefined && newer.token !== old?.token && newer.source === sourceOf(server)) return true;
    if (old === undefined) {
      const wanted = own.with(named.filter((text) => !isRepositoryScope(text)));
      await this.#fetch(scope, credential, server, wanted, false, options);
      return true;
    }
    const isFresh = old.uses <= 1 || this.#now() - old.obtained < FRESH;
    const wantsMore = !old.asked.includes(named) || old.source !== sourceOf(server);
    if (isFresh && (old.isLast || !wantsMore)) throw this.#refused(scope, credential);
    await this.#fetch(scope, credential, server, own.with(named), isFresh, options);
    return true;
  }

  /** A new token; callers that want the same at the same time get the same. */
  async #fetch(
    scope: AuthScope,
    credential: Exclude<Credential, { kind: "registry-token" }> | undefined,
    server: TokenServer,
    asked: Scopes,
    isLast: boolean,
    { signal }: AuthOptions,
  ): Promise<Grant> {
    const { registry, transport } = this.#options;
    if (credential !== undefined) checkRealmForCredentials(server.realm, this.#rules);
    const source = sourceOf(server);
    const key = JSON.stringify([scope.repository, source, asked.texts, isLast]);
    const work = async (shared: AbortSignal): Promise<Grant> => {
      const obtained = this.#now();
      const refreshToken = this.#refreshTokenFor(credential, source);
      const token = await fetchToken(
        transport,
        { registry, ...server, scopes: asked, credential, refreshToken },
        { signal: shared, refused: (cause) => this.#refused(scope, credential, cause) },
      );
      if (credential !== undefined && token.isRefreshOver === true) this.#refreshTokens.delete(credential);
      if (credential !== undefined && token.refreshToken !== undefined) {
        this.#refreshTokens.set(credential, { source, token: token.refreshToken });
      }
      const grant = {
        token: token.value,
        asked,
        source,
        obtained,
        expires: obtained + usableFor(token),
        isLast,
        isRefused: false,
        uses: 0,
      };
      this.#grants.add(scope.repository, grant);
      return grant;
    };
    return this.#fetches.run(key, work, signal);
  }

  /** What was asked for; where that is not known yet, what was asked for in the other kind of request. */
  #schemeFor(scope: AuthScope): Scheme {
    const { repository, registry } = this.#schemes;
    const [own, other] = kindOf(scope) === "repository" ? [repository, registry] : [registry, repository];
    return own === "none" ? other : own;
  }

  /** Whether a password instead of a token would be less than what is asked for elsewhere. */
  #hasAskedForTokens(scope: AuthScope): boolean {
    const { repository, registry } = this.#schemes;
    return typeof registry === "object" || (kindOf(scope) === "repository" && typeof repository === "object");
  }

  #refreshTokenFor(credential: Credential | undefined, source: string): string | undefined {
    const known = credential === undefined ? undefined : this.#refreshTokens.get(credential);
    return known?.source === source ? known.token : undefined;
  }

  #refused(scope: AuthScope, credential: Credential | undefined, cause?: SkillError): SkillError {
    const { registry, credentials } = this.#options;
    const circumstances = { whyNone: credentials.whyNone?.(), isBeingTried: credentials.isBeingTried === true };
    return refused(registry, scope, credential, { ...circumstances, ...(cause && { cause }) });
  }

  #choose(header: string | undefined): Challenge {
    const challenges = parseChallenges(header ?? "");
    const [bearer, basic] = ["bearer", "basic"].map((name) => challenges.find(({ scheme }) => scheme === name));
    // Without a realm, nobody knows where there are tokens.
    const chosen = (bearer?.parameters.get("realm") ?? "") === "" ? (basic ?? bearer) : bearer;
    if (chosen !== undefined) return chosen;
    throw unknownScheme(
      this.#options.registry,
      challenges.map(({ scheme }) => scheme),
    );
  }

  /** Looked up once for each repository: it may mean to start a credential helper. */
  async #credentialFor({ repository }: AuthScope, { signal }: AuthOptions): Promise<Credential | undefined> {
    const { credentials, repositoryPrefix } = this.#options;
    const name = [repositoryPrefix, repository].filter((part) => part !== undefined && part !== "").join("/");
    if (this.#credentials.has(name)) return this.#credentials.get(name);
    const lookup = async (shared: AbortSignal) => {
      const found = await credentials.find(name, { signal: shared });
      if (this.#credentials.size >= MAX_REMEMBERED) this.#credentials.clear();
      this.#credentials.set(name, found);
      return found;
    };
    return this.#lookups.run(name, lookup, signal);
  }
}

function kindOf({ repository }: AuthScope): Kind {
  return repository === undefined ? "registry" : "repository";
}

function usableFor({ lifetime }: Token): number {
  return lifetime - Math.min(MARGIN, lifetime / 4);
}

/** In the forms in which a server sees them. Base64 is looked for without the padding that may be lost. */
function secretsOf(credential: Credential | undefined): readonly string[] {
  if (credential === undefined) return [];
  if (credential.kind !== "basic") return [credential.token];
  return [credential.password, basicHeader(credential).replace(/^Basic |=+$/g, "")];
}

function sourceOf({ realm, service }: TokenServer): string {
  return JSON.stringify([realm.href, service]);
}
