/**
 * Following redirects, as registries send them to where their blobs really lie.
 *
 * A redirect is an order from whoever answered, so it is held to what that one may ask for: no credential goes
 * anywhere but where the caller sent it, nothing leaves TLS, and nobody outside this machine sends us to a service on it.
 */
import { SkillError } from "../../errors.ts";
import { hostAndPort, isLocal, isLoopback } from "./hosts.ts";
import type { HttpHeaders, HttpRequest, HttpResponse, Transport } from "./types.ts";

export interface RedirectPolicy {
  /** Hops to follow. Default: 5. */
  readonly limit?: number;
  /**
   * Throws for a hop that must not be taken; asked after the rules that always hold. Default: from elsewhere, no host of this
   * machine or of its link (loopback, 169.254.0.0/16, fe80::/10, `0.0.0.0`); names are judged as they are, and not looked up.
   */
  readonly check?: (hop: Hop) => void;
}

export interface Hop {
  /** Where the caller wanted to go. */
  readonly first: URL;
  readonly from: URL;
  readonly to: URL;
}

/** A response, and the URL that gave it in the end. */
export interface FollowedResponse extends HttpResponse {
  readonly url: URL;
}

const REDIRECTS = new Set([301, 302, 303, 307, 308]);
/** What must not be shown to another origin. */
const PRIVATE = new Set(["authorization", "cookie", "proxy-authorization"]);

/**
 * Sends `request`, and for GET and HEAD goes on to where redirects lead; for other methods a redirect is the response. The headers
 * `authorization`, `cookie` and `proxy-authorization` are dropped for good where host, port or scheme change. Rejects with
 * `RESPONSE_INVALID` for a redirect that must not be followed, and with what the transport rejects with.
 */
export async function sendFollowing(
  transport: Transport,
  request: HttpRequest,
  { limit = 5, check = refuseLocal }: RedirectPolicy = {},
): Promise<FollowedResponse> {
  const follows = request.method === "GET" || request.method === "HEAD";
  let { url, headers = {} } = request;
  for (let hops = 0; ; hops += 1) {
    const response = await transport.send({ ...request, url, headers });
    if (!follows || !REDIRECTS.has(response.status)) return { ...response, url };
    await response.discard();
    if (hops === limit) throw refusal(url, `more than ${limit} times, the last time`, "it may lead in a circle");
    const to = targetOf(response, url);
    check({ first: request.url, from: url, to });
    if (to.origin !== url.origin) headers = withoutPrivate(headers);
    url = to;
  }
}

function targetOf(response: HttpResponse, from: URL): URL {
  const { location } = response.headers;
  if (location === undefined || !URL.canParse(location, from.href))
    throw refusal(from, "to no place", "its Location is no URL");
  const to = new URL(location, from);
  to.hash = "";
  if (to.protocol !== "https:" && to.protocol !== "http:")
    throw refusal(from, `by ${to.protocol}`, "only http and https are followed");
  if (to.username !== "" || to.password !== "") throw refusal(from, to, "the URL has a user or a password in it");
  if (from.protocol === "https:" && to.protocol === "http:") throw refusal(from, to, "that would leave TLS");
  return to;
}

function refuseLocal({ first, from, to }: Hop): void {
  if (isLocal(to) && !isLoopback(first)) throw refusal(from, to, "that is an address of this machine or its link");
}

function withoutPrivate(headers: HttpHeaders): HttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !PRIVATE.has(name.toLowerCase())));
}

/** Only hosts are shown: the rest of a URL may be signed, and then it is as good as a password. */
function refusal(from: URL, to: URL | string, why: string): SkillError {
  const place = to instanceof URL ? `to ${to.protocol}//${hostAndPort(to)}` : to;
  return new SkillError("RESPONSE_INVALID", `${hostAndPort(from)} redirects ${place}, which is refused: ${why}`, {
    hint: "Tell whoever runs the registry; a proxy before it may give it a wrong idea of its own address.",
  });
}
