/** A hostile registry that wants to fill our memory, or to keep us reading: each such answer is cut short. */
import type { RequestListener } from "node:http";

import { describe, expect, it } from "vitest";

import { history, inspect, MemoryStore, parseReference, promote, pull } from "../../src/index.ts";
import { MediaType, type Descriptor, type Digest } from "../../src/oci/index.ts";
import { serveRaw } from "../../src/remote/http/testing/servers.ts";
import { HostileNetwork, REGISTRY, SKILL } from "./hostile-network.ts";

const ALWAYS = { times: 100_000 } as const;
const MIB = 1024 * 1024;
const skill = parseReference(SKILL);
const NAME = `${REGISTRY}/team/hello`;

/** Sends an answer without an end, and counts what it could send before nobody wanted more. */
function endless(
  status: number,
  headers: Readonly<Record<string, string>>,
  begin = "",
): [RequestListener, () => number] {
  const piece = Buffer.alloc(MIB / 16, " ");
  let sent = 0;
  const listener: RequestListener = (_, response) => {
    response.writeHead(status, headers);
    response.write(begin);
    const more = (): void => {
      do sent += piece.byteLength;
      while (response.write(piece) && sent < 1024 * MIB);
    };
    response.on("drain", more);
    more();
  };
  return [listener, () => sent];
}

/** What connections take on the way, beyond what was read: buffers on both sides. */
const ON_THE_WAY = 8 * MIB;

describe("an answer without an end is not read to it:", () => {
  it.each([
    ["a manifest", 4 * MIB, "MANIFEST_TOO_LARGE", 200],
    ["an error", 4 * MIB, "REGISTRY_ERROR", 400],
  ] as const)("%s", async (_, limit, code, status) => {
    const network = await HostileNetwork.create();
    const [listener, sent] = endless(status, { "content-type": MediaType.manifest });
    network.host(REGISTRY, listener);
    await expect(network.store().repository(NAME).resolve("1.0.0")).rejects.toMatchObject({ code });
    expect(sent()).toBeLessThan(limit + ON_THE_WAY);
  });

  it("a list", async () => {
    const network = await HostileNetwork.create();
    const [listener, sent] = endless(200, { "content-type": "application/json" }, '{"tags":[');
    network.host(REGISTRY, listener);
    await expect(network.store().repository(NAME).tags().next()).rejects.toMatchObject({ code: "RESPONSE_INVALID" });
    expect(sent()).toBeLessThan(16 * MIB + ON_THE_WAY);
  });

  it("a token", async () => {
    const network = await HostileNetwork.create();
    const [listener, sent] = endless(200, {}, '{"token":"');
    network.host("auth.registry.example", listener);
    network.host(REGISTRY, (_, response) => {
      response.writeHead(401, { "www-authenticate": 'Bearer realm="http://auth.registry.example/token"' }).end();
    });
    await expect(inspect(network.store(), skill)).rejects.toMatchObject({ code: "RESPONSE_INVALID" });
    expect(sent()).toBeLessThan(MIB + ON_THE_WAY);
  });

  it.each(["layer", "config"])("a %s", async (part) => {
    const network = await HostileNetwork.create();
    const registry = await network.registry();
    const [listener, sent] = endless(200, {});
    network.host("cdn.example", listener);
    const { manifests, blobs } = registry.content.repository("team/hello");
    const document = JSON.parse(Buffer.from([...manifests.values()][0]?.bytes ?? []).toString()) as {
      readonly config: Descriptor;
      readonly layers: readonly [Descriptor];
    };
    const [layer] = document.layers;
    const { digest } = part === "config" ? document.config : layer;
    const local = new MemoryStore();
    // A config is asked for where it cannot be made of the layer on its way.
    if (part === "config") await local.repository("team/hello").push(layer, Buffer.from(blobs.get(layer.digest) ?? []));
    registry.fail({ ...ALWAYS, path: digest, status: 307, headers: { location: "http://cdn.example/blob" } });
    await expect(pull(network.store(), local, skill)).rejects.toMatchObject({ code: "SIZE_MISMATCH" });
    expect(sent()).toBeLessThan(ON_THE_WAY);
  });

  it("the answer to what nobody wants to know more of: a redirect, a challenge", async () => {
    const network = await HostileNetwork.create();
    const [redirecting, sent] = endless(307, { location: "http://cdn.example/manifest" });
    network.host(REGISTRY, redirecting);
    network.host("cdn.example", (_, response) => void response.writeHead(404).end());
    await expect(network.store().repository(NAME).resolve("1.0.0")).rejects.toMatchObject({ code: "NOT_FOUND" });
    const [challenging, challenged] = endless(401, { "www-authenticate": "Basic realm=x" });
    network.host(REGISTRY, challenging);
    await expect(network.store().repository(NAME).resolve("1.0.0")).rejects.toMatchObject({
      code: "REGISTRY_UNAUTHORIZED",
    });
    expect(sent() + challenged()).toBeLessThan(3 * ON_THE_WAY);
  });

  it.each([
    ["headers", "HTTP/1.1 200 OK\r\n", "x: y\r\n", "RESPONSE_INVALID"],
    ["hints that an answer will come", "", "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n", "REGISTRY_UNREACHABLE"],
  ])("%s", async (_, begin, words, code) => {
    const { host } = await serveRaw((socket) => {
      socket.write(begin);
      const more = (): void => {
        if (socket.writable) socket.write(words.repeat(100), () => setImmediate(more));
      };
      more();
    });
    const network = await HostileNetwork.create();
    const store = network.store({ timeouts: { answer: 100 }, retry: { attempts: 1 } });
    await expect(store.repository(`${host}/team/hello`).resolve("1.0.0")).rejects.toMatchObject({ code });
  });
});

