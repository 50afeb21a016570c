/**
 * One bearer token from a token server.
 *
 * Nothing of what a server answers is cited in an error: it saw a password a moment ago and may say it again.
 * Implements distribution "Token Authentication Specification" (GET) and "OAuth2 Token Authentication" (POST).
 */
import { isSkillError, SkillError } from "../../errors.ts";
import { parseStrictJson } from "../../oci/index.ts";
import type { Credential } from "../credentials/types.ts";
import { readBounded } from "../http/body.ts";
import type { HttpRequest, HttpResponse, Transport } from "../http/types.ts";
import { basicHeader } from "./basic.ts";
import { plainScopes, type Scopes } from "./scopes.ts";

const MAX_REPLY = 1024 * 1024;
/** What a token lives when its server does not say, in seconds. */
const DEFAULT_LIFETIME = 60;
const CLIENT_ID = "skillimage";
const TOKEN = /^[\x21-\x7e]+$/;

export interface TokenRequest {
  /** The registry's name, for messages. */
  readonly registry: string;
  readonly realm: URL;
  readonly service: string | undefined;
  readonly scopes: Scopes;
  /** `undefined`: the token is asked for in nobody's name. */
  readonly credential: Exclude<Credential, { kind: "registry-token" }> | undefined;
  /** An OAuth2 refresh token that this server gave for this credential before; it spares sending the password. */
  readonly refreshToken?: string | undefined;
}

export interface Token {
  readonly value: string;
  /** In milliseconds, from when it was asked for. */
  readonly lifetime: number;
  readonly refreshToken: string | undefined;
  /** Whether the server has had enough of the refresh token that it was sent. Default: false. */
  readonly isRefreshOver?: boolean;
}

/**
 * Fetches a token. Throws `REGISTRY_UNAUTHORIZED` when the server refuses the credentials (`refused` says so in the caller's
 * words), `REGISTRY_RATE_LIMITED`, `REGISTRY_ERROR`, `RESPONSE_INVALID` for a redirect and for what is no token, and what
 * the transport throws.
 */
export async function fetchToken(
  transport: Transport,
  request: TokenRequest,
  options: { readonly signal?: AbortSignal; readonly refused: (cause: SkillError) => SkillError },
): Promise<Token> {
  const plain = plainScopes(request.scopes);
  try {
    return await exchange(transport, request, options.signal);
  } catch (error) {
    if (!(error instanceof TokenRefused)) throw error;
    const isTooMuch = error.status === 400 && !plain.includes(request.scopes);
    if (!isTooMuch) throw error.isDenial ? options.refused(error) : error;
  }
  return exchange(transport, { ...request, scopes: plain }, options.signal).catch((error: unknown) => {
    throw error instanceof TokenRefused && error.isDenial ? options.refused(error) : error;
  });
}

async function exchange(transport: Transport, request: TokenRequest, signal: AbortSignal | undefined): Promise<Token> {
  const { credential } = request;
  let isRefreshOver = false;
  const refreshToken = request.refreshToken ?? (credential?.kind === "identity-token" ? credential.token : undefined);
  if (refreshToken !== undefined) {
    const response = await send(transport, oauth2(request, refreshToken), signal);
    // A server without OAuth2, or one that has had enough of a token that it gave, is asked in the other way.
    isRefreshOver = credential?.kind === "basic" && [400, 401].includes(response.status);
    if (![404, 405].includes(response.status) && !isRefreshOver) return readToken(request, response);
    await response.discard();
  }
  return { ...(await readToken(request, await send(transport, simple(request), signal))), isRefreshOver };
}

function simple({ realm, service, scopes, credential }: TokenRequest): HttpRequest {
  const url = new URL(realm);
  if (service !== undefined) url.searchParams.set("service", service);
  for (const scope of scopes.texts) url.searchParams.append("scope", scope);
  if (credential === undefined) return { method: "GET", url };
  const basic =
    credential.kind === "basic" ? credential : ({ kind: "basic", username: "", password: credential.token } as const);
  if (basic.username !== "") url.searchParams.set("account", basic.username);
  url.searchParams.set("client_id", CLIENT_ID);
  return { method: "GET", url, headers: { authorization: basicHeader(basic) } };
}

