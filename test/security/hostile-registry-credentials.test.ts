/** What a hostile registry does to get at a password, or to somebody's own services: it learns what it was told, no more. */
import type { RequestListener } from "node:http";

import { describe, expect, it } from "vitest";

import { inspect, MemoryStore, parseReference, pull, push } from "../../src/index.ts";
import { digestOf, MediaType } from "../../src/oci/index.ts";
import { RemoteStore } from "../../src/remote/index.ts";
import { createAuthority } from "../../src/remote/http/testing/certificates.ts";
import { serve } from "../../src/remote/http/testing/servers.ts";
import { NO_WAIT } from "../../src/remote/testing/remote-fixture.ts";
import { release } from "../../src/skill/testing/release.ts";
import { ADA, BASIC, bearsSecret, HostileNetwork, PASSWORD, REGISTRY, SKILL } from "./hostile-network.ts";

const ALWAYS = { times: 1000 } as const;
const skill = parseReference(SKILL);

/** Says, as anybody may, that the answer is elsewhere; and leaves a cookie. */
function sendingTo(location: string): RequestListener {
  return (_, response) => void response.writeHead(307, { location, "set-cookie": "session=1" }).end();
}

/** Pushes a skill that the registry does not have. */
async function pushDraft(network: HostileNetwork): Promise<unknown> {
  const local = new MemoryStore();
  const reference = parseReference(await release(local, { name: "new" }, "draft"));
  return push(local, network.store(), reference, parseReference(`${REGISTRY}/team/new:1.0.0-draft`));
}

