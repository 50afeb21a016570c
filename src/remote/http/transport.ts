/** The transport over Node's own http client. */
import { SkillError, throwIfAborted } from "../../errors.ts";
import { Agents } from "./agents.ts";
import { exchange, StaleConnection } from "./exchange.ts";
import { NO_PROXIES, type ProxySettings } from "./proxy.ts";
import { systemRoots } from "./roots.ts";
import { DEFAULT_TIMEOUTS, type Timeouts } from "./timeouts.ts";
import type { HttpRequest, HttpResponse, TlsOptions, Transport } from "./types.ts";

export interface TransportOptions {
  /** Default: none. */
  readonly proxies?: ProxySettings;
  readonly timeouts?: Timeouts;
  /** Connections at a time to each host; further requests wait. Default: 6. */
  readonly concurrency?: number;
  /** How to speak to a host, by `host:port`, always with the port. Default: certificates are verified, by {@link TransportOptions.roots} alone. */
  readonly tls?: (host: string) => TlsOptions;
  /** PEM certificates of the authorities to trust everywhere. Default: {@link systemRoots} of this process's environment. */
  readonly roots?: () => Promise<readonly string[]>;
  /** What to call ourselves, as in `skillimage/1.2.3`. Default: `skillimage`. */
  readonly userAgent?: string;
}

/**
 * A transport that keeps connections, through proxies where those are given. Answers are never compressed, and have at most
 * 16 KiB of headers. Where a kept connection turns out to be closed, the request is sent again once, unless it is a PATCH or its body is a stream.
 */
export function createTransport(options: TransportOptions = {}): Transport {
  const timeouts = { ...DEFAULT_TIMEOUTS, ...options.timeouts };
  const headers = { "user-agent": options.userAgent ?? "skillimage", "accept-encoding": "identity" };
  const agents = new Agents({
    proxies: options.proxies ?? NO_PROXIES,
    concurrency: options.concurrency ?? 6,
    connectTimeout: timeouts.connect,
    tls: options.tls ?? (() => ({})),
    roots: options.roots ?? (async () => systemRoots(process.env)),
  });
  const sendOnce = async (request: HttpRequest): Promise<HttpResponse> => {
    const route = await agents.route(request.url);
    throwIfAborted(request.signal);
    return exchange(request, { ...route, headers: { ...headers, ...route.headers } }, timeouts);
  };
  return {
    async send(request) {
      requireHttp(request.url);
      throwIfAborted(request.signal);
      try {
        return await sendOnce(request).catch(async (error: unknown) => {
          if (!(error instanceof StaleConnection) || !canRepeat(request)) throw error;
          await agents.closeIdle();
          return { ...(await sendOnce(request)), isRepeated: true };
        });
      } catch (error) {
        throw error instanceof StaleConnection ? error.cause : error;
      }
    },
    close: async () => agents.closeIdle(),
  };
}

/** A PATCH appends: had it arrived before the connection was closed, it would be there twice. */
function canRepeat({ method, body }: HttpRequest): boolean {
  return method !== "PATCH" && (body === undefined || body instanceof Uint8Array);
}

function requireHttp({ protocol }: URL): void {
  if (protocol === "http:" || protocol === "https:") return;
  throw new SkillError("RESPONSE_INVALID", `registries are spoken to by http and https, not by ${protocol}`);
}
