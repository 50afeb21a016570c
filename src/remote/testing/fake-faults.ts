/** Things that go wrong between a fake registry and whoever calls it, on request. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** Which requests, and what becomes of them. The first fault that fits is taken. */
export interface Fault {
  readonly method?: string;
  /** Is looked for in the path with its query. */
  readonly path?: string | RegExp;
  /** How many requests it befalls; default: one. */
  readonly times?: number;
  /** Answers with this instead. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** Breaks the connection after so many bytes of the request's body; those that came are kept. */
  readonly cutRequestAfter?: number;
  /** Breaks the connection after so many bytes of the answer's body. */
  readonly cutResponseAfter?: number;
  /** Breaks the connection once the request is done, before it is answered. */
  readonly loseResponse?: boolean;
  /** Is waited for before anything else is done. */
  readonly hold?: Promise<unknown>;
  /** Is called when a request is befallen. */
  readonly seen?: () => void;
}

export class Faults {
  #faults: { readonly fault: Fault; left: number }[] = [];

  add(fault: Fault): void {
    this.#faults.push({ fault, left: fault.times ?? 1 });
  }

  /** The fault that befalls this request, which uses up one of its times. */
  take(request: IncomingMessage): Fault | undefined {
    const found = this.#faults.find(({ fault, left }) => left > 0 && fits(fault, request));
    if (found === undefined) return undefined;
    found.left -= 1;
    found.fault.seen?.();
    return found.fault;
  }
}

function fits({ method, path }: Fault, request: IncomingMessage): boolean {
  if (method !== undefined && method !== request.method) return false;
  const url = request.url ?? "";
  return path === undefined || (typeof path === "string" ? url.includes(path) : path.test(url));
}

/** Sends an answer, and of it only as much as the fault lets through. */
export function respond(
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>>,
  body: Uint8Array,
  fault: Fault | undefined,
): void {
  const { socket } = response;
  if (fault?.loseResponse === true) return breakOff(socket);
  response.writeHead(status, { "content-length": String(body.byteLength), ...headers });
  if (fault?.cutResponseAfter === undefined || response.req.method === "HEAD") {
    response.end(response.req.method === "HEAD" ? undefined : body);
    return;
  }
  response.write(body.subarray(0, fault.cutResponseAfter), () => breakOff(socket));
}

/** Ends a connection as a network does, without a goodbye. */
export function breakOff(socket: Socket | null): void {
  socket?.resetAndDestroy();
}
