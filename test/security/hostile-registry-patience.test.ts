/** A hostile registry that wants us to try again and again, or to wait: it gets a few attempts, and little time. */
import type { RequestListener } from "node:http";

import { describe, expect, it } from "vitest";

import { inspect, parseReference } from "../../src/index.ts";
import { digestOf } from "../../src/oci/index.ts";
import type { RetryPolicy } from "../../src/remote/index.ts";
import { NO_WAIT } from "../../src/remote/testing/remote-fixture.ts";
import { BASIC, HostileNetwork, REGISTRY, SKILL } from "./hostile-network.ts";

const ALWAYS = { times: 100_000 } as const;
const MIB = 1024 * 1024;
const skill = parseReference(SKILL);
const NAME = `${REGISTRY}/team/hello`;

describe("a registry that asks to be asked again", () => {
  /** The waits that somebody would have waited. */
  function noting(): { readonly waits: number[]; readonly retry: RetryPolicy } {
    const waits: number[] = [];
    return { waits, retry: { wait: async (milliseconds) => void waits.push(milliseconds), random: () => 1 } };
  }

  it.each([
    ["86400", 1, "asks to wait 86400 s"],
    ["Fri, 31 Dec 9999 23:59:59 GMT", 1, "asks to wait"],
    ["-86400", 4, "is asked too often"],
    ["99999999999999999999", 1, "asks to wait"],
    ["Thu, 01 Jan 1970 00:00:00 GMT", 4, "is asked too often"],
    ["0x10", 4, "is asked too often"],
  ])("after %s is not waited for longer than a minute", async (after, attempts, message) => {
    const network = await HostileNetwork.create();
    network.host(REGISTRY, (_, response) => void response.writeHead(429, { "retry-after": after }).end());
    const { waits, retry } = noting();
    await expect(network.store({ retry }).repository(NAME).resolve("1.0.0")).rejects.toMatchObject({
      code: "REGISTRY_RATE_LIMITED",
      message: expect.stringContaining(message),
    });
    expect(network.at(REGISTRY)).toHaveLength(attempts);
    expect(Math.max(0, ...waits)).toBeLessThan(60_000);
  });

  it("is sent no piece of an upload again before it has said how far the upload is", async () => {
    const network = await HostileNetwork.create();
    const registry = await network.registry();
    registry.fail({ ...ALWAYS, method: "PATCH", status: 503 });
    const repository = network.store({ chunkSize: MIB }).repository(NAME);
    const content = new Uint8Array(3 * MIB);
    await expect(
      repository.ingest(
        "application/octet-stream",
        (async function* () {
          yield content;
        })(),
      ),
    ).rejects.toMatchObject({ code: "REGISTRY_ERROR" });
    const methods = network.at(REGISTRY).map(({ method }) => method);
    expect(methods.filter((method) => method === "PATCH").length).toBeLessThan(10);
    expect(methods.join(" ")).not.toContain("PATCH PATCH");
  });

  it("for bytes that nobody has sent yet ends the upload", async () => {
    const network = await HostileNetwork.create();
    const registry = await network.registry();
    registry.fail({ ...ALWAYS, method: "PATCH", status: 503 });
    const headers = { range: "0-99999999999999" };
    registry.fail({ ...ALWAYS, method: "GET", path: "/blobs/uploads/", status: 204, headers });
    const content = new Uint8Array(5 * MIB);
    const blob = { mediaType: "application/octet-stream", digest: digestOf(content), size: content.byteLength };
    await expect(network.store().repository(NAME).push(blob, content)).rejects.toMatchObject({
      code: "RESPONSE_INVALID",
      message: expect.stringContaining("has 100000000000000 bytes of it, too many"),
    });
    expect(network.at(REGISTRY).length).toBeLessThan(12);
  });

  it("for the password, after it has got it, gets it no more than twice", async () => {
    const network = await HostileNetwork.create();
    network.host(REGISTRY, (_, response) => {
      response.writeHead(401, { "www-authenticate": "Basic realm=x" }).end();
    });
    await expect(inspect(network.store(), skill)).rejects.toMatchObject({ code: "REGISTRY_UNAUTHORIZED" });
    expect(network.seen.filter(({ headers }) => headers.authorization === BASIC).length).toBeLessThanOrEqual(2);
  });

  it("for other tokens, with ever new scopes, gets few", async () => {
    const network = await HostileNetwork.create();
    let count = 0;
    network.host("auth.registry.example", (_, response) => {
      response.end(JSON.stringify({ token: `token-${(count += 1)}` }));
    });
    network.host(REGISTRY, (_, response) => {
      const scope = `repository:team/hello:pull,x${(count += 1)}`;
      const challenge = `Bearer realm="http://auth.registry.example/token",scope="${scope}"`;
      response.writeHead(401, { "www-authenticate": challenge }).end();
    });
    await expect(inspect(network.store(), skill)).rejects.toMatchObject({ code: "REGISTRY_UNAUTHORIZED" });
    expect(network.seen.length).toBeLessThan(12);
  });
});

describe("a registry that is slow on purpose", () => {
  it.each<readonly [string, RequestListener]>([
    ["says nothing", () => undefined],
    ["stops in the middle", (_, response) => void response.writeHead(200, { "content-length": "100" }).write("x")],
    ["does not end its answer", (_, response) => void response.writeHead(404).write("x")],
  ])("and %s is given up", async (_, listener) => {
    const network = await HostileNetwork.create();
    network.host(REGISTRY, listener);
    const store = network.store({
      timeouts: { answer: 50, idle: 50, discard: 50 },
      retry: { ...NO_WAIT, attempts: 2 },
    });
    const failed = await store
      .repository(NAME)
      .resolve("1.0.0")
      .catch((error: unknown) => error);
    expect(["REGISTRY_UNREACHABLE", "NOT_FOUND"]).toContain((failed as { readonly code?: string }).code);
    expect(network.seen.length).toBeLessThanOrEqual(2);
  });
});
