/** Puts access together from what a configuration says. */
import type { IncomingMessage } from "node:http";

import { SkillError } from "../../errors.ts";
import { Authenticator } from "./authenticator.ts";
import { checkPublicUrl } from "./challenge.ts";
import { clientAddressBehind } from "./client-address.ts";
import { RegistryAccess } from "./control.ts";
import { ANYONE, GrantTable, USERS, type Grants } from "./grants.ts";
import { Htpasswd } from "./htpasswd.ts";
import type { Fetch } from "./oidc-keys.ts";
import { OidcVerifier, type OidcProvider } from "./oidc.ts";
import { RobotTokens } from "./robots.ts";
import { Throttle, type ThrottleOptions } from "./throttle.ts";
import { TokenIssuer } from "./token-issuer.ts";
import { loadTokenKey } from "./token-key.ts";
import { TokenService } from "./token-service.ts";

/** The section `access` of a configuration. Paths are absolute. */
export interface AccessConfig {
  /** Whether everybody may read without logging in, as far as grants say so. Default: false. */
  readonly anonymousPull?: boolean;
  /** A file of users that `htpasswd -B` writes. Default: there are no users. */
  readonly htpasswd?: string;
  /** The file of robot tokens, which need not be there. Default: there are none. */
  readonly robots?: string;
  /** Identity providers whose tokens are good here. Default: none. */
  readonly oidc?: readonly OidcProvider[];
  /** Default: whoever is of the password file, and every robot, is author and approver everywhere, and everybody a reader. Must be there with `oidc`. */
  readonly grants?: Grants;
  /** The file of the key that signs tokens; it is made when it is not there. */
  readonly tokenKey: string;
  /** Seconds for which a token is good, 60 to 3,600. Default: 300. */
  readonly tokenLifetime?: number;
  /** What clients know this registry as when they ask for tokens. Default: `skillctl-registry`. */
  readonly service?: string;
  /** Where clients reach this registry, when that is not where they ask it: behind a proxy. As in https://registry.example.com. */
  readonly publicUrl?: string;
  /** Proxies before this registry, whose word on where a request comes from counts: addresses or networks. Default: none. */
  readonly trustedProxies?: readonly string[];
  /** How often a client may ask, and be wrong. */
  readonly limits?: ThrottleOptions;
}

export interface AccessOptions {
  readonly now?: () => number;
  /** For the keys of identity providers. */
  readonly fetch?: Fetch;
  /** What was in force before: clients whom it refuses are refused still. */
  readonly before?: Access | undefined;
  /** Told of a changed file that cannot be read; what it said before stays in force. */
  readonly onProblem?: (problem: unknown) => void;
}

/** Access at work. */
export interface Access {
  readonly control: RegistryAccess;
  readonly tokens: TokenService;
  readonly robots: RobotTokens | undefined;
  readonly throttle: Throttle;
  /** Where a request comes from, whatever proxies stand between. */
  readonly clientAddress: (request: IncomingMessage) => string | undefined;
}

/** Everything that files and settings say is checked here: throws `CONFIG_INVALID`. */
export async function createAccess(config: AccessConfig, options: AccessOptions = {}): Promise<Access> {
  const { now = Date.now, fetch = globalThis.fetch, onProblem, before } = options;
  const watch = { now, ...(onProblem && { onProblem }) };
  const { tokenLifetime = 300, service = "skillctl-registry", publicUrl } = config;
  checkSettings(config);
  const users = config.htpasswd === undefined ? undefined : new Htpasswd(config.htpasswd, watch);
  const robots = config.robots === undefined ? undefined : new RobotTokens(config.robots, watch);
  const oidc = config.oidc === undefined ? undefined : new OidcVerifier(config.oidc, { fetch, now });
  const grants = new GrantTable(config.grants ?? DEFAULT_GRANTS, { anonymous: config.anonymousPull === true });
  const throttle = before?.throttle.withLimits(config.limits) ?? new Throttle(config.limits);
  const clientAddress = clientAddressBehind(config.trustedProxies ?? []);
  await Promise.all([users?.load(), robots?.list()]);
  const key = await loadTokenKey(config.tokenKey);
  const issuer = new TokenIssuer({ key, service, lifetime: tokenLifetime, now });
  const authenticator = new Authenticator({ users, robots, oidc, issuer, throttle });
  return {
    control: new RegistryAccess({ authenticator, grants, throttle, service, publicUrl, clientAddress }),
    tokens: new TokenService({ authenticator, grants, issuer, throttle, service, clientAddress }),
    robots,
    throttle,
    clientAddress,
  };
}

const DEFAULT_GRANTS: Grants = { "": { reader: [ANYONE], author: [USERS], approver: [USERS] } };

function checkSettings({ tokenLifetime = 300, service = "", publicUrl, oidc = [], grants }: AccessConfig): void {
  if (oidc.length > 0 && grants === undefined) {
    throw new SkillError(
      "CONFIG_INVALID",
      "there are identity providers, and no grants that say who of them may do what",
      {
        hint: "A public provider vouches for the whole world. Give roles to names, @group:NAME or @provider:NAME.",
      },
    );
  }
  if (!(tokenLifetime >= 60 && tokenLifetime <= 3600)) {
    throw new SkillError("CONFIG_INVALID", `tokens cannot be good for ${tokenLifetime} seconds`, {
      hint: "Choose 60 to 3600.",
    });
  }
  if (!/^[A-Za-z0-9._:/-]{0,255}$/.test(service)) {
    throw new SkillError("CONFIG_INVALID", "the service has characters that do not belong into a header", {
      hint: "Name it as a host, as in registry.example.com.",
    });
  }
  if (publicUrl !== undefined) checkPublicUrl(publicUrl);
}
