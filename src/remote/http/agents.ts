/** Connections: which way a request goes, and those that are kept for the next one. */
import type { Agent } from "node:http";
import type { AgentOptions } from "node:https";
import { isIP } from "node:net";
import { createSecureContext, type SecureContext } from "node:tls";

import { SkillError } from "../../errors.ts";
import type { Route } from "./exchange.ts";
import { hostAndPort, hostOf, portOf } from "./hosts.ts";
import { HttpPool, HttpsPool } from "./pools.ts";
import { proxyAuthorization, type ProxySettings } from "./proxy.ts";
import { tunnelAgent } from "./tunnel.ts";
import type { TlsOptions } from "./types.ts";

/** In milliseconds; shorter than servers keep a connection (Node: 5 s), so that hardly one is used that is being closed. */
const KEPT_FOR = 4000;

export interface AgentsOptions {
  readonly proxies: ProxySettings;
  /** Connections at a time to each host. */
  readonly concurrency: number;
  /** Milliseconds. */
  readonly connectTimeout: number;
  /** Asked by `host:port`. */
  readonly tls: (host: string) => TlsOptions;
  /** Asked once, before the first connection that is to be verified. */
  readonly roots: () => Promise<readonly string[]>;
}

/** One agent for each scheme, proxy and set of TLS options. */
export class Agents {
  readonly #options: AgentsOptions;
  readonly #agents = new Map<string, Promise<Agent>>();
  #roots: Promise<readonly string[]> | undefined;

  constructor(options: AgentsOptions) {
    this.#options = options;
  }

  /** Rejects with `CONFIG_INVALID` for a proxy or a client certificate that cannot be used. */
  async route(url: URL): Promise<Route> {
    const proxy = this.#options.proxies.proxyFor(url);
    const place = { host: hostAndPort(url), ...(proxy && { proxy: hostAndPort(proxy) }) };
    const path = url.pathname + url.search;
    if (url.protocol === "https:" || proxy === undefined) {
      const secure = url.protocol === "https:";
      const agent = await (secure ? this.#secure(place.host, proxy) : this.#plain());
      return { agent, secure, host: hostOf(url), port: portOf(url), path, headers: { host: url.host }, place };
    }
    return {
      agent: await this.#toProxy(proxy),
      secure: proxy.protocol === "https:",
      host: hostOf(proxy),
      port: portOf(proxy),
      path: `http://${url.host}${path}`,
      headers: { host: url.host, ...proxyAuthorization(proxy) },
      place,
    };
  }

  /** Closes the connections that wait for a next request. */
  async closeIdle(): Promise<void> {
    for (const agent of await Promise.all(this.#agents.values())) {
      const idle = Object.values(agent.freeSockets).flatMap((sockets) => sockets ?? []);
      for (const socket of idle) socket.destroy();
    }
  }

  async #plain(): Promise<Agent> {
    return this.#kept("http", async () => new HttpPool(this.#pool()));
  }

  async #secure(host: string, proxy: URL | undefined): Promise<Agent> {
    const tls = this.#options.tls(host);
    return this.#kept(`https ${proxy?.href ?? ""} ${JSON.stringify(tls)}`, async () => {
      const secureContext = await this.#context(tls, host);
      const options = { ...this.#pool(), secureContext, rejectUnauthorized: tls.verify !== false };
      if (proxy === undefined) return new HttpsPool(options);
      const toProxy = proxy.protocol === "https:" ? { secureContext: await this.#context({}, proxy.host) } : {};
      return tunnelAgent(proxy, options, { ...toProxy, timeout: this.#options.connectTimeout });
    });
  }

  async #toProxy(proxy: URL): Promise<Agent> {
    if (proxy.protocol === "http:") return this.#plain();
    return this.#kept(`proxy ${proxy.host}`, async () => {
      const secureContext = await this.#context({}, proxy.host);
      // Otherwise the name that is verified would be that of the host behind the proxy.
      const servername = isIP(hostOf(proxy)) === 0 ? hostOf(proxy) : "";
      return new HttpsPool({ ...this.#pool(), secureContext, servername });
    });
  }

  async #kept(key: string, make: () => Promise<Agent>): Promise<Agent> {
    const kept = this.#agents.get(key) ?? make();
    this.#agents.set(key, kept);
    try {
      return await kept;
    } catch (error) {
      this.#agents.delete(key);
      throw error;
    }
  }

  #pool(): AgentOptions {
    return { keepAlive: true, maxSockets: this.#options.concurrency, scheduling: "lifo", timeout: KEPT_FOR };
  }

  /** One for many connections: to read the system's certificates takes longer than to connect. */
  async #context({ verify = true, ca = [], certificate }: TlsOptions, host: string): Promise<SecureContext> {
    if (verify) this.#roots ??= this.#options.roots();
    const authorities = verify ? { ca: [...((await this.#roots) ?? []), ...ca] } : {};
    try {
      return createSecureContext({ minVersion: "TLSv1.2", ...authorities, ...certificate });
    } catch (error) {
      throw new SkillError("CONFIG_INVALID", `the client certificate or key for ${host} cannot be used`, {
        hint: "Both must be PEM, and the key that of the certificate.",
        cause: error,
      });
    }
  }
}
