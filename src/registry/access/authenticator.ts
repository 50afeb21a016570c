/** Who is behind credentials: a user of the password file, a robot, somebody whom an identity provider vouches for. */
import { isSkillError } from "../../errors.ts";
import { RegistryRefusal } from "../refusal.ts";
import type { Subject } from "./grants.ts";
import type { Htpasswd } from "./htpasswd.ts";
import { isRobotName, OIDC_USER } from "./names.ts";
import type { OidcVerifier } from "./oidc.ts";
import { isRobotSecret, type RobotTokens } from "./robots.ts";
import type { Throttle } from "./throttle.ts";
import type { TokenClaims, TokenIssuer } from "./token-issuer.ts";

/** Who it is, and until when that is certain, in milliseconds since 1970. */
export interface Authenticated extends Subject {
  readonly expires?: number;
}

export interface AuthenticatorParts {
  readonly users: Htpasswd | undefined;
  readonly robots: RobotTokens | undefined;
  readonly oidc: OidcVerifier | undefined;
  readonly issuer: TokenIssuer;
  readonly throttle: Throttle;
}

export class Authenticator {
  readonly #parts: AuthenticatorParts;

  constructor(parts: AuthenticatorParts) {
    this.#parts = parts;
  }

  /**
   * By user name and password; `undefined` when they are wrong. Throws 429 after too many wrong passwords, 503 without an answer
   * of the provider. Tokens that are given as passwords cannot be guessed, so those are not counted.
   */
  async byPassword(user: string, password: string, address: string | undefined): Promise<Authenticated | undefined> {
    const { users, robots, throttle } = this.#parts;
    if (user === OIDC_USER) return this.#byProvider(password);
    if (isRobotName(user)) return (await robots?.find(password)) === user ? { name: user, groups: [] } : undefined;
    if (users === undefined) return undefined;
    const isRight =
      (await users.recognises(user, password)) ||
      (await throttle.login(address, user, async () => users.verify(user, password)));
    return isRight ? { name: user, groups: [] } : undefined;
  }

  /** By a token: this registry's own, with what it is for, a robot's secret, or a provider's. `undefined` when it is not good. */
  async byToken(token: string): Promise<(Authenticated & Partial<TokenClaims>) | undefined> {
    const { issuer, robots } = this.#parts;
    if (isRobotSecret(token)) {
      const name = await robots?.find(token);
      return name === undefined ? undefined : { name, groups: [] };
    }
    const own = await issuer.verify(token);
    if (own === undefined) return this.#byProvider(token);
    return (await this.#isStill(own)) ? own : undefined;
  }

  /** Whether somebody can log in under this name. */
  async knows(name: string): Promise<boolean> {
    const { users, robots, oidc } = this.#parts;
    if (isRobotName(name)) return (await robots?.has(name)) === true;
    return (await users?.has(name)) === true || oidc?.knows(name) === true;
  }

  /** Whether the user or robot that a token was given to has not been removed meanwhile. */
  async #isStill({ name }: Subject): Promise<boolean> {
    return name === undefined || this.knows(name);
  }

  async #byProvider(token: string): Promise<Authenticated | undefined> {
    try {
      return await this.#parts.oidc?.verify(token);
    } catch (error) {
      if (!isSkillError(error, "REGISTRY_UNREACHABLE")) throw error;
      throw new RegistryRefusal(503, "UNKNOWN", "the identity provider cannot be asked", {
        hint: "Try again later.",
        headers: { "Retry-After": "30" },
        cause: error,
      });
    }
  }
}
