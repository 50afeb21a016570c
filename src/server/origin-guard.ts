/**
 * A registry that lets everybody in because only this machine reaches it must not be reached through a browser: a page from
 * elsewhere can send requests to 127.0.0.1, under its own name if it controls that name's address (DNS rebinding).
 */
import type { IncomingMessage } from "node:http";

import { RegistryRefusal } from "../registry/refusal.ts";
import { isLoopback } from "./addresses.ts";

/** Throws a 421 refusal for a request to another host's name, a 403 for one that a page of another origin sends. */
export function guardOrigin({ headers }: IncomingMessage, knownHosts: ReadonlySet<string>): void {
  const host = hostOf(`http://${headers.host ?? "localhost"}`);
  if (host === undefined || (!isLoopback(host) && !knownHosts.has(host))) {
    throw new RegistryRefusal(421, "DENIED", "this registry is for its own machine, under the names of that", {
      hint: "Call it 127.0.0.1 or localhost; or set publicUrl.",
    });
  }
  const { origin } = headers;
  // Another port of this machine is another origin: what is served there may be anybody's.
  if (origin !== undefined && !isSameOrigin(origin, headers.host)) {
    throw new RegistryRefusal(403, "DENIED", "this registry takes no requests from web pages");
  }
}

function isSameOrigin(origin: string, host = ""): boolean {
  if (!URL.canParse(origin)) return false;
  const { protocol, host: from } = new URL(origin);
  const asked = `${protocol}//${host}`;
  return URL.canParse(asked) && new URL(asked).host === from && from !== "";
}

function hostOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).hostname.replace(/^\[|\]$/g, "") : undefined;
}
