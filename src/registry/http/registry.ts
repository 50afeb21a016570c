/** The registry as a handler of requests: who asks, what for, may they, and the answer, whatever happens. */
import type { IncomingMessage, ServerResponse } from "node:http";

import { isSkillError } from "../../errors.ts";
import type { Action } from "../hooks.ts";
import { RegistryRefusal } from "../refusal.ts";
import { CLIENT_GONE, errorBody, refusalOf, unheard } from "./answer-errors.ts";
import { answerBase } from "./base.ts";
import { answerBlob } from "./blobs.ts";
import { drain } from "./body.ts";
import { answerCatalog } from "./catalog.ts";
import { Desk } from "./desk.ts";
import { Exchange } from "./exchange.ts";
import { answerManifest } from "./manifests.ts";
import type { RegistryOptions } from "./options.ts";
import { answerReferrers } from "./referrers.ts";
import { parseRoute, type Route, type RouteKind } from "./route.ts";
import { answerTags } from "./tags.ts";
import { taken } from "./taken.ts";
import { answerUpload, answerUploads } from "./uploads.ts";
import { refuseOneTooMany, turnOf } from "./waiting-answers.ts";

/** What an exchange came to, for logs and metrics. Nothing secret. */
export interface ExchangeReport {
  readonly requestId: string;
  readonly method: string;
  /** Which part of the API; `undefined` for paths outside it. */
  readonly route: RouteKind | undefined;
  readonly repository: string | undefined;
  /** The tag, digest or upload that the path names. */
  readonly reference: string | undefined;
  /** Who asked; `undefined`: anonymous. */
  readonly actor: string | undefined;
  /** The answer's; 499 when the client was gone before it. */
  readonly status: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Milliseconds. */
  readonly duration: number;
  /** What was refused, and why. */
  readonly refusal: RegistryRefusal | undefined;
  /** What failed in us, also when the client heard nothing of it because its answer had begun. */
  readonly failure: unknown;
}

export interface Registry {
  /**
   * Answers a request whose path begins with `/v2`; others get a 404. Never rejects: resolves, when the answer is out, to
   * what it was.
   */
  handle(request: IncomingMessage, response: ServerResponse): Promise<ExchangeReport>;
  /** Uploads that are under way in all, as they were within the last minute. Rejects when the storage cannot be asked. */
  openUploads(): Promise<number>;
}

/** A registry over a storage, as OCI distribution-spec 1.1 wants it. */
export function createRegistry(options: RegistryOptions): Registry {
  const desk = new Desk(options);
  return {
    handle: async (request, response) => handle(desk, request, response),
    openUploads: async () => desk.census.shown(),
  };
}

async function handle(desk: Desk, request: IncomingMessage, response: ServerResponse): Promise<ExchangeReport> {
  const started = performance.now();
  const { clientAddress = connectionAddress } = desk.options;
  const exchange = new Exchange(request, response, clientAddress);
  let route: Route | undefined;
  let refusal: RegistryRefusal | undefined;
  let failure: unknown;
  try {
    route = parseRoute(exchange.path, exchange.method);
    if (route === undefined) throw new RegistryRefusal(404, "UNSUPPORTED", "this registry has no such address");
    refuseOneTooMany(request);
    exchange.identity = await desk.access.identify(request);
    await authorize(desk, exchange, route);
    // An answer that is made before its turn stays in memory until its client has taken all that comes before it.
    await turnOf(response, exchange.signal);
    await answer(desk, exchange, route);
  } catch (error) {
    refusal = refusalOf(error, exchange.requestId);
    if (isOurs(refusal) && !isGone(exchange, error)) failure = error;
    else if (refusal.status === 500 && hasLeft(exchange)) refusal = unheard(error);
    await desk.recordRefusal(exchange, route, actionOf(exchange, route), refusal);
    await refuse(exchange, refusal, failure);
  }
  await taken(response, desk.limits);
  if (failure !== undefined)
    desk.options.log?.({ message: "a request failed", requestId: exchange.requestId, error: failure });
  return {
    requestId: exchange.requestId,
    method: exchange.method,
    route: route?.kind,
    repository: repositoryOf(route),
    reference: referenceOf(route),
    actor: exchange.identity.name,
    status: response.headersSent ? response.statusCode : CLIENT_GONE,
    bytesIn: exchange.bytes.in,
    bytesOut: exchange.bytes.out,
    duration: performance.now() - started,
    refusal,
    failure,
  };
}

function connectionAddress({ socket }: IncomingMessage): string | undefined {
  return socket.remoteAddress;
}

async function authorize(desk: Desk, exchange: Exchange, route: Route): Promise<void> {
  const repository = repositoryOf(route);
  const action = actionOf(exchange, route);
  await desk.access.authorize(exchange.identity, { repository, action, headers: exchange.headers });
}

async function answer(desk: Desk, exchange: Exchange, route: Route): Promise<void> {
  switch (route.kind) {
    case "base":
      return answerBase(exchange);
    case "catalog":
      return answerCatalog(desk, exchange);
    case "blob":
      return answerBlob(desk, exchange, route);
    case "uploads":
      return answerUploads(desk, exchange, route);
    case "upload":
      return answerUpload(desk, exchange, route);
    case "manifest":
      return answerManifest(desk, exchange, route);
    case "tags":
      return answerTags(desk, exchange, route);
    case "referrers":
      return answerReferrers(desk, exchange, route);
  }
}

/** What a request does, by its method; an upload is a push from its beginning to its end, also when it is given up. */
function actionOf({ method }: Exchange, route: Route | undefined): Action {
  if (route?.kind === "upload" || route?.kind === "uploads") return "push";
  if (method === "GET" || method === "HEAD") return "pull";
  return method === "DELETE" ? "delete" : "push";
}

/** Answers with an error, if there is still somebody to answer. */
async function refuse(exchange: Exchange, refusal: RegistryRefusal, failure: unknown): Promise<void> {
  const { request, response } = exchange;
  if (response.headersSent || response.destroyed) {
    // What has been sent is not the whole answer, and must not look like it.
    if (failure !== undefined || !response.writableEnded) response.destroy();
    return;
  }
  const isEmptied = await drain(request);
  if (response.destroyed) return;
  exchange.send(refusal.status, errorBody(refusal), {
    "Content-Type": "application/json",
    ...(isEmptied ? {} : { Connection: "close" }),
    ...refusal.headers,
  });
}

/** Whoever asked can do nothing about it, or not know that it is damage. */
function isOurs({ status, cause }: RegistryRefusal): boolean {
  return status >= 500 || isSkillError(cause, "STORE_CORRUPT");
}

/** Whether an error is nothing but the end of a connection that the client has given up. */
function isGone(exchange: Exchange, error: unknown): boolean {
  return isSkillError(error, "ABORTED") || hasLeft(exchange);
}

/** Whether nobody is there any more to hear an answer. What was being read or written may tell so before the connection does. */
function hasLeft({ request, response, signal }: Exchange): boolean {
  if (signal.aborted) return true;
  return (request.destroyed && !request.complete) || (response.destroyed && !response.writableFinished);
}

export function repositoryOf(route: Route | undefined): string | undefined {
  return route !== undefined && "repository" in route ? route.repository : undefined;
}

/** The tag, digest or upload that a route names. */
export function referenceOf(route: Route | undefined): string | undefined {
  switch (route?.kind) {
    case "manifest":
      return route.reference.tag ?? route.reference.digest;
    case "blob":
    case "referrers":
      return route.digest;
    case "upload":
      return route.id;
    default:
      return undefined;
  }
}
