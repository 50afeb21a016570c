/** One request to a fake registry and the means to answer it. */
import type { IncomingMessage, ServerResponse } from "node:http";

import { breakOff, respond, type Fault } from "./fake-faults.ts";
import type { FakeContent, FakeRepository } from "./fake-content.ts";
import type { FakeRegistryOptions } from "./fake-options.ts";

/** A request as a test looks at it afterwards. */
export interface LoggedRequest {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Bytes of the body that arrived. */
  received: number;
  /** Zero until it is answered. */
  status: number;
}

export class Exchange {
  readonly method: string;
  readonly url: URL;
  readonly content: FakeContent;
  readonly options: FakeRegistryOptions;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #fault: Fault | undefined;
  readonly #logged: LoggedRequest;

  constructor(parts: {
    readonly request: IncomingMessage;
    readonly response: ServerResponse;
    readonly content: FakeContent;
    readonly options: FakeRegistryOptions;
    readonly fault: Fault | undefined;
    readonly logged: LoggedRequest;
  }) {
    this.#request = parts.request;
    this.#response = parts.response;
    this.#fault = parts.fault;
    this.#logged = parts.logged;
    this.content = parts.content;
    this.options = parts.options;
    this.method = parts.logged.method;
    this.url = new URL(parts.logged.path, "http://registry.invalid");
  }

  header(name: string): string | undefined {
    const value = this.#request.headers[name];
    return Array.isArray(value) ? value.join(", ") : value;
  }

  query(name: string): string | undefined {
    return this.url.searchParams.get(name) ?? undefined;
  }

  repository(name: string): FakeRepository {
    return this.content.repository(name);
  }

  /** The bytes of the body as they arrive; ends with the connection where a fault says so. */
  async *body(): AsyncGenerator<Uint8Array, void, undefined> {
    const cut = this.#fault?.cutRequestAfter;
    if (cut === 0) return breakOff(this.#response.socket);
    for await (const chunk of this.#request as AsyncIterable<Uint8Array>) {
      const left = cut === undefined ? chunk.byteLength : cut - this.#logged.received;
      this.#logged.received += Math.min(left, chunk.byteLength);
      yield chunk.subarray(0, left);
      if (cut !== undefined && this.#logged.received >= cut) return breakOff(this.#response.socket);
    }
  }

  async bytes(): Promise<Uint8Array> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of this.body()) chunks.push(chunk);
    return Buffer.concat(chunks);
  }

  answer(status: number, headers: Readonly<Record<string, string>> = {}, body: Uint8Array | string = ""): void {
    this.#logged.status = status;
    if (this.#response.headersSent || this.#response.destroyed) return;
    respond(this.#response, status, headers, Buffer.from(body), this.#fault);
  }

  json(status: number, value: unknown, headers: Readonly<Record<string, string>> = {}): void {
    this.answer(status, { "content-type": "application/json", ...headers }, JSON.stringify(value));
  }

  /** An error as OCI distribution-spec "Error Codes" writes it. */
  refuse(status: number, code: string, headers: Readonly<Record<string, string>> = {}): void {
    this.json(status, { errors: [{ code, message: `${code.toLowerCase().replaceAll("_", " ")}` }] }, headers);
  }

  /** A path of this registry as a Location. */
  location(path: string): string {
    return this.options.location?.(path) ?? path;
  }
}