/** What is read here is large; a machine that does much else beside may take its time. In milliseconds. */
const LONG = 60_000;

describe("a list", { timeout: LONG }, () => {
  it("whose pages go on for ever, each with a new link, ends", async () => {
    const network = await HostileNetwork.create();
    const page = `{"tags":["a"],"padding":"${"x".repeat(15 * MIB)}"}`;
    let pages = 0;
    network.host(REGISTRY, (_, response) => {
      pages += 1;
      response.writeHead(200, { link: `</v2/team/hello/tags/list?last=${pages}>; rel="next"` }).end(page);
    });
    const listing = network.store().repository(NAME).tags().next();
    await expect(listing).rejects.toMatchObject({
      code: "RESPONSE_INVALID",
      message: expect.stringContaining("sends a list of more than"),
    });
    expect(pages).toBe(5);
  });

  it("of more than a million tags is none", async () => {
    const network = await HostileNetwork.create();
    const tags = Array.from({ length: 1_000_001 }, (_, at) => at.toString(36));
    network.host(REGISTRY, (_, response) => void response.end(JSON.stringify({ tags })));
    const listing = network.store().repository(NAME).tags().next();
    await expect(listing).rejects.toMatchObject({
      code: "RESPONSE_INVALID",
      message: expect.stringContaining("more than 1000000"),
    });
  });

  it("of more than a hundred thousand referrers is none", async () => {
    const network = await HostileNetwork.create();
    const registry = await network.registry();
    const manifests = referrers(100_001, 100);
    registry.fail({ ...ALWAYS, path: "/referrers/", status: 200, body: JSON.stringify({ manifests }) });
    await expect(history(network.store(), skill)).rejects.toMatchObject({
      code: "RESPONSE_INVALID",
      message: expect.stringContaining("more than 100000 referrers"),
    });
  });
});

/** Promotion records, as a registry lists them. */
function referrers(count: number, size: number): readonly object[] {
  return Array.from({ length: count }, (_, at) => ({
    mediaType: "a/b",
    digest: `sha256:${at.toString(16).padStart(64, "0")}`,
    size,
  }));
}

describe("promotion records", () => {
  it("that are as large as manifests may be are not read: thousands of them would be in memory at once", async () => {
    const network = await HostileNetwork.create();
    const registry = await network.registry();
    const manifests = referrers(50, 4 * MIB).map((each) => ({
      ...each,
      mediaType: MediaType.manifest,
      artifactType: MediaType.promotion,
    }));
    registry.fail({ ...ALWAYS, path: "/referrers/", status: 200, body: JSON.stringify({ manifests }) });
    registry.takeLog();
    const { valid, steps } = await history(network.store(), skill);
    expect([valid, steps.length]).toEqual([false, 50]);
    expect(steps[0]?.problems).toEqual([`it has ${4 * MIB} bytes, which no record has`]);
    expect(registry.takeLog().filter((line) => line.includes("/manifests/sha256"))).toEqual([]);
  });

  it("of very many others who promoted the same are counted, not told one by one", async () => {
    const network = await HostileNetwork.create();
    const registry = await network.registry({ deletes: "none" });
    const manifests = referrers(1000, 100).map((each) => ({
      ...each,
      mediaType: MediaType.manifest,
      artifactType: MediaType.promotion,
      annotations: { "io.skillimage.promotion.actor": "x".repeat(10_000) },
    }));
    registry.fail({ ...ALWAYS, method: "GET", path: "/referrers/", status: 200, body: JSON.stringify({ manifests }) });
    const { warnings } = await promote(network.store(), skill, "deprecated");
    expect(warnings.join("\n").length).toBeLessThan(5000);
  });
});

describe("an index of the tag schema", () => {
  it("that leads to itself, or is no index, ends", async () => {
    const network = await HostileNetwork.create();
    const registry = await network.registry({ referrers: false });
    const { tags, manifests } = registry.content.repository("team/hello");
    const digest = tags.get("1.0.0") as Digest;
    const tag = digest.replace(":", "-");
    tags.set(tag, digest);
    expect(manifests.has(digest)).toBe(true);
    await expect(history(network.store(), skill)).rejects.toMatchObject({ code: "MANIFEST_INVALID" });
  });
});
