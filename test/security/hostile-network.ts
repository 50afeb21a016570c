/**
 * A network in which nobody can be trusted: every name in it is answered by the test, on loopback, and whatever is sent to
 * anybody is remembered. Names are reached through a proxy, so that `registry.example` and `evil.example` are different
 * sites, which two ports of this machine are not.
 */
import { createServer, request as requestHttp, type IncomingHttpHeaders, type RequestListener } from "node:http";

import { onTestFinished } from "vitest";

import { MemoryStore, parseReference, push } from "../../src/index.ts";
import { createTransport, proxiesFrom, RemoteStore, type RemoteStoreOptions } from "../../src/remote/index.ts";
import type { Credential, EndpointSource, Timeouts } from "../../src/remote/index.ts";
import { listen } from "../../src/remote/http/testing/servers.ts";
import type { FakeRegistryOptions } from "../../src/remote/testing/fake-options.ts";
import { startFakeRegistry, type FakeRegistry } from "../../src/remote/testing/fake-registry.ts";
import { NO_WAIT } from "../../src/remote/testing/remote-fixture.ts";
import { release } from "../../src/skill/testing/release.ts";

const USERNAME = "ada";
export const PASSWORD = "Canary-4711";
/** As a server sees it. */
export const BASIC = `Basic ${Buffer.from(`${USERNAME}:${PASSWORD}`).toString("base64")}`;

/** The registry for which there are credentials, and a skill that is published there. */
export const REGISTRY = "registry.example";
export const SKILL = `${REGISTRY}/team/hello:1.0.0`;

/** A request that somebody got. */
export interface Seen {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingHttpHeaders;
}

export class HostileNetwork {
  /** All that was sent, in order. */
  readonly seen: Seen[] = [];
  /** The proxy through which the names of this network are reached. */
  readonly proxy: URL;
  readonly #hosts: Map<string, RequestListener>;

  private constructor(proxy: URL, hosts: Map<string, RequestListener>, seen: Seen[]) {
    this.proxy = proxy;
    this.#hosts = hosts;
    this.seen = seen;
  }

  /** Starts it, with nobody in it; it ends with the test. */
  static async create(): Promise<HostileNetwork> {
    const hosts = new Map<string, RequestListener>();
    const seen: Seen[] = [];
    const server = createServer((request, response) => {
      const url = new URL(request.url ?? "");
      seen.push({ method: request.method ?? "", url, headers: request.headers });
      const listener = hosts.get(url.host) ?? hosts.get(url.hostname);
      if (listener === undefined) response.writeHead(502).end();
      else listener(request, response);
    });
    // Nobody here speaks TLS.
    server.on("connect", (_, socket) => void socket.end("HTTP/1.1 200 Connected\r\n\r\n"));
    return new HostileNetwork(await listen(server, "http"), hosts, seen);
  }

  /** Gives a name, `host` or `host:port`, to somebody who answers as the test says. */
  host(name: string, listener: RequestListener): void {
    this.#hosts.set(name, listener);
  }

  /** {@link REGISTRY}, which wants the password and has {@link SKILL}. */
  async registry(options: FakeRegistryOptions = {}): Promise<FakeRegistry> {
    const auth = { scheme: "basic", username: USERNAME, password: PASSWORD } as const;
    let isHonest = true;
    const location = (path: string): string => (isHonest ? path : (options.location?.(path) ?? path));
    const registry = await startFakeRegistry({ auth, ...options, location });
    onTestFinished(() => registry.close());
    await publish(registry);
    isHonest = false;
    this.host(REGISTRY, forwardingTo(registry.host));
    this.seen.length = 0;
    registry.takeLog();
    return registry;
  }

  /** What was sent to a host, `host[:port]`. */
  at(host: string): readonly Seen[] {
    return this.seen.filter(({ url }) => url.host === host);
  }

  /** Whether a host got to see the password, in whatever way. */
  knowsPassword(host: string): boolean {
    return this.at(host).some((seen) => bearsSecret(JSON.stringify([seen.url.href, seen.headers])));
  }

  /** The registries of this network for somebody who has credentials for {@link REGISTRY}. */
  store({ timeouts, ...options }: RemoteStoreOptions & { readonly timeouts?: Timeouts } = {}): RemoteStore {
    const transport = createTransport({
      proxies: proxiesFrom({ ALL_PROXY: this.proxy.href }),
      ...(timeouts && { timeouts }),
    });
    const store = new RemoteStore({ endpoints: PLAIN, credentials: ADA, transport, retry: NO_WAIT, ...options });
    onTestFinished(() => store.close());
    return store;
  }
}

/** Whether a text shows the password, as it is or as it is sent. */
export function bearsSecret(text: string): boolean {
  return [PASSWORD, BASIC.slice("Basic ".length).replace(/=+$/, "")].some((secret) => text.includes(secret));
}

const CREDENTIAL: Credential = { kind: "basic", username: USERNAME, password: PASSWORD };

/** Somebody who has a password for {@link REGISTRY} and for nobody else. */
export const ADA = {
  find: async (repository: string) => (/^registry\.example\b/.test(repository) ? CREDENTIAL : undefined),
};

/** Every registry where its name says, by plain http. */
const PLAIN: EndpointSource = {
  endpoints: async (name) => {
    const { registry = "", repository } = parseReference(name);
    return [{ registry, repository, scheme: "http", tls: {} }];
  },
};

/** The skill, made once for all tests of a file. */
let made: { readonly local: MemoryStore; readonly reference: string } | undefined;

async function publish(registry: FakeRegistry): Promise<void> {
  if (made === undefined) {
    const store = new MemoryStore();
    made = { local: store, reference: await release(store, { name: "hello" }, "published") };
  }
  const { local } = made;
  const reference = parseReference(made.reference);
  const honest = new RemoteStore({ credentials: { find: async () => CREDENTIAL } });
  await push(local, honest, reference, parseReference(`${registry.host}/team/hello:1.0.0`));
  await honest.close();
}

function forwardingTo(host: string): RequestListener {
  return (request, response) => {
    const { pathname, search } = new URL(request.url ?? "");
    const { method = "GET", headers } = request;
    const onward = requestHttp(`http://${host}${pathname}${search}`, { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(response);
      answer.on("error", () => response.destroy());
    });
    onward.on("error", () => response.destroy());
    request.pipe(onward);
  };
}
