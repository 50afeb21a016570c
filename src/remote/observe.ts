/** Lets somebody watch the requests that go out: to count them, or to show them. */
import type { RequestEvent } from "./client-types.ts";
import type { HttpRequest, HttpResponse, Transport } from "./http/index.ts";

/** A transport that tells `onRequest` of every request, each hop of a redirect by itself. */
export function observed(transport: Transport, onRequest: ((event: RequestEvent) => void) | undefined): Transport {
  if (onRequest === undefined) return transport;
  return {
    close: async () => transport.close(),
    send: async (request) => {
      const { url } = request;
      let response: HttpResponse | undefined;
      try {
        return (response = await transport.send(request));
      } finally {
        onRequest({
          method: request.method,
          // Most who count requests do not look at it.
          get url() {
            return shownUrl(url);
          },
          status: response?.status,
          sent: bytesToSend(request),
          received: response === undefined ? undefined : lengthOf(response.headers["content-length"]),
        });
      }
    },
  };
}

/** Query parameters of the distribution API; every other one may be a signature or a token. */
const PLAIN = new Set(["artifactType", "digest", "from", "last", "mount", "n", "scope", "service"]);

/** A URL for people: without user and password, and without the values of parameters that are not the API's own. */
export function shownUrl(url: URL): string {
  const query = [...url.searchParams].map(([name, value]) => `${name}=${PLAIN.has(name) ? value : "…"}`);
  return `${url.origin}${url.pathname}${query.length === 0 ? "" : `?${query.join("&")}`}`;
}

function bytesToSend({ body, headers }: HttpRequest): number | undefined {
  if (body === undefined) return 0;
  return body instanceof Uint8Array ? body.byteLength : lengthOf(headers?.["content-length"]);
}

function lengthOf(header: string | undefined): number | undefined {
  return header !== undefined && /^[0-9]{1,15}$/.test(header) ? Number(header) : undefined;
}
