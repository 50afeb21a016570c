/**
 * The seam to the network: one request, one response, one hop.
 *
 * Redirects, credentials, retries and what a status means are decided above it, where it is known what is being done;
 * connections, TLS, proxies and timeouts are decided below it.
 */
import type { Content } from "../../content/index.ts";

export type HttpMethod = "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";

/** Header names are in lower case. */
export type HttpHeaders = Readonly<Record<string, string>>;

export interface HttpRequest {
  readonly method: HttpMethod;
  /** `http:` or `https:`; never with user or password. */
  readonly url: URL;
  readonly headers?: HttpHeaders;
  /** Bytes are sent with their length; a stream as `content-length` says, or chunked without that header. */
  readonly body?: Uint8Array | Content;
  readonly signal?: AbortSignal;
}

export interface HttpResponse {
  readonly status: number;
  /** Values of a header that came more than once are joined by `, `. */
  readonly headers: HttpHeaders;
  /**
   * Can be iterated once; must be iterated to its end or given up with {@link discard}. Ends with an error when the
   * connection breaks before the announced length.
   */
  readonly body: Content;
  /** Whether the request went out twice, because the first connection was closed before any answer came. */
  readonly isRepeated?: boolean;
  /** Gives up the rest of the body, keeping the connection where little of it is left. Never rejects. */
  discard(): Promise<void>;
}

/** Sends requests. Every rejection is a `SkillError`: `REGISTRY_UNREACHABLE`, `TLS_UNTRUSTED`, `RESPONSE_INVALID` or `ABORTED`. */
export interface Transport {
  send(request: HttpRequest): Promise<HttpResponse>;
  /** Closes idle connections. A transport that was closed can be used again. */
  close(): Promise<void>;
}

/** How to speak to one registry host. */
export interface TlsOptions {
  /** False accepts any certificate. Default: true. */
  readonly verify?: boolean;
  /** PEM certificates that are trusted beside the system's. */
  readonly ca?: readonly string[];
  /** PEM client certificate and key. */
  readonly certificate?: { readonly cert: string; readonly key: string };
}