function oauth2({ realm, service, scopes }: TokenRequest, refreshToken: string): HttpRequest {
  const form = new URLSearchParams({
    grant_type: "refresh_token",
    service: service ?? "",
    client_id: CLIENT_ID,
    scope: scopes.texts.join(" "),
    refresh_token: refreshToken,
  });
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  return { method: "POST", url: realm, headers, body: Buffer.from(form.toString()) };
}

async function send(
  transport: Transport,
  request: HttpRequest,
  signal: AbortSignal | undefined,
): Promise<HttpResponse> {
  const headers = { accept: "application/json", ...request.headers };
  return transport.send({ ...request, headers, ...(signal === undefined ? {} : { signal }) });
}

async function readToken(request: TokenRequest, response: HttpResponse): Promise<Token> {
  if (response.status !== 200) {
    await response.discard();
    throw failure(request, response);
  }
  const reply = await readReply(request, response);
  // An empty one is none: servers written in Go send the field whether they use it or not.
  const value = reply["token"] || reply["access_token"];
  if (typeof value !== "string" || !TOKEN.test(value)) throw invalid(request, "its answer holds no token");
  const { expires_in: lifetime, refresh_token: refreshToken } = reply;
  const seconds = Number(lifetime ?? DEFAULT_LIFETIME);
  return {
    value,
    lifetime: (seconds > 0 && Number.isFinite(seconds) ? seconds : DEFAULT_LIFETIME) * 1000,
    refreshToken: typeof refreshToken === "string" && refreshToken !== "" ? refreshToken : undefined,
  };
}

async function readReply(request: TokenRequest, response: HttpResponse): Promise<Readonly<Record<string, unknown>>> {
  const bytes = await readBounded(response, MAX_REPLY, () => invalid(request, `its answer is over ${MAX_REPLY} bytes`));
  let reply: unknown;
  try {
    reply = parseStrictJson(bytes);
  } catch (error) {
    // The cause would cite a piece of the answer.
    if (isSkillError(error, "JSON_INVALID")) throw invalid(request, "its answer is not JSON");
    throw error;
  }
  if (typeof reply === "object" && reply !== null && !Array.isArray(reply)) return reply as Record<string, unknown>;
  throw invalid(request, "its answer is not a JSON object");
}

/** The server answered, and not with a token. */
class TokenRefused extends SkillError {
  readonly status: number;
  /** As it came: whoever repeats the request waits as long. */
  readonly retryAfter: string | undefined;

  constructor(
    code: "REGISTRY_UNAUTHORIZED" | "REGISTRY_RATE_LIMITED" | "REGISTRY_ERROR",
    message: string,
    { status, retryAfter, hint }: { readonly status: number; readonly retryAfter: string | undefined; hint?: string },
  ) {
    super(code, message, hint === undefined ? {} : { hint });
    this.status = status;
    this.retryAfter = retryAfter;
  }

  /** Whether it is about who asks. RFC 6749, section 5.2, says 400 of a refresh token that is not valid. */
  get isDenial(): boolean {
    return this.code === "REGISTRY_UNAUTHORIZED";
  }
}

function failure(request: TokenRequest, { status, headers }: HttpResponse): SkillError {
  const server = serverOf(request);
  if (status >= 300 && status < 400)
    return invalid(request, `it redirects (${status}), which token requests do not follow`);
  if (status === 429) {
    const wait = headers["retry-after"];
    const hint = wait !== undefined && /^\d{1,9}$/.test(wait) ? `Try again in ${wait} seconds.` : "Try again later.";
    const message = `${server} asks to be called less often`;
    return new TokenRefused("REGISTRY_RATE_LIMITED", message, { status, retryAfter: wait, hint });
  }
  const isDenied = status === 401 || status === 403 || (status === 400 && request.credential !== undefined);
  return new TokenRefused(
    isDenied ? "REGISTRY_UNAUTHORIZED" : "REGISTRY_ERROR",
    `${server} gives no token: it answered ${status}`,
    { status, retryAfter: headers["retry-after"] },
  );
}

function invalid(request: TokenRequest, what: string): SkillError {
  return new SkillError("RESPONSE_INVALID", `${serverOf(request)} gives no token: ${what}`, {
    hint: `Check that ${request.registry} is a registry; tell its operator what its token server answers.`,
  });
}

function serverOf({ registry, realm }: TokenRequest): string {
  return realm.host === registry
    ? `the token server of ${registry}`
    : `${realm.host}, the token server of ${registry},`;
}
