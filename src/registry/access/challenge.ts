/** Tells a client how to log in: at the registry's token endpoint. RFC 6750; distribution project, "Token Authentication". */
import { SkillError } from "../../errors.ts";
import type { Action } from "../hooks.ts";
import { RegistryRefusal } from "../refusal.ts";
import { formatScope } from "./scopes.ts";

/** Where clients get tokens, and from whom. */
export interface TokenPlace {
  readonly realm: string;
  readonly service: string;
}

const HOST = /^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?$/;

/**
 * The address of the token endpoint as a client sees it: below `publicUrl` if that is known, else at the host that the client
 * asked. What a client writes into `host` comes back to that client only; what is no host never does.
 */
export function realmFor(host: string | undefined, isEncrypted: boolean, publicUrl: string | undefined): string {
  if (publicUrl !== undefined) return `${publicUrl.replace(/\/+$/, "")}/token`;
  const name = host !== undefined && HOST.test(host) ? host : "localhost";
  return `${isEncrypted ? "https" : "http"}://${name}/token`;
}

/** Throws `CONFIG_INVALID` unless it can be a public URL: one that stands in a header. */
export function checkPublicUrl(url: string): void {
  if (URL.canParse(url) && /^https?:\/\/[A-Za-z0-9.:[\]/_-]+$/.test(url)) return;
  throw new SkillError("CONFIG_INVALID", "the public URL is not a URL of http or https", {
    hint: "Write the public URL as clients do, as in https://registry.example.com.",
  });
}

/** Wanted: credentials, or better ones. */
export function unauthorized(
  { realm, service }: TokenPlace,
  message: string,
  wanted: { readonly scope?: string; readonly error?: "invalid_token" | "insufficient_scope" } = {},
): RegistryRefusal {
  const parts = Object.entries({ realm, service, ...wanted }).map(([key, value]) => `${key}="${value}"`);
  return new RegistryRefusal(401, "UNAUTHORIZED", message, {
    hint: `Log in, for example with skillctl login or docker login.`,
    headers: { "WWW-Authenticate": `Bearer ${parts.join(",")}` },
  });
}

/** What must be asked for to do this; nothing where no repository is concerned. */
export function scopeFor(repository: string | undefined, action: Action): { readonly scope?: string } {
  return repository === undefined ? {} : { scope: formatScope(repository, action) };
}
