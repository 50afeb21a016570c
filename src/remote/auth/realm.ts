/**
 * Where tokens may be fetched, and who may see credentials there.
 *
 * A challenge is text from the network, and the realm in it is where a password would be sent. So a realm is https, unless
 * the registry itself may be spoken to without, and credentials go there only when it belongs to the registry's own site.
 */
import { SkillError } from "../../errors.ts";
import { quote } from "../../text/index.ts";
import { hostOf, isAddress, isLocal, isLoopback } from "../http/hosts.ts";

export interface RealmRules {
  /** The registry's name, for messages. */
  readonly registry: string;
  readonly origin: URL;
  readonly allowHttpRealm: boolean;
  /** Hosts, with their port where it is not the usual one, that may see this registry's credentials. */
  readonly trustedRealms?: readonly string[];
}

/** Realms that are known to serve registries of another domain: the end of the registry's host, and the realm's host. */
const KNOWN_REALMS: readonly (readonly [registry: string, realm: string])[] = [[".scw.cloud", "api.scaleway.com"]];

/** Labels under which countries' registries sell names: `co.uk`, `com.br`. */
const SECOND_LEVEL = new Set(["ac", "co", "com", "edu", "gob", "gouv", "gov", "govt", "mil", "ne", "net", "or", "org"]);

/** Domains below which every name belongs to somebody else. */
const SHARED_DOMAINS = new Set([
  "amazonaws.com",
  "azurecontainerapps.io",
  "azurewebsites.net",
  "cloudfront.net",
  "cluster.local",
  "fly.dev",
  "github.io",
  "herokuapp.com",
  "nip.io",
  "onrender.com",
  "pages.dev",
  "run.app",
  "sslip.io",
  "vercel.app",
  "workers.dev",
]);

/**
 * Reads a realm. Throws `RESPONSE_INVALID` for one that is no URL, is not https where it must be, bears a user or password,
 * or leads a registry elsewhere to this very machine or to what only this machine can reach.
 */
export function readRealm(text: string | undefined, rules: RealmRules): URL {
  const refuse = (what: string, hint?: string): never => {
    const message = `${rules.registry} sends for a token to ${quote(text ?? "")}, ${what}`;
    throw new SkillError("RESPONSE_INVALID", message, hint === undefined ? {} : { hint });
  };
  if (text === undefined) return refuseNothing(rules);
  if (!URL.canParse(text)) return refuse("which is not a URL");
  const realm = new URL(text);
  if (realm.username !== "" || realm.password !== "") return refuseSecret(rules);
  if (realm.protocol !== "https:" && realm.protocol !== "http:") return refuse("which is not https");
  if (realm.protocol === "http:" && !rules.allowHttpRealm) {
    return refuse("which is not encrypted", "Only a registry that is configured as insecure may do so.");
  }
  const isTrusted = rules.trustedRealms?.includes(realm.host) ?? false;
  if (isLocal(realm) && !isLocal(rules.origin) && !isTrusted) return refuse("which is not a place of the network");
  realm.hash = "";
  return realm;
}

/** Throws `REGISTRY_UNAUTHORIZED` when the realm may not see the registry's credentials. */
export function checkRealmForCredentials(realm: URL, { registry, origin, trustedRealms = [] }: RealmRules): void {
  const { hostname } = origin;
  if (isSameSite(origin, realm) || trustedRealms.includes(realm.host)) return;
  if (KNOWN_REALMS.some(([end, host]) => hostname.endsWith(end) && realm.hostname === host)) return;
  throw new SkillError(
    "REGISTRY_UNAUTHORIZED",
    `${registry} wants its credentials to be sent to ${realm.host}, which is not part of ${hostname}`,
    { hint: `Nothing was sent. If ${realm.host} is the token server of ${registry}, name it as a trusted realm.` },
  );
}

/**
 * Whether two hosts belong to one owner, whatever their ports: equal ones, or names below one registered domain. Addresses
 * and names of a single label are equal only to themselves, but for those of this machine.
 */
export function isSameSite(a: URL, b: URL): boolean {
  if (a.hostname === b.hostname) return true;
  if (isLoopback(a) && isLoopback(b)) return true;
  const site = registeredDomain(a);
  return site !== undefined && site === registeredDomain(b);
}

function registeredDomain(url: URL): string | undefined {
  const host = hostOf(url);
  if (isAddress(host)) return undefined;
  const labels = host.split(".");
  const [second = "", top = ""] = labels.slice(-2);
  const isSuffix = (SECOND_LEVEL.has(second) && top.length === 2) || SHARED_DOMAINS.has(`${second}.${top}`);
  const length = isSuffix ? 3 : 2;
  return labels.length < length ? undefined : labels.slice(-length).join(".");
}

/** Without citing the realm: what it bears may be somebody's password. */
function refuseSecret({ registry }: RealmRules): never {
  throw new SkillError("RESPONSE_INVALID", `${registry} sends for a token to a URL that bears a user or password`);
}

function refuseNothing({ registry }: RealmRules): never {
  throw new SkillError("RESPONSE_INVALID", `${registry} asks for a token and does not say where there are any`);
}
