/** All that a server answers: the registry's API, tokens, and what its operators ask. */
import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";

import { answerTokenRequest } from "../registry/access/index.ts";
import {
  endWithConnection,
  errorBody,
  refusalOf,
  refuseOneTooMany,
  type ExchangeReport,
} from "../registry/http/index.ts";
import { RegistryRefusal } from "../registry/refusal.ts";
import { isLoopback } from "./addresses.ts";
import type { Log } from "./log.ts";
import { guardOrigin } from "./origin-guard.ts";
import type { ServerParts } from "./parts.ts";
import { traced } from "./tracing.ts";

export interface RouterOptions {
  readonly parts: ServerParts;
  readonly log: Log;
  /** Whether each request is logged. */
  readonly logRequests: boolean;
  /** Whether everybody may read the metrics; else only this machine. */
  readonly publicMetrics: boolean;
  /** Set where nobody logs in and only this machine is meant to ask: names that it is called by beside its own. */
  readonly guardedHosts: ReadonlySet<string> | undefined;
  readonly isReady: () => Promise<boolean>;
  readonly now: () => number;
}

/** Milliseconds. */
const ANSWER_WITHIN = 30_000;

export type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** A request's target without the host, which clients may name in it. RFC 9112 section 3.2.2. */
function originForm(target: string): string {
  const rest = target.replace(/^https?:\/\/[^/?#]*/i, "");
  return rest.startsWith("/") ? rest : `/${rest}`;
}

/** The handler of a server. It never rejects. */
export function createRouter(options: RouterOptions): Handler {
  return async (request, response) => {
    const address = addressOf(options.parts, request);
    request.url = originForm(request.url ?? "/");
    const path = request.url.split("?", 1)[0] ?? "/";
    try {
      requireOneHost(request);
      const { guardedHosts } = options;
      if (guardedHosts !== undefined) guardOrigin(request, guardedHosts);
      if (path.startsWith("/v2")) return await answerRegistry(options, request, response, address);
      endWithConnection(request, response);
      // A password that is looked at lets what comes after it wait.
      refuseOneTooMany(request);
      await withinTime(request, response, async () => answerOther(options, path, request, response));
    } catch (error) {
      try {
        answerError(options, request, response, { error, address });
      } catch (err) {
        // Whatever this was, it concerns one connection, and not the server.
        options.log.error({ err }, "an error could not be answered");
        response.destroy();
      }
    }
  };
}

async function answerRegistry(
  { parts, log, logRequests }: RouterOptions,
  request: IncomingMessage,
  response: ServerResponse,
  address: string | undefined,
): Promise<void> {
  const report = await traced(request, async () => parts.registry.handle(request, response));
  parts.metrics.exchange(report);
  if (logRequests) log.info({ ...logged(report), address }, "request");
}

async function answerOther(
  { parts, publicMetrics, isReady }: RouterOptions,
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (path === "/token" && parts.access !== undefined) {
    await answerTokenRequest(parts.access.tokens, request, response);
    return;
  }
  if (request.method !== "GET" && request.method !== "HEAD") throw notHere();
  switch (path) {
    case "/healthz":
      return answerText(response, 200, "ok\n");
    case "/readyz":
      return (await isReady()) ? answerText(response, 200, "ready\n") : answerText(response, 503, "not ready\n");
    case "/metrics": {
      if (!publicMetrics && !isLocal(request)) throw notHere();
      const { body, contentType } = await parts.metrics.text();
      return answerText(response, 200, body, contentType);
    }
    default:
      throw notHere();
  }
}

/** Nothing but the registry's API takes long: who sends a form byte by byte loses the connection. */
async function withinTime(
  request: IncomingMessage,
  response: ServerResponse,
  answer: () => Promise<void>,
): Promise<void> {
  // Kept, as a request that was destroyed has none any more.
  const { socket } = request;
  const timer = setTimeout(() => socket.destroy(), ANSWER_WITHIN);
  response.once("close", () => clearTimeout(timer));
  await answer();
}

/** Of two `Host` headers, who stands before this server may believe the other one. RFC 9112 section 3.2. */
function requireOneHost({ rawHeaders }: IncomingMessage): void {
  const hosts = rawHeaders.filter((name, at) => at % 2 === 0 && name.toLowerCase() === "host");
  if (hosts.length > 1) throw new RegistryRefusal(400, "UNSUPPORTED", "the request names two hosts");
}

/** The client's, also behind a proxy that is trusted. */
function addressOf({ access }: ServerParts, request: IncomingMessage): string | undefined {
  return access === undefined ? request.socket.remoteAddress : access.clientAddress(request);
}

/** Asked by this machine itself, and not by a proxy on it that asks for somebody else. */
function isLocal({ socket, headers }: IncomingMessage): boolean {
  const isForwarded = headers["x-forwarded-for"] !== undefined || headers["forwarded"] !== undefined;
  return !isForwarded && isLoopback(socket.remoteAddress ?? "");
}

function answerText(
  response: ServerResponse,
  status: number,
  body: string,
  contentType = "text/plain; charset=utf-8",
): void {
  response
    .writeHead(status, {
      "Content-Type": contentType,
      "Content-Length": Buffer.byteLength(body),
      "Cache-Control": "no-store",
      "X-Content-Type-Options": "nosniff",
    })
    .end(body);
}

function answerError(
  { parts, log, now }: RouterOptions,
  request: IncomingMessage,
  response: ServerResponse,
  { error, address }: { readonly error: unknown; readonly address: string | undefined },
): void {
  const requestId = randomUUID();
  const refusal = refusalOf(error, requestId);
  const { status, ociCode: code, message } = refusal;
  const isGone = request.destroyed && !request.complete;
  if (status >= 500 && !isGone) log.error({ requestId, err: error }, "a request failed");
  if ([401, 403, 421, 429].includes(status)) {
    const entry = { action: "authenticate", actor: undefined, repository: undefined, outcome: "refused" } as const;
    void parts.audit?.record({ time: now(), requestId, address, ...entry, status, code, message });
  }
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const body = errorBody(refusal);
  response
    .writeHead(status, {
      "Content-Type": "application/json",
      "Content-Length": Buffer.byteLength(body),
      "X-Request-Id": requestId,
      ...(request.complete ? {} : { Connection: "close" }),
      ...refusal.headers,
    })
    .end(body);
}

function notHere(): RegistryRefusal {
  return new RegistryRefusal(404, "UNSUPPORTED", "this registry has no such address");
}

/** What the log says of an exchange. */
function logged({ refusal, failure, duration, ...facts }: ExchangeReport): object {
  return {
    ...facts,
    duration: Math.round(duration * 100) / 100,
    ...(refusal === undefined ? {} : { code: refusal.ociCode, refusal: refusal.message }),
    ...(failure === undefined ? {} : { failed: true }),
  };
}