describe("the password of a registry is not shown to", () => {
  it.each([
    ["another host", "http://evil.example/manifest", "evil.example"],
    ["a host below it", "http://cdn.registry.example/manifest", "cdn.registry.example"],
    ["another port of it", "http://registry.example:8080/manifest", "registry.example:8080"],
    ["a host whose name it begins", "http://registry.example.evil.example/x", "registry.example.evil.example"],
  ])("%s to which it redirects", async (_, location, host) => {
    const network = await HostileNetwork.create();
    const registry = await network.registry();
    network.host(host, (__, response) => void response.writeHead(404).end());
    const isManifest = { ...ALWAYS, method: "GET", path: "/manifests/" } as const;
    const store = network.store();
    await inspect(store, skill);
    registry.fail({ ...isManifest, status: 307, headers: { location, "set-cookie": "session=1" } });
    await expect(inspect(network.store(), skill)).rejects.toMatchObject({ code: "NOT_FOUND" });
    // The first request goes out in nobody's name; with a store that is known to want a password, it bears that.
    registry.fail({ ...isManifest, status: 307, headers: { location } });
    await expect(store.repository(`${REGISTRY}/team/hello`).resolve("other")).rejects.toMatchObject({
      code: "NOT_FOUND",
    });
    expect(network.knowsPassword(REGISTRY)).toBe(true);
    expect(network.at(host).length).toBeGreaterThanOrEqual(2);
    expect(network.knowsPassword(host)).toBe(false);
  });

  it("whoever sends a redirect back to it: not even to the registry itself, nor a cookie", async () => {
    const network = await HostileNetwork.create();
    const registry = await network.registry();
    const store = network.store();
    await inspect(store, skill);
    network.host("evil.example", sendingTo(`http://${REGISTRY}/v2/team/hello/manifests/back`));
    registry.fail({ path: "/manifests/other", status: 307, headers: { location: "http://evil.example/" } });
    network.seen.length = 0;
    await expect(store.repository(`${REGISTRY}/team/hello`).resolve("other")).rejects.toMatchObject({
      code: "REGISTRY_UNAUTHORIZED",
    });
    const [asked, sentBack] = network.at(REGISTRY);
    expect(asked?.headers.authorization).toBe(BASIC);
    expect(sentBack?.url.pathname).toBe("/v2/team/hello/manifests/back");
    expect(sentBack?.headers).not.toHaveProperty("authorization");
    expect(network.seen.flatMap(({ headers }) => headers.cookie ?? [])).toEqual([]);
  });

  it.each([
    ["on another site", "http://evil.example/token", "REGISTRY_UNAUTHORIZED", "Nothing was sent"],
    ["in a URL with somebody's password", "http://eve:mallory@registry.example/token", "RESPONSE_INVALID", undefined],
    ["that is no place of the network", "http://169.254.169.254/latest/meta-data", "RESPONSE_INVALID", undefined],
    ["that is no URL", "token", "RESPONSE_INVALID", undefined],
  ])("a token server %s", async (_, realm, code, hint) => {
    const network = await HostileNetwork.create();
    const anybody: RequestListener = (__, response) => void response.end('{"token":"gotcha"}');
    for (const host of ["evil.example", "169.254.169.254"]) network.host(host, anybody);
    network.host(REGISTRY, (__, response) => {
      response.writeHead(401, { "www-authenticate": `Bearer realm="${realm}",service="x"` }).end();
    });
    const failed = await inspect(network.store(), skill).catch((error: unknown) => error);
    expect(failed).toMatchObject({ code, ...(hint === undefined ? {} : { hint: expect.stringContaining(hint) }) });
    expect(String(failed)).not.toContain("mallory");
    expect(network.seen.map(({ url }) => url.host)).toEqual([REGISTRY]);
  });

  it("whom its token server redirects to", async () => {
    const network = await HostileNetwork.create();
    network.host("evil.example", (_, response) => void response.end('{"token":"gotcha"}'));
    network.host("auth.registry.example", sendingTo("http://evil.example/token"));
    network.host(REGISTRY, (_, response) => {
      response.writeHead(401, { "www-authenticate": 'Bearer realm="http://auth.registry.example/token"' }).end();
    });
    await expect(inspect(network.store(), skill)).rejects.toMatchObject({
      code: "RESPONSE_INVALID",
      message: expect.stringContaining("redirects (307)"),
    });
    expect(network.knowsPassword("auth.registry.example")).toBe(true);
    expect(network.at("evil.example")).toEqual([]);
  });

  it.each<readonly [string, string]>([
    ["the next page of a list", "tags/list"],
    ["the next page of referrers", "referrers/"],
  ])("a stranger who is said to have %s: he is not even asked", async (_, path) => {
    const network = await HostileNetwork.create();
    const registry = await network.registry();
    const headers = { link: '<http://evil.example/next>; rel="next"' };
    const body = JSON.stringify({ tags: [], manifests: [], schemaVersion: 2 });
    registry.fail({ ...ALWAYS, path, status: 200, headers, body });
    const repository = network.store().repository(`${REGISTRY}/team/hello`);
    const listing = async (): Promise<unknown> =>
      path === "tags/list" ? repository.tags().next() : repository.referrers(await repository.resolve("1.0.0")).next();
    await expect(listing()).rejects.toMatchObject({
      code: "RESPONSE_INVALID",
      message: expect.stringContaining("sends us to another host for the next page"),
    });
    expect(network.at("evil.example")).toEqual([]);
  });

  it("a host to which it sends uploads", async () => {
    const network = await HostileNetwork.create();
    await network.registry({ location: (path) => `http://evil.example${path}` });
    network.host("evil.example", (request, response) => {
      request.resume().on("end", () => response.writeHead(403, { "set-cookie": "a=b" }).end());
    });
    await expect(pushDraft(network)).rejects.toMatchObject({ code: "REGISTRY_DENIED" });
    expect(network.at("evil.example").map(({ method }) => method)).toContain("PUT");
    expect(network.knowsPassword(REGISTRY)).toBe(true);
    expect(network.knowsPassword("evil.example")).toBe(false);
    expect(network.at(REGISTRY).some(({ headers }) => headers.cookie !== undefined)).toBe(false);
  });

  it("a registry that only uses tokens, because somebody to whom it redirects wants a password", async () => {
    const network = await HostileNetwork.create();
    network.host("evil.example", (_, response) => {
      response.writeHead(401, { "www-authenticate": "Basic realm=x" }).end();
    });
    network.host(REGISTRY, (request, response) => {
      request.resume();
      if (request.method === "GET") response.writeHead(307, { location: "http://evil.example/v2/" }).end();
      else response.writeHead(403).end();
    });
    const either = { registry: REGISTRY, repository: "team/hello", scheme: "either", tls: {} } as const;
    const store = network.store({ endpoints: { endpoints: async () => [either] } });
    const bytes = Buffer.from('{"schemaVersion":2,"manifests":[]}');
    const index = { mediaType: MediaType.index, digest: digestOf(bytes), size: bytes.byteLength };
    await expect(store.repository(`${REGISTRY}/team/hello`).push(index, bytes)).rejects.toMatchObject({
      code: "REGISTRY_DENIED",
    });
    expect(network.at("evil.example").length).toBe(1);
    expect(network.knowsPassword(REGISTRY)).toBe(false);
  });

  it("the plain text of a network, when https redirects there", async () => {
    const authority = await createAuthority();
    const plain: string[] = [];
    const eavesdropped = await serve((request, response) => {
      plain.push(JSON.stringify(request.headers));
      response.end("{}");
    });
    const secure = await serve(
      (request, response) => {
        if (request.headers.authorization === undefined) {
          response.writeHead(401, { "www-authenticate": "Basic realm=x" }).end();
        } else response.writeHead(302, { location: new URL("/manifest", eavesdropped).href }).end();
      },
      await authority.server(),
    );
    const store = new RemoteStore({
      credentials: { find: async () => ADA.find(REGISTRY) },
      endpoints: {
        endpoints: async () => [
          { registry: secure.host, repository: "team/hello", scheme: "https", tls: { ca: [authority.cert] } },
        ],
      },
      retry: NO_WAIT,
    });
    await expect(inspect(store, skill)).rejects.toMatchObject({
      code: "RESPONSE_INVALID",
      message: expect.stringContaining("that would leave TLS"),
    });
    expect(plain).toEqual([]);
    await store.close();
  });
});

