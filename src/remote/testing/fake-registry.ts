/**
 * A registry on loopback, in memory, for tests: OCI distribution-spec 1.1 as the specification has it, with knobs for what
 * registries leave out and for what goes wrong on the way.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";

import { Doorkeeper } from "./fake-auth.ts";
import { beginUpload, blobs, uploads } from "./fake-blobs.ts";
import { FakeContent } from "./fake-content.ts";
import { Exchange, type LoggedRequest } from "./fake-exchange.ts";
import { Faults, type Fault } from "./fake-faults.ts";
import { manifests, pageOf, referrers } from "./fake-manifests.ts";
import type { FakeRegistryOptions } from "./fake-options.ts";

const ROUTE = /^\/v2\/(?:(.+)\/(manifests|blobs\/uploads|blobs|tags|referrers)\/([^/]*)|_catalog)?$/;

export class FakeRegistry {
  /** `127.0.0.1:<port>`, as references name it. */
  readonly host: string;
  /** What it holds, to look at or to change behind everybody's back. */
  readonly content: FakeContent;
  /** Every request in the order in which they came. */
  readonly log: LoggedRequest[];
  readonly #faults: Faults;
  readonly #doorkeeper: Doorkeeper;
  readonly #stop: () => Promise<void>;

  constructor(parts: {
    readonly host: string;
    readonly content: FakeContent;
    readonly log: LoggedRequest[];
    readonly faults: Faults;
    readonly doorkeeper: Doorkeeper;
    readonly stop: () => Promise<void>;
  }) {
    this.host = parts.host;
    this.content = parts.content;
    this.log = parts.log;
    this.#faults = parts.faults;
    this.#doorkeeper = parts.doorkeeper;
    this.#stop = parts.stop;
  }

  /** Lets something go wrong with requests to come. */
  fail(fault: Fault): void {
    this.#faults.add(fault);
  }

  /** The requests since the last call, as `GET /v2/a/manifests/1.0.0 200`. */
  takeLog(): string[] {
    return this.log.splice(0).map(({ method, path, status }) => `${method} ${path} ${status}`);
  }

  /** Forgets every token that was given out. */
  revokeTokens(): void {
    this.#doorkeeper.revoke();
  }

  /** Ends every connection and stops. */
  async close(): Promise<void> {
    return this.#stop();
  }
}

/** Starts a registry on a free port of 127.0.0.1. */
export async function startFakeRegistry(options: FakeRegistryOptions = {}): Promise<FakeRegistry> {
  const content = new FakeContent();
  const faults = new Faults();
  const log: LoggedRequest[] = [];
  let host = "";
  const doorkeeper = new Doorkeeper(() => `${options.tls === undefined ? "http" : "https"}://${host}`);

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method = "", url: path = "", headers } = request;
    const logged: LoggedRequest = { method, path, headers, received: 0, status: 0 };
    log.push(logged);
    const fault = faults.take(request);
    const exchange = new Exchange({ request, response, content, options, fault, logged });
    await fault?.hold;
    if (fault?.status !== undefined) {
      if (fault.cutRequestAfter === undefined) request.resume();
      else await exchange.bytes();
      return exchange.answer(fault.status, fault.headers, fault.body);
    }
    await route(exchange, doorkeeper);
    request.resume();
  };
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    serve(request, response).catch(() => response.destroy());
  };
  const server = options.tls === undefined ? createServer(listener) : createSecureServer(options.tls, listener);
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const stop = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return new FakeRegistry({ host, content, log, faults, doorkeeper, stop });
}

async function route(exchange: Exchange, doorkeeper: Doorkeeper): Promise<void> {
  const { auth } = exchange.options;
  const { pathname } = exchange.url;
  if (pathname === "/token" && auth !== undefined) return doorkeeper.token(exchange, auth);
  const match = ROUTE.exec(pathname);
  if (match === null) return exchange.answer(404, {}, "404 page not found\n");
  const [, name, kind, rest = ""] = match;
  if (auth !== undefined && !doorkeeper.admits(exchange, auth, name)) return undefined;
  if (name === undefined) return pathname.endsWith("_catalog") ? catalog(exchange) : exchange.json(200, {});
  switch (kind) {
    case "manifests":
      return manifests(exchange, name, rest);
    case "blobs":
      return blobs(exchange, name, rest);
    case "blobs/uploads":
      return rest === "" ? beginUpload(exchange, name) : uploads(exchange, name, rest);
    case "referrers":
      return referrers(exchange, name, rest);
    default:
      return tags(exchange, name);
  }
}

function tags(exchange: Exchange, name: string): void {
  const repository = exchange.content.repositories.get(name);
  if (repository === undefined) return exchange.refuse(404, "NAME_UNKNOWN");
  const { page, next } = pageOf(exchange, [...repository.tags.keys()].toSorted(), (tag) => tag);
  exchange.json(200, { name, tags: page.length === 0 ? null : page }, next);
}

function catalog(exchange: Exchange): void {
  const { page, next } = pageOf(exchange, exchange.content.names(), (name) => name);
  exchange.json(200, { repositories: page }, next);
}
