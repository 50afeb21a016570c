/**
 * One request and its answer on one connection, from the moment that a connection is asked for until the body's last byte.
 *
 * Node tells of a failure in half a dozen ways, some of them twice and some after the answer. Here they all meet in one
 * place, and the first one counts.
 */
import { request as requestHttp, type Agent, type ClientRequest, type IncomingMessage } from "node:http";
import { request as requestHttps } from "node:https";
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";

import { errnoOf } from "../../errno.ts";
import { SkillError } from "../../errors.ts";
import { failureOf, type Place } from "./failures.ts";
import { IncomingBody, type BodySource } from "./incoming-body.ts";
import { hearLastWords } from "./last-words.ts";
import { sourceOf } from "./long-body.ts";
import { piecesOf, sendBody } from "./outgoing-body.ts";
import { Watch, type Timeouts } from "./timeouts.ts";
import { ABANDONED } from "./tunnel.ts";
import type { HttpHeaders, HttpRequest, HttpResponse } from "./types.ts";

const MOST_HEADERS = 16 * 1024;

/** How a request travels. */
export interface Route {
  readonly agent: Agent;
  readonly secure: boolean;
  /** Whom the connection is made to: the host, or for plain http its proxy. */
  readonly host: string;
  readonly port: number;
  /** The request's target, as it stands in the request line. */
  readonly path: string;
  readonly headers: HttpHeaders;
  readonly place: Place;
}

/** A kept connection turned out to be closed before any answer: the request may be sent again. */
export class StaleConnection extends Error {
  override readonly name = "StaleConnection";
}

/** Connections that are ready to be used. A connection that is in here when a request gets it served another before. */
const CONNECTED = new WeakSet<Socket>();

/** Sends `request`. Rejects with a `SkillError`, with {@link StaleConnection}, or with what the request's body throws. */
export async function exchange(
  request: HttpRequest,
  route: Route,
  timeouts: Required<Timeouts>,
): Promise<HttpResponse> {
  return new Promise((resolve, reject) => new Exchange(request, route, timeouts, { resolve, reject }).start());
}

interface Outcome {
  readonly resolve: (response: HttpResponse) => void;
  readonly reject: (reason: unknown) => void;
}

interface Answer {
  readonly message: IncomingMessage;
  readonly source: BodySource;
  readonly headers: HttpHeaders;
}

class Exchange {
  readonly #request: HttpRequest;
  readonly #route: Route;
  readonly #timeouts: Required<Timeouts>;
  readonly #outcome: Outcome;
  readonly #watch: Watch;
  /** Fires when no more of the request's body is wanted; `undefined` when it has none. */
  readonly #stop: AbortController | undefined;
  #outgoing: ClientRequest | undefined;
  #used: { readonly socket: Socket; readonly bytesRead: number } | undefined;
  #answer: Answer | undefined;
  #body: IncomingBody | undefined;
  #isDelivered = false;
  #failed = false;

  constructor(request: HttpRequest, route: Route, timeouts: Required<Timeouts>, outcome: Outcome) {
    this.#request = request;
    this.#route = route;
    this.#timeouts = timeouts;
    this.#outcome = outcome;
    this.#stop = request.body === undefined ? undefined : new AbortController();
    this.#watch = new Watch(timeouts, (error) => this.#fail(error));
  }

