/** Connections to https hosts through a proxy, by CONNECT. */
import type { Agent } from "node:http";
import type { AgentOptions } from "node:https";
import type { SecureContext } from "node:tls";

import { proxyAuthorization } from "./proxy.ts";
import { TimeoutError } from "./timeouts.ts";

/** Emitted by a request that is given up: Node itself tells nobody while there is no connection yet. */
export const ABANDONED = "skillimage:abandoned";

/** The proxy lets nobody through, or not us. */
export class ProxyRefusal extends Error {
  override readonly name = "ProxyRefusal";
  readonly status: number;

  constructor(status: number) {
    super(`the proxy does not connect to it (status ${status})`);
    this.status = status;
  }
}

export interface ProxyConnection {
  /** For a proxy that is itself spoken to by TLS. */
  readonly secureContext?: SecureContext;
  /** Milliseconds until the proxy must have connected. */
  readonly timeout: number;
}

/**
 * An agent whose connections go through `proxy`. Whatever the proxy answers to CONNECT but 200 is a failure to connect: taken for
 * the host's own answer it would let the proxy speak in the name of an https site.
 */
export async function tunnelAgent(proxy: URL, options: AgentOptions, connection: ProxyConnection): Promise<Agent> {
  const { HttpsProxyAgent } = await import("https-proxy-agent");
  const { timeout, secureContext } = connection;
  // That package writes the URL to stderr where DEBUG asks for it, so user and password go apart.
  const url = new URL(proxy.origin);
  const headers = proxyAuthorization(proxy);
  const agent = new HttpsProxyAgent(url, options);
  // It keeps but few of its options; the others, how to verify the host above all, would not reach the connection.
  Object.assign(agent.options, options);
  agent.connect = async (request, target) => {
    const cancel = new AbortController();
    const toProxy = { signal: cancel.signal, keepAlive: true, headers, ...(secureContext && { secureContext }) };
    const late = setTimeout(() => cancel.abort(), timeout);
    const abandon = (): void => cancel.abort();
    let status = 200;
    request.once("proxyConnect", (answer: { readonly statusCode: number }) => (status = answer.statusCode));
    request.once(ABANDONED, abandon);
    try {
      const socket = await new HttpsProxyAgent(url, toProxy).connect(request, target);
      if (status === 200) return socket;
      socket.destroy();
      throw new ProxyRefusal(status);
    } catch (error) {
      throw cancel.signal.aborted && !request.destroyed ? new TimeoutError("connect", timeout) : error;
    } finally {
      clearTimeout(late);
      request.off(ABANDONED, abandon);
    }
  };
  return agent;
}
