/** A token server on loopback that answers as a test tells it to, and remembers what it saw. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

import { readAll } from "../../../content/index.ts";

export interface SeenRequest {
  readonly method: string;
  readonly url: URL;
  readonly authorization: string | undefined;
  /** Of a form that was posted. */
  readonly form: URLSearchParams;
}

/** Answers a request; what it returns is sent as JSON. */
export type Answer = (request: SeenRequest, response: ServerResponse) => unknown;

export class TokenServer {
  readonly seen: SeenRequest[] = [];
  /** Default: a new token each time. */
  answer: Answer = () => ({ token: `token-${this.seen.length}`, expires_in: 300 });
  readonly #server = createServer((request, response) => void this.#serve(request, response));

  async start(): Promise<this> {
    await new Promise<void>((resolve) => {
      this.#server.listen(0, "127.0.0.1", resolve);
    });
    return this;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => {
      this.#server.close(resolve);
    });
  }

  /** `http://127.0.0.1:port`, or the same with another name for this machine. */
  origin(host = "127.0.0.1"): string {
    return `http://${host}:${(this.#server.address() as AddressInfo).port}`;
  }

  /** What a registry says that sends here for tokens. */
  challenge(more = ""): { readonly "www-authenticate": string } {
    return { "www-authenticate": `Bearer realm="${this.origin()}/token",service="registry"${more}` };
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = Buffer.from(await readAll(request as AsyncIterable<Uint8Array>)).toString();
    const seen = {
      method: request.method ?? "",
      url: new URL(request.url ?? "", this.origin()),
      authorization: request.headers.authorization,
      form: new URLSearchParams(body),
    };
    this.seen.push(seen);
    const reply = await this.answer(seen, response);
    if (reply !== undefined && !response.headersSent) response.end(JSON.stringify(reply));
  }
}
