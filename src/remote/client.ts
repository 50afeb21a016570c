/**
 * Requests to one registry, with what all of them need: the right origin, an `authorization` header that goes there and
 * nowhere else, redirects, retries where repeating is harmless, and errors that say what was not possible.
 */
import { asContent } from "../content/index.ts";
import { SkillError, throwIfAborted } from "../errors.ts";
import { createAuthorizer } from "./auth/authorizer.ts";
import type { Authorizer, AuthScope } from "./auth/types.ts";
import type { RegistryClient, RegistryRequest, RegistryResponse, RequestEvent } from "./client-types.ts";
import type { Endpoint } from "./config/types.ts";
import type { CredentialSource } from "./credentials/types.ts";
import { isLocal, isLoopback } from "./http/hosts.ts";
import { retrying, sendFollowing, type FollowedResponse, type RetryPolicy, type Transport } from "./http/index.ts";
import { observed } from "./observe.ts";
import { Origin } from "./origin.ts";
import { hasStatus, registryError } from "./registry-error.ts";

export interface RegistryClientOptions {
  readonly endpoint: Pick<Endpoint, "registry" | "scheme">;
  readonly credentials: CredentialSource;
  readonly transport: Transport;
  readonly retry?: RetryPolicy;
  /** Is told of every request that goes out. */
  readonly onRequest?: (event: RequestEvent) => void;
  /** The time in milliseconds; default: the clock. */
  readonly now?: () => number;
}

/** A client for one registry. Nothing is sent before the first request. */
export function createRegistryClient(options: RegistryClientOptions): RegistryClient {
  return new Client(options);
}

/** How often one request is sent again because the registry asked for other credentials. */
const MOST_CHALLENGES = 2;

class Client implements RegistryClient {
  readonly registry: string;
  readonly #options: RegistryClientOptions;
  readonly #transport: Transport;
  readonly #origin: Origin;
  #authorizer: { readonly base: URL; readonly authorizer: Authorizer } | undefined;

  constructor(options: RegistryClientOptions) {
    this.registry = options.endpoint.registry;
    this.#options = options;
    this.#transport = observed(options.transport, options.onRequest);
    this.#origin = new Origin(options.endpoint);
  }

  async request(request: RegistryRequest): Promise<RegistryResponse> {
    throwIfAborted(request.signal);
    let attempts = 0;
    const attempt = async (): Promise<RegistryResponse> => {
      attempts += 1;
      const response = await this.#attempt(request);
      const whole = request.read === undefined ? {} : { body: asContent(await request.read(response)) };
      return { ...response, ...whole, isRepeated: attempts > 1 || response.isRepeated === true };
    };
    if (!isRepeatable(request)) return attempt();
    const { signal } = request;
    const policy = { ...this.#options.retry, ...(signal && { signal }) };
    const isOnce = request.method === "POST" && request.isRepeatable !== true;
    return retrying(attempt, isOnce ? { ...policy, mayPass: wasTurnedAway } : policy);
  }

  async #attempt(request: RegistryRequest): Promise<FollowedResponse> {
    const { base, answer } = await this.#find(request);
    const url = locate(request, base);
    const response = await this.#authorised(request, base, url, answer);
    if (request.expect.includes(response.status)) return response;
    const { registry } = this;
    const { repository, doing } = request;
    const isSecret = (text: string): boolean => this.#authorizer?.authorizer.hasSecret(text) === true;
    throw await registryError(response, { registry, repository, doing, isSecret });
  }

