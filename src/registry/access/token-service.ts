/**
 * Gives tokens to those who may have them.
 *
 * GET as the distribution project's "Token Authentication" has it, POST as its "OAuth2 Token Authentication" has it. A token is good
 * for what was asked for as far as it is allowed; without credentials, for what everybody may. There are no refresh tokens:
 * they would be passwords that nobody can see.
 */
import type { IncomingMessage } from "node:http";

import { RegistryRefusal } from "../refusal.ts";
import type { Authenticated, Authenticator } from "./authenticator.ts";
import { readCredentials } from "./credentials.ts";
import type { GrantTable, Subject } from "./grants.ts";
import type { Action } from "../hooks.ts";
import { allows } from "./principal.ts";
import { parseScopes, type Scope } from "./scopes.ts";
import type { Throttle } from "./throttle.ts";
import type { IssuedToken, TokenIssuer } from "./token-issuer.ts";

/** What a client sends to the token endpoint. */
export interface TokenRequest {
  readonly method: "GET" | "POST";
  /** The query, or the form in the body. */
  readonly parameters: URLSearchParams;
  readonly authorization: string | undefined;
  readonly address: string | undefined;
}

export interface TokenServiceParts {
  readonly authenticator: Authenticator;
  readonly grants: GrantTable;
  readonly issuer: TokenIssuer;
  readonly throttle: Throttle;
  readonly service: string;
  readonly clientAddress: (request: IncomingMessage) => string | undefined;
}

export interface GrantedToken extends IssuedToken {
  /** `undefined`: anonymous. */
  readonly name: string | undefined;
  /** What it is good for. */
  readonly access: readonly Scope[];
}

export class TokenService {
  readonly #parts: TokenServiceParts;

  constructor(parts: TokenServiceParts) {
    this.#parts = parts;
  }

  /** Where a request comes from. */
  clientAddress(request: IncomingMessage): string | undefined {
    return this.#parts.clientAddress(request);
  }

  /** Throws a refusal: 401 for wrong credentials, 400 for a request that is none, 429 for too many. */
  async issue(request: TokenRequest): Promise<GrantedToken> {
    const { issuer, throttle, service } = this.#parts;
    await throttle.request(request.address);
    const { parameters } = request;
    const asked = parameters.get("service");
    if (asked !== null && asked !== service)
      throw malformed(`this is not the token service ${JSON.stringify(asked.slice(0, 100))}`);
    const scopes = parseScopes(parameters.getAll("scope"));
    if (scopes === undefined) throw malformed("too many scopes are asked for");
    const subject = await this.#authenticate(request);
    const access = scopes.flatMap((scope) => this.#allowed(subject, scope));
    return { ...(await issuer.issue(subject, access, subject.expires)), name: subject.name, access };
  }

  async #authenticate({ method, parameters, authorization, address }: TokenRequest): Promise<Authenticated> {
    const { authenticator } = this.#parts;
    const credentials = method === "POST" ? passwordGrant(parameters, authorization) : readCredentials(authorization);
    if (credentials.kind === "none") return { name: undefined, groups: [] };
    const found =
      credentials.kind === "basic"
        ? await authenticator.byPassword(credentials.user, credentials.password, address)
        : undefined;
    if (found !== undefined) return found;
    throw new RegistryRefusal(401, "UNAUTHORIZED", "the user name or password is wrong", {
      headers: { "WWW-Authenticate": `Basic realm="${this.#parts.service}"` },
    });
  }

  #allowed(subject: Subject, scope: Scope): Scope[] {
    if (scope.type === "registry") return [scope];
    const roles = this.#parts.grants.rolesOf(subject, scope.name);
    const actions = scope.actions.filter((action) => allows(roles, action as Action));
    return actions.length === 0 ? [] : [{ ...scope, actions }];
  }
}

/** RFC 6749 section 4.3; nothing else is offered. Some clients send the password as Basic credentials nevertheless. */
function passwordGrant(
  parameters: URLSearchParams,
  authorization: string | undefined,
): ReturnType<typeof readCredentials> {
  const grant = parameters.get("grant_type");
  if (grant !== "password") throw malformed("only the grant type password is offered: there are no refresh tokens");
  const [user, password] = [parameters.get("username"), parameters.get("password")];
  if (user === null || password === null) return readCredentials(authorization);
  return { kind: "basic", user, password };
}

function malformed(message: string): RegistryRefusal {
  return new RegistryRefusal(400, "UNSUPPORTED", message);
}