describe("a registry that repeats what it was sent", () => {
  /** Wants to be signed in to in this way, and then says what it saw. */
  async function echoing(challenge: string): Promise<{ readonly message: string; readonly sent: string }> {
    const network = await HostileNetwork.create();
    network.host("auth.registry.example", (_, response) => void response.end('{"token":"Token-4711"}'));
    network.host(REGISTRY, ({ headers: { authorization } }, response) => {
      if (authorization === undefined) return void response.writeHead(401, { "www-authenticate": challenge }).end();
      const error = { code: "DENIED", message: `not with authorization: ${authorization} (${PASSWORD})` };
      response.writeHead(403).end(JSON.stringify({ errors: [error] }));
    });
    const failed: unknown = await inspect(network.store(), skill).catch((error: unknown) => error);
    expect(failed).toMatchObject({ code: "REGISTRY_DENIED" });
    return { message: (failed as Error).message, sent: network.at(REGISTRY).at(-1)?.headers.authorization ?? "" };
  }

  it("in an error is not cited with it, whichever way it was signed in to", async () => {
    const basic = await echoing("Basic realm=x");
    expect(basic.sent).toBe(BASIC);
    expect(bearsSecret(basic.message)).toBe(false);
    expect(basic.message).toContain("(403, DENIED)");
    const bearer = await echoing('Bearer realm="http://auth.registry.example/token"');
    expect(bearer.sent).toBe("Bearer Token-4711");
    expect(bearer.message).not.toContain("Token-4711");
    expect(bearsSecret(bearer.message)).toBe(false);
  });
});

/** Ways to write this machine, or its link; `PORT` is where something listens here. */
const HERE = [
  "http://127.0.0.1:PORT/",
  "http://localhost:PORT/",
  "http://localhost.:PORT/",
  "http://localhost..:PORT/",
  "http://x.localhost:PORT/",
  "http://LOCALHOST:PORT/",
  "http://%6cocalhost:PORT/",
  "http://127.1:PORT/",
  "http://2130706433:PORT/",
  "http://0x7f000001:PORT/",
  "http://127.0.0.1.:PORT/",
  "http://0.0.0.0:PORT/",
  "http://[::1]:PORT/",
  "http://[::]:PORT/",
  "http://[::ffff:127.0.0.1]:PORT/",
  "http://169.254.169.254/latest/meta-data",
  "http://[::ffff:a9fe:a9fe]/latest/meta-data",
  "http://[fe80::1]/",
];

describe("a registry elsewhere does not send us to our own machine", () => {
  it.each(HERE)("by redirecting to %s", async (location) => {
    const network = await HostileNetwork.create();
    const registry = await network.registry();
    const { target, visitors } = await secretService(location);
    registry.fail({ ...ALWAYS, method: "GET", path: "/blobs/", status: 307, headers: { location: target } });
    await expect(pull(network.store(), new MemoryStore(), skill)).rejects.toMatchObject({
      code: "RESPONSE_INVALID",
      message: expect.stringContaining("an address of this machine or its link"),
    });
    expect(visitors).toEqual([]);
    expect(network.seen.filter(({ url }) => url.host !== REGISTRY)).toEqual([]);
  });

  it.each(HERE)("by taking uploads at %s", async (location) => {
    const network = await HostileNetwork.create();
    const { target, visitors } = await secretService(location);
    await network.registry({ location: () => target });
    await expect(pushDraft(network)).rejects.toMatchObject({
      code: "RESPONSE_INVALID",
      message: expect.stringContaining("an address of this machine or its link"),
    });
    expect(visitors).toEqual([]);
    expect(network.seen.filter(({ url }) => url.host !== REGISTRY)).toEqual([]);
  });
});

/** Something on this machine that is nobody else's business. */
async function secretService(
  location: string,
): Promise<{ readonly target: string; readonly visitors: readonly string[] }> {
  const visitors: string[] = [];
  const { port } = await serve((request, response) => {
    visitors.push(`${request.method} ${request.url}`);
    response.end("secret");
  });
  return { target: location.replace("PORT", port), visitors };
}