  /** Sends the request until the registry is content with its credentials; `answer` is what it said without any. */
  async #authorised(
    request: RegistryRequest,
    base: URL,
    url: URL,
    answer: FollowedResponse | undefined,
  ): Promise<FollowedResponse> {
    if (url.origin !== base.origin) return this.#send(request, url, undefined);
    const scope = scopeOf(request);
    const options = request.signal === undefined ? {} : { signal: request.signal };
    const authorizer = this.#authorizerFor(base);
    let response = answer;
    let authorization: string | undefined;
    for (let challenges = 0; ; challenges++) {
      if (response === undefined) {
        authorization = await authorizer.header(scope, options);
        response = await this.#send(request, url, authorization);
      }
      if (response.status !== 401 || challenges === MOST_CHALLENGES) return response;
      const about = { ...options, sent: authorization, url: response.url };
      const goOn = await authorizer.challenged(scope, response.headers, about).catch(async (error: unknown) => {
        await response?.discard();
        throw error;
      });
      if (!goOn || isStreamed(request)) return response;
      await response.discard();
      response = undefined;
    }
  }

  /** The registry's origin; if it was not known, perhaps with the answer to this request, sent without credentials. */
  async #find(
    request: RegistryRequest,
  ): Promise<{ readonly base: URL; readonly answer: FollowedResponse | undefined }> {
    const asksItself = request.body === undefined && typeof request.path === "string";
    const ping: RegistryRequest = { method: "GET", path: "", access: "pull", doing: request.doing, expect: [] };
    const asked = asksItself ? request : { ...ping, ...(request.signal && { signal: request.signal }) };
    const probe = async (base: URL): Promise<FollowedResponse> => this.#send(asked, locate(asked, base), undefined);
    const { base, answer } = await this.#origin.find(probe, request.signal);
    if (answer === undefined || asksItself) return { base, answer: answer as FollowedResponse | undefined };
    await answer.discard();
    if (answer.status === 401) {
      const about = { url: answer.url, ...(request.signal && { signal: request.signal }) };
      await this.#authorizerFor(base).challenged(scopeOf(request), answer.headers, about);
    }
    return { base, answer: undefined };
  }

  async #send(request: RegistryRequest, url: URL, authorization: string | undefined): Promise<FollowedResponse> {
    const { method, body, signal } = request;
    const headers = { ...request.headers, ...(authorization === undefined ? {} : { authorization }) };
    const sent = { method, url, headers, ...(body && { body }), ...(signal && { signal }) };
    if (method === "GET" || method === "HEAD") return sendFollowing(this.#transport, sent);
    return { ...(await this.#transport.send(sent)), url };
  }

  #authorizerFor(base: URL): Authorizer {
    if (this.#authorizer?.base === base) return this.#authorizer.authorizer;
    const { credentials, endpoint, now } = this.#options;
    const authorizer = createAuthorizer({
      registry: this.registry,
      origin: base,
      credentials,
      repositoryPrefix: this.registry,
      transport: this.#transport,
      allowHttpRealm: base.protocol === "http:" || endpoint.scheme === "either",
      ...(now && { now }),
    });
    this.#authorizer = { base, authorizer };
    return authorizer;
  }
}

/** What a request's token must allow. */
function scopeOf({ repository, access, mountFrom }: RegistryRequest): AuthScope {
  return { repository, access, ...(mountFrom === undefined ? {} : { mountFrom }) };
}

/**
 * Where a request goes. A URL that the registry gave may be on another host; it must not be a step down from https, or
 * carry credentials of its own.
 */
function locate({ path, query = {}, doing }: RegistryRequest, base: URL): URL {
  if (typeof path === "string") {
    const search = new URLSearchParams(query).toString();
    return new URL(`/v2/${path}${search === "" ? "" : `?${search}`}`, base);
  }
  const problem = problemWith(path, base);
  if (problem === undefined) return path;
  throw new SkillError("RESPONSE_INVALID", `cannot ${doing}: ${base.host} sends us to ${path.host}, ${problem}`, {
    hint: "Tell whoever runs the registry; a proxy before it may give it a wrong idea of its own address.",
  });
}

function problemWith(url: URL, base: URL): string | undefined {
  const { protocol } = url;
  if (protocol !== "https:" && (protocol !== "http:" || base.protocol === "https:")) return "which is not https";
  if (url.username !== "" || url.password !== "") return "with a user or a password in the URL";
  if (isLocal(url) && !isLoopback(base)) return "an address of this machine or its link";
  return undefined;
}

function isStreamed({ body }: RegistryRequest): boolean {
  return body !== undefined && !(body instanceof Uint8Array);
}

/** A PATCH appends, so it must not be repeated. */
function isRepeatable(request: RegistryRequest): boolean {
  return request.method !== "PATCH" && !isStreamed(request);
}

/** A POST begins an upload each time that it is taken, so it is repeated only where the registry says that it took none: RFC 6585. */
function wasTurnedAway(error: unknown): boolean {
  return hasStatus(error, 429);
}
