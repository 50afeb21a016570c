/** Requests to one endpoint of one registry, with everything that all of them need already done. */
import type { Content } from "../content/index.ts";
import type { HttpHeaders, HttpMethod, HttpResponse } from "./http/types.ts";

/** What a request is about to do to a repository: what its token must allow. */
export type Access = "pull" | "push" | "delete";

export interface RegistryRequest {
  readonly method: HttpMethod;
  /** Below `/v2/`, as in `myorg/hello-world/tags/list`; or an absolute URL that the registry gave (Location, Link). */
  readonly path: string | URL;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: HttpHeaders;
  readonly body?: Uint8Array | Content;
  readonly access: Access;
  /** The repository that it concerns, by its path there; left out for requests that concern none (`/v2/`, `_catalog`). */
  readonly repository?: string;
  /** A further repository that the request reads (cross-repository mount), by its path there. */
  readonly mountFrom?: string;
  /** What it is for, as an error says it after "cannot": `read the manifest 1.0.0`. */
  readonly doing: string;
  /** Statuses that are an answer; every other one is thrown as the error that it means. */
  readonly expect: readonly number[];
  /**
   * Reads the body of an answer that was expected, which is the response's body then: one that breaks off is asked for again, as one
   * that did not begin. Left out: the body is the caller's to read.
   */
  readonly read?: (response: HttpResponse) => Promise<Uint8Array>;
  /** Whether a POST may be done twice; every other method says that by itself. Default: false. */
  readonly isRepeatable?: boolean;
  readonly signal?: AbortSignal;
}

/** A response, and where it came from in the end: relative Location and Link headers are relative to that. */
export interface RegistryResponse extends HttpResponse {
  readonly url: URL;
  /** Whether it was asked before and no answer came: what was asked for may have been done by then. */
  readonly isRepeated: boolean;
}

/** One endpoint: authorised, redirected, retried where that is safe. */
export interface RegistryClient {
  /** As references name it. */
  readonly registry: string;
  /**
   * Rejects with `NOT_FOUND`, `REGISTRY_UNAUTHORIZED`, `REGISTRY_DENIED`, `REGISTRY_RATE_LIMITED`, `REGISTRY_ERROR`,
   * `REGISTRY_UNSUPPORTED` (as `RegistryError` where the registry said so) and what the transport rejects with. Requests
   * with a streamed body are never sent twice.
   */
  request(request: RegistryRequest): Promise<RegistryResponse>;
}

/** One request on the wire, redirects and token requests among them, once its answer has begun or will not come. */
export interface RequestEvent {
  readonly method: HttpMethod;
  /** Without the values of query parameters that may be secrets. */
  readonly url: string;
  /** `undefined`: there was no answer. */
  readonly status: number | undefined;
  /** Bytes of the body that was to be sent, where they were known before. */
  readonly sent: number | undefined;
  /** Bytes of the answer's body, where it announces them. */
  readonly received: number | undefined;
}
