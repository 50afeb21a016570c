/** Requests to registries: connections, TLS, proxies, time-outs below the seam of `types.ts`; redirects and retries above it. */
export { readBounded } from "./body.ts";
export { asksForTls, speaksPlainHttp, speaksTls } from "./failures.ts";
export { nextLink } from "./headers.ts";
export { proxiesFrom, type ProxySettings } from "./proxy.ts";
export { sendFollowing, type FollowedResponse } from "./redirects.ts";
export { isRetryable, retrying, waitAsAsked, type RetryPolicy } from "./retry.ts";
export { systemRoots } from "./roots.ts";
export type { Timeouts } from "./timeouts.ts";
export { createTransport, type TransportOptions } from "./transport.ts";
export type { HttpHeaders, HttpRequest, HttpResponse, TlsOptions, Transport } from "./types.ts";