  start(): void {
    const outgoing = this.#open();
    this.#outgoing = outgoing;
    this.#request.signal?.addEventListener("abort", this.#abort, { once: true });
    outgoing.on("socket", (socket: Socket) => this.#assigned(socket));
    outgoing.on("finish", () => this.#sent());
    outgoing.on("response", (answer: IncomingMessage) => this.#answered(answer));
    outgoing.on("error", (error) => this.#fail(error));
    outgoing.on("close", () => this.#closed());
    if (this.#request.body === undefined) outgoing.end();
  }

  #open(): ClientRequest {
    const { method } = this.#request;
    const { secure, agent, host, port, path, place } = this.#route;
    const headers = { ...this.#route.headers, ...this.#request.headers, ...this.#lengthHeader() };
    // The scheme is known without being told, but tunnels are kept under what is told.
    const protocol = secure ? "https:" : "http:";
    const options = { method, protocol, agent, host, port, path, headers, maxHeaderSize: MOST_HEADERS };
    try {
      return secure ? requestHttps(options) : requestHttp(options);
    } catch (error) {
      throw new SkillError("RESPONSE_INVALID", `a request to ${place.host} cannot be sent: a header is not valid`, {
        hint: "Headers hold what the registry and the credentials gave: check those, for line breaks above all.",
        cause: error,
      });
    }
  }

  #lengthHeader(): HttpHeaders {
    const { body, method } = this.#request;
    if (body instanceof Uint8Array) return { "content-length": String(body.byteLength) };
    return body === undefined && method.startsWith("P") ? { "content-length": "0" } : {};
  }

  #assigned(socket: Socket): void {
    if (CONNECTED.has(socket)) {
      this.#used = { socket, bytesRead: socket.bytesRead };
      this.#connected(socket);
    } else {
      this.#watch.start("connect");
      socket.once(socket instanceof TLSSocket ? "secureConnect" : "connect", () => this.#connected(socket));
    }
  }

  /** A body is not touched before there is somebody to send it to. */
  #connected(socket: Socket): void {
    CONNECTED.add(socket);
    this.#watch.stop();
    const { body } = this.#request;
    const stop = this.#stop?.signal;
    if (body === undefined || this.#outgoing === undefined || stop === undefined || stop.aborted) return;
    const announced = body instanceof Uint8Array ? body.byteLength : this.#request.headers?.["content-length"];
    const length = announced === undefined ? undefined : Number(announced);
    const stream = body instanceof Uint8Array ? piecesOf(body) : body;
    const dismiss = hearLastWords(socket);
    sendBody(this.#outgoing, stream, { watch: this.#watch, stop, length })
      .catch((error: unknown) => this.#fail(error, { ours: true }))
      .finally(dismiss);
  }

  #sent(): void {
    if (this.#answer === undefined) this.#watch.start("answer");
    else this.#deliver(this.#answer);
  }

  /**
   * An error may come before the request was sent, which then ends there: its connection is of no further use. A success
   * that comes early is kept until everything was sent.
   */
  #answered(message: IncomingMessage): void {
    const headers = headersOf(message);
    // An empty list of encodings is one, too.
    const encoding = headers["content-encoding"]?.trim() || "identity";
    if (encoding.toLowerCase() !== "identity") return this.#fail(encoded(this.#route.place));
    const length = Number(headers["content-length"] ?? 0);
    const source = sourceOf(message, this.#request.method, length);
    this.#answer = { message, source, headers };
    this.#body = new IncomingBody(source, length, this.#timeouts, (error) => this.#fail(error));
    message.on("error", (error) => this.#fail(error));
    source.on("end", () => this.#ended());
    const isSent = this.#outgoing?.writableEnded === true;
    if (!isSent && message.statusCode !== undefined && message.statusCode < 300) return;
    this.#watch.stop();
    if (!isSent) this.#stop?.abort();
    this.#deliver(this.#answer);
  }

  #deliver({ message, headers }: Answer): void {
    const body = this.#body;
    if (body === undefined) return;
    this.#isDelivered = true;
    this.#outcome.resolve({
      status: message.statusCode ?? 0,
      headers,
      body: body.content,
      discard: async () => body.discard(),
    });
    if (message.readableEnded) this.#ended();
  }

  #ended(): void {
    // What is still being sent can be cancelled.
    if (!this.#isDelivered) return;
    this.#request.signal?.removeEventListener("abort", this.#abort);
    if (this.#stop?.signal.aborted === true) this.#outgoing?.destroy();
  }

  /** The end of every request. To make an error costs more than all else here, so that is left to those that have failed. */
  #closed(): void {
    if (this.#failed || this.#isOver) return;
    this.#fail(new HangUp());
  }

  /** A success that came whole before all was sent is no answer yet: it may end with a failure still, and must not with nothing. */
  get #isOver(): boolean {
    return this.#isDelivered && this.#answer?.source.complete === true;
  }

  readonly #abort = (): void => {
    const reason: unknown = this.#request.signal?.reason;
    this.#fail(new SkillError("ABORTED", "the operation was cancelled", { cause: reason }), { ours: true });
  };

  /** `ours`: nothing that the other side did, so it counts even if the answer has come whole. */
  #fail(error: unknown, { ours = false }: { readonly ours?: boolean } = {}): void {
    if (this.#failed || (this.#isOver && !ours)) return;
    this.#failed = true;
    this.#request.signal?.removeEventListener("abort", this.#abort);
    this.#watch.stop();
    this.#stop?.abort();
    const failure = ours ? error : failureOf(error, this.#route.place, this.#isDelivered);
    this.#outcome.reject(this.#isStale(error) ? new StaleConnection("closed", { cause: failure }) : failure);
    this.#body?.fail(failure, { now: ours });
    this.#outgoing?.destroy();
    this.#outgoing?.emit(ABANDONED);
  }

  #isStale(error: unknown): boolean {
    if (this.#used === undefined || this.#used.socket.bytesRead > this.#used.bytesRead) return false;
    return ["ECONNRESET", "EPIPE"].includes(errnoOf(error) ?? "");
  }
}

/** A connection that was closed without a word. */
class HangUp extends Error {
  override readonly name = "HangUp";
  readonly code = "ECONNRESET";

  constructor() {
    super("the connection was closed");
  }
}

function encoded(place: Place): SkillError {
  return new SkillError("RESPONSE_INVALID", `the answer of ${place.host} is compressed, which nobody asked for`, {
    hint: "Look for a proxy on the way that changes what passes through it.",
  });
}

/** By names in lower case; one that came several times is joined. Made of the lines as they came, which Node would go through twice more. */
function headersOf({ rawHeaders }: IncomingMessage): HttpHeaders {
  const headers: Record<string, string> = Object.create(null) as Record<string, string>;
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const [name, value] = [(rawHeaders[at] ?? "").toLowerCase(), rawHeaders[at + 1] ?? ""];
    const before = headers[name];
    headers[name] = before === undefined ? value : `${before}, ${value}`;
  }
  return headers;
}
