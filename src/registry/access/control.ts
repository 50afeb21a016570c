/** Access as a registry asks for it: who sends this request, and may they do this here. */
import type { IncomingMessage } from "node:http";

import type { AccessControl, AccessRequest, Identity } from "../hooks.ts";
import { RegistryRefusal } from "../refusal.ts";
import type { Authenticator } from "./authenticator.ts";
import { realmFor, scopeFor, unauthorized, type TokenPlace } from "./challenge.ts";
import { readCredentials } from "./credentials.ts";
import { quote } from "../../text/index.ts";
import type { GrantTable, Subject } from "./grants.ts";
import { allows, Principal } from "./principal.ts";
import type { Scope } from "./scopes.ts";
import type { Throttle } from "./throttle.ts";

export interface ControlParts {
  readonly authenticator: Authenticator;
  readonly grants: GrantTable;
  readonly throttle: Throttle;
  readonly service: string;
  readonly publicUrl: string | undefined;
  readonly clientAddress: (request: IncomingMessage) => string | undefined;
}

const ANONYMOUS: Subject = { name: undefined, groups: [] };

export class RegistryAccess implements AccessControl {
  readonly #parts: ControlParts;

  constructor(parts: ControlParts) {
    this.#parts = parts;
  }

  async identify(request: IncomingMessage): Promise<Principal> {
    const { authenticator, throttle, clientAddress } = this.#parts;
    const address = clientAddress(request);
    await throttle.request(address);
    const place = this.#placeFor(request);
    const credentials = readCredentials(request.headers.authorization);
    switch (credentials.kind) {
      case "none":
        return this.#principal(ANONYMOUS, place, undefined);
      case "basic": {
        const found = await authenticator.byPassword(credentials.user, credentials.password, address);
        if (found === undefined) throw unauthorized(place, "the user name or password is wrong");
        return this.#principal(found, place, undefined);
      }
      case "bearer": {
        const found = await authenticator.byToken(credentials.token);
        if (found === undefined)
          throw unauthorized(place, "the token is not good, or no longer", { error: "invalid_token" });
        return this.#principal(found, place, found.access);
      }
      case "malformed":
        throw unauthorized(place, "the Authorization header cannot be understood");
    }
  }

  async authorize(identity: Identity, { repository, action, isListing = false }: AccessRequest): Promise<void> {
    const principal = identity instanceof Principal ? identity : undefined;
    if (repository === undefined) return this.#authorizeRegistry(identity, principal);
    const may = principal?.may(repository, action) ?? allows(identity.roles(repository), action);
    if (may && principal?.covers(repository, action, isListing) !== false) return;
    if (principal !== undefined && (identity.name === undefined || may)) {
      // Without credentials, or with a token that was made for something else: a better one may be had.
      const error = identity.name === undefined ? {} : { error: "insufficient_scope" as const };
      throw unauthorized(principal.place, `${VERBS[action]} ${quote(repository)} takes credentials that allow it`, {
        ...scopeFor(repository, action),
        ...error,
      });
    }
    throw denied(identity, repository, action);
  }

  /** Whoever only looks whether this is a registry learns how to log in; this is how clients begin. */
  #authorizeRegistry(identity: Identity, principal: Principal | undefined): void {
    if (identity.name !== undefined || principal === undefined || principal.hasToken) return;
    throw unauthorized(principal.place, "this registry wants a token");
  }

  #principal(subject: Subject, place: TokenPlace, access: readonly Scope[] | undefined): Principal {
    const { grants, authenticator } = this.#parts;
    return new Principal(subject, grants, place, access, async (name) => authenticator.knows(name));
  }

  #placeFor(request: IncomingMessage): TokenPlace {
    const { service, publicUrl } = this.#parts;
    const isEncrypted = "encrypted" in request.socket && request.socket.encrypted === true;
    return { service, realm: realmFor(request.headers.host, isEncrypted, publicUrl) };
  }
}

const VERBS = { pull: "reading from", push: "pushing to", delete: "removing from" } as const;

function denied({ name }: Identity, repository: string, action: AccessRequest["action"]): RegistryRefusal {
  const role = action === "pull" ? "reader" : "author";
  return new RegistryRefusal(
    403,
    "DENIED",
    `${quote(name ?? "anonymous")} may not do this: ${VERBS[action]} ${quote(repository)}`,
    {
      hint: `Whoever runs this registry can give the role ${role} there.`,
    },
  );
}
