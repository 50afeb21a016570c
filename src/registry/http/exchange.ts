/** One request and its answer: who asks, what was said, what went over. */
import { randomUUID } from "node:crypto";
import type { IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders, ServerResponse } from "node:http";

import type { Identity } from "../hooks.ts";
import { RegistryRefusal } from "../refusal.ts";
import { endWithConnection } from "./waiting-answers.ts";

const API_VERSION = { "Docker-Distribution-Api-Version": "registry/2.0", "X-Content-Type-Options": "nosniff" };
/** What we take over from a client or a proxy as the id of a request: it stands in logs. */
const REQUEST_ID = /^[A-Za-z0-9._:-]{1,64}$/;

const ANONYMOUS: Identity = { name: undefined, roles: () => new Set() };

export class Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Also what the answer says in `X-Request-Id`. */
  readonly requestId: string;
  readonly path: string;
  readonly query: URLSearchParams;
  /** The client's, as it was when the request came. */
  readonly address: string | undefined;
  /** Known once access has looked. */
  identity: Identity = ANONYMOUS;
  /** Bytes of body that came in and went out. */
  readonly bytes = { in: 0, out: 0 };
  readonly #cancel = new AbortController();

  constructor(
    request: IncomingMessage,
    response: ServerResponse,
    clientAddress: (request: IncomingMessage) => string | undefined,
  ) {
    this.address = clientAddress(request);
    this.request = request;
    this.response = response;
    const given = request.headers["x-request-id"];
    this.requestId = typeof given === "string" && REQUEST_ID.test(given) ? given : randomUUID();
    const url = request.url ?? "/";
    const mark = url.indexOf("?");
    this.path = mark < 0 ? url : url.slice(0, mark);
    this.query = mark < 0 ? NO_QUERY : new URLSearchParams(url.slice(mark + 1));
    endWithConnection(request, response);
    response.once("close", () => {
      if (!response.writableFinished) this.#cancel.abort(new Error("the client is gone"));
    });
  }

  get method(): string {
    return this.request.method ?? "GET";
  }

  get headers(): IncomingHttpHeaders {
    return this.request.headers;
  }

  /** Fires when the client is gone before it has its answer. */
  get signal(): AbortSignal {
    return this.#cancel.signal;
  }

  /** Begins the answer. */
  head(status: number, headers: OutgoingHttpHeaders = {}): void {
    this.response.writeHead(status, { ...API_VERSION, "X-Request-Id": this.requestId, ...headers });
  }

  /** Answers without a body. */
  empty(status: number, headers: OutgoingHttpHeaders = {}): void {
    const hasLength = status !== 204 && status !== 304;
    this.head(status, hasLength ? { "Content-Length": 0, ...headers } : headers);
    this.response.end();
  }

  /** Answers with a body that is in memory; to HEAD with its headers alone. */
  send(status: number, body: string | Uint8Array, headers: OutgoingHttpHeaders): void {
    const length = Buffer.byteLength(body);
    this.head(status, { ...headers, "Content-Length": length });
    if (this.method === "HEAD") {
      this.response.end();
      return;
    }
    this.bytes.out += length;
    this.response.end(body);
  }

  json(status: number, value: unknown, headers: OutgoingHttpHeaders = {}): void {
    this.send(status, JSON.stringify(value), { "Content-Type": "application/json", ...headers });
  }
}

const NO_QUERY = new URLSearchParams();

/** Throws a 405 refusal that says which methods there are. */
export function refuseMethod(exchange: Exchange, ...allowed: readonly string[]): never {
  throw new RegistryRefusal(405, "UNSUPPORTED", `there is no ${exchange.method} of this`, {
    headers: { Allow: allowed.join(", ") },
  });
}
