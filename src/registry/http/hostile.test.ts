/** Attacks on the registry, each by its name. */
import { mkdtemp, rm } from "node:fs/promises";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

import { afterEach, describe, expect, it, onTestFinished, vi } from "vitest";

import { digestOf, MediaType } from "../../oci/index.ts";
import { RegistryRefusal, type AccessControl, type AuditEntry } from "../hooks.ts";
import { createFsStorage } from "../storage/fs/index.ts";
import { createMemoryStorage } from "../storage/memory/index.ts";
import type { RegistryStorage } from "../storage/types.ts";
import { RawConnection, rawStatus } from "./testing/raw-request.ts";
import { startRegistry, type RunningRegistry } from "./testing/running-registry.ts";

/** Access that lets nobody write. */
function closedAccess(): AccessControl {
  return {
    identify: async () => ({ name: undefined, roles: () => new Set() }),
    authorize: async () => {
      throw new RegistryRefusal(401, "UNAUTHORIZED", "log in");
    },
  };
}

let running: RunningRegistry;
afterEach(async () => running.close());

async function begin(options: Parameters<typeof startRegistry>[0] = {}): Promise<void> {
  running = await startRegistry(options);
}

/** Begins with what `store` stores. The registry waits for so many milliseconds only, but has all the time for that. */
async function beginImpatient<T>(idleTimeout: number, store: () => Promise<T>): Promise<T> {
  const storage = createMemoryStorage();
  await begin({ storage });
  const stored = await store();
  await running.close();
  await begin({ storage, limits: { idleTimeout } });
  return stored;
}

async function pushBlob(repository: string, content: string): Promise<string> {
  const digest = digestOf(content);
  const response = await running.fetch(`/v2/${repository}/blobs/uploads/?digest=${digest}`, {
    method: "POST",
    body: content,
  });
  expect(response.status).toBe(201);
  return digest;
}

async function pushIndex(tag: string, size: number): Promise<void> {
  const index = { schemaVersion: 2, mediaType: MediaType.index, manifests: [], annotations: { x: "x".repeat(size) } };
  const put = { method: "PUT", headers: { "content-type": MediaType.index }, body: JSON.stringify(index) };
  expect((await running.fetch(`/v2/a/manifests/${tag}`, put)).status).toBe(201);
}

/** Resolves when `condition` holds, which nothing but the time of the test limits. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

/** Bytes that are in use. */
function heapInUse(): number {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  return process.memoryUsage().heapUsed;
}

describe("paths", () => {
  it.each([
    "/v2/a/../b/tags/list",
    "/v2/../../etc/passwd",
    "/v2/%2e%2e/%2e%2e/tags/list",
    "/v2/a%2f..%2fb/tags/list",
    "/v2/a/blobs/..",
    "/v2/a/blobs/sha256:../../x",
    "/v2/a/blobs/uploads/../../../x",
    "/v2/a/manifests/..",
    "/v2/a/manifests/%00",
    "/v2/a/_/tags/list",
    `/v2/${"a/".repeat(2000)}tags/list`,
    "/v2/a/referrers/sha256:%2e%2e",
  ])("%s leads nowhere", async (target) => {
    await begin();
    for (const method of ["GET", "PUT", "DELETE"]) {
      expect([400, 404, 405]).toContain(await rawStatus(running.host, method, target));
    }
  });
});

describe("manifests that two readers would read differently", () => {
  const nested = `${'{"a":'.repeat(65)}1${"}".repeat(65)}`;
  const descriptor = `{"mediaType":"x/y","digest":"${digestOf("x")}","size":1}`;
  it.each([
    ["an image and an index at once", `{"schemaVersion":2,"config":${descriptor},"layers":[],"manifests":[]}`],
    ["a key twice", `{"schemaVersion":2,"schemaVersion":2,"manifests":[]}`],
    ["a key twice, once in escapes", `{"schemaVersion":2,"manifests":[],"manif\\u0065sts":[]}`],
    ["a key twice, once in capitals, as Go reads it", `{"schemaVersion":2,"manifests":[],"Manifests":[${descriptor}]}`],
    ["__proto__", `{"schemaVersion":2,"manifests":[],"__proto__":{}}`],
    ["depth over 64", `{"schemaVersion":2,"manifests":[],"x":${nested}}`],
    ["invalid UTF-8", Buffer.from('{"schemaVersion":2,"manifests":[],"x":"\xff"}', "latin1")],
    ["a byte-order mark", '\u{feff}{"schemaVersion":2,"manifests":[]}'],
    ["no JSON", "not json"],
    ["nothing", ""],
    ["null", "null"],
    ["schema 1", `{"schemaVersion":1,"manifests":[]}`],
    ["a digest that is none", `{"schemaVersion":2,"manifests":[{"mediaType":"x","digest":"sha256:..","size":1}]}`],
    ["a negative size", `{"schemaVersion":2,"manifests":[{"mediaType":"x","digest":"${digestOf("x")}","size":-1}]}`],
  ])("%s: 400", async (_, body) => {
    await begin();
    const response = await running.fetch("/v2/a/manifests/1", {
      method: "PUT",
      headers: { "content-type": MediaType.index },
      body,
    });
    expect(response.status).toBe(400);
    const answer = await response.text();
    expect(JSON.parse(answer)).toMatchObject({ errors: [{ code: "MANIFEST_INVALID" }] });
    expect(answer).not.toContain("\u{feff}");
    expect((await running.fetch("/v2/a/manifests/1")).status).toBe(404);
  });
});

describe("clients that lie about lengths", () => {
  it("who announces more than comes gets nothing stored as a blob", async () => {
    await begin();
    const digest = digestOf("half");
    const connection = await RawConnection.open(running.host);
    connection.write(
      `POST /v2/a/blobs/uploads/?digest=${digest} HTTP/1.1\r\nHost: ${running.host}\r\nContent-Length: 300000\r\n\r\nhalf`,
    );
    connection.socket.end();
    await connection.ended();
    expect((await running.fetch(`/v2/a/blobs/${digest}`)).status).toBe(404);
    for await (const upload of running.storage.blobs.uploads.list()) throw new Error(`left over: ${upload.id}`);
  });
  it("what follows an announced length is no part of the blob", async () => {
    await begin();
    const digest = digestOf("half");
    const connection = await RawConnection.open(running.host);
    connection.write(
      `POST /v2/a/blobs/uploads/?digest=${digest} HTTP/1.1\r\nHost: ${running.host}\r\nContent-Length: 4\r\n\r\nhalf and more`,
    );
    await connection.ended();
    const found = await running.fetch(`/v2/a/blobs/${digest}`);
    expect(["half", undefined]).toContain(found.status === 200 ? await found.text() : undefined);
  });
  it("two lengths, or a length and chunks, are no request", async () => {
    await begin();
    for (const headers of [
      "Content-Length: 4\r\nContent-Length: 5",
      "Content-Length: 4\r\nTransfer-Encoding: chunked",
      "Content-Length: -4",
    ]) {
      const connection = await RawConnection.open(running.host);
      connection.write(`POST /v2/a/blobs/uploads/ HTTP/1.1\r\nHost: ${running.host}\r\n${headers}\r\n\r\nhalf`);
      expect(await connection.status()).toBe(400);
      connection.close();
    }
  });
  it("a manifest that is announced as too large is refused before it comes", async () => {
    await begin();
    const connection = await RawConnection.open(running.host);
    connection.write(
      `PUT /v2/a/manifests/1 HTTP/1.1\r\nHost: ${running.host}\r\nContent-Length: 999999999999\r\nContent-Type: ${MediaType.index}\r\n\r\n`,
    );
    expect(await connection.status()).toBe(413);
    connection.close();
  });
  it("a manifest that is streamed without end is cut at its limit", async () => {
    await begin({ limits: { manifestSize: 1000 } });
    const response = await running.fetch("/v2/a/manifests/1", {
      method: "PUT",
      headers: { "content-type": MediaType.index },
      body: new ReadableStream({
        start: (controller) => {
          for (let at = 0; at < 50; at++) controller.enqueue(new Uint8Array(100));
          controller.close();
        },
      }),
      duplex: "half",
    });
    expect(response.status).toBe(413);
  });
  it("a manifest in chunks of one byte takes little more memory than its bytes", async () => {
    await begin();
    const connection = await RawConnection.open(running.host);
    connection.write(`PUT /v2/a/b/manifests/x HTTP/1.1\r\nHost: ${running.host}\r\nTransfer-Encoding: chunked\r\n\r\n`);
    const before = heapInUse();
    connection.write("1\r\nx\r\n".repeat(80_000));
    await delay(2000);
    const taken = heapInUse() - before;
    connection.write("0\r\n\r\n");
    expect(await connection.status()).toBe(400);
    expect(taken).toBeLessThan(4 * 1024 ** 2);
  });
  it("a blob over the limit is refused, announced or streamed, and what came of it can be given up", async () => {
    await begin({ limits: { blobSize: 10 } });
    const begun = await running.fetch("/v2/a/blobs/uploads/", { method: "POST" });
    const location = begun.headers.get("location") ?? "";
    expect((await running.fetch(location, { method: "PATCH", body: "0123456789+" })).status).toBe(413);
    const stream = new ReadableStream({
      start: (controller) => {
        for (const text of ["01234", "56789", "+"]) controller.enqueue(new TextEncoder().encode(text));
        controller.close();
      },
    });
    expect((await running.fetch(location, { method: "PATCH", body: stream, duplex: "half" })).status).toBe(413);
    expect((await running.fetch(location, { method: "DELETE" })).status).toBe(204);
  });
});

describe("clients that wait to be asked for a body (100-continue)", () => {
  const put = (headers: string): string =>
    `PUT /v2/a/manifests/1 HTTP/1.1\r\nHost: ${running.host}\r\nContent-Type: ${MediaType.index}\r\nExpect: 100-continue\r\n${headers}\r\n\r\n`;

  it.each<[string, number, Parameters<typeof startRegistry>[0], string]>([
    ["who announces too much", 413, { limits: { manifestSize: 10 } }, "Content-Length: 11"],
    ["who may not write", 401, { access: closedAccess() }, "Content-Length: 5"],
    ["who names no repository", 400, {}, "Content-Length: 5\r\nIf-Match: x"],
  ])("%s is refused before it is sent", async (_, status, options, headers) => {
    await begin(options);
    const connection = await RawConnection.open(running.host);
    connection.write(status === 400 ? put(headers).replace("/a/", "/A/") : put(headers));
    const answer = await connection.ended();
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(answer).toContain("Connection: close");
  });

  it("all others are asked for it, once", async () => {
    await begin();
    const body = '{"schemaVersion":2,"manifests":[]}';
    const connection = await RawConnection.open(running.host);
    connection.write(put(`Connection: close\r\nContent-Length: ${body.length}`));
    expect(await connection.status()).toBe(100);
    connection.write(body);
    expect((await connection.ended()).match(/HTTP\/1.1 [0-9]+/g)).toEqual(["HTTP/1.1 100", "HTTP/1.1 201"]);
  });
});

describe("a manifest", () => {
  const put = async (reference: string, type: string, body: string): Promise<Response> =>
    running.fetch(`/v2/a/manifests/${reference}`, { method: "PUT", headers: { "content-type": type }, body });

  it("keeps the type that it was pushed as: nobody makes a Docker image of it afterwards", async () => {
    await begin();
    const config = await pushBlob("a", "{}");
    const body = JSON.stringify({
      schemaVersion: 2,
      config: { mediaType: MediaType.config, digest: config, size: 2 },
      layers: [],
    });
    expect((await put("1", MediaType.manifest, body)).status).toBe(201);
    for (const reference of ["2", "1", digestOf(body)]) {
      const refused = await put(reference, MediaType.dockerManifest, body);
      expect(refused.status).toBe(403);
      expect(await refused.text()).toContain("is here as application/vnd.oci.image.manifest.v1+json");
    }
    expect((await running.fetch("/v2/a/manifests/1")).headers.get("content-type")).toBe(MediaType.manifest);
  });

  it("of few bytes and many values is refused before it is read: nobody else would be answered meanwhile", async () => {
    await begin();
    const annotations = Object.fromEntries(Array.from({ length: 50_001 }, (_, at) => [`k${at}`, ""]));
    const refused = await put("1", MediaType.index, JSON.stringify({ schemaVersion: 2, manifests: [], annotations }));
    expect(refused.status).toBe(413);
    expect(await refused.text()).toContain("a manifest may hold at most 50000 values");
  });

  it.each([
    ["kept in memory", 1024 * 1024],
    ["not kept in memory", 0],
  ])("%s warns whoever pulls it each time, however it spells that it is deprecated", async (_, cacheSize) => {
    await begin({ cacheSize });
    const index = (status: string): string =>
      `{"schemaVersion":2,"mediaType":"${MediaType.index}","manifests":[],"annotations":{"io.skillimage.status":"${status}"}}`;
    const warnings = async (tag: string): Promise<(string | null)[]> => {
      const answers = [await running.fetch(`/v2/a/manifests/${tag}`), await running.fetch(`/v2/a/manifests/${tag}`)];
      return answers.map(({ headers }) => headers.get("warning"));
    };
    for (const [tag, status] of Object.entries({ plain: "deprecated", escaped: "d\\u0065precated", other: "draft" })) {
      expect((await put(tag, MediaType.index, index(status))).status).toBe(201);
    }
    expect(await warnings("plain")).toEqual(Array(2).fill('299 - "this skill is deprecated"'));
    expect(await warnings("escaped")).toEqual(Array(2).fill('299 - "this skill is deprecated"'));
    expect(await warnings("other")).toEqual([null, null]);
  });

  it("that an index lists is one of the repository, not a blob that comes to life later", async () => {
    await begin();
    const config = await pushBlob("a", "{}");
    const image = JSON.stringify({
      schemaVersion: 2,
      mediaType: MediaType.manifest,
      config: { mediaType: MediaType.config, digest: config, size: 2 },
      layers: [],
    });
    const digest = await pushBlob("a", image);
    const child = { mediaType: MediaType.manifest, digest, size: image.length };
    const index = JSON.stringify({ schemaVersion: 2, mediaType: MediaType.index, manifests: [child] });
    const refused = await put("1", MediaType.index, index);
    expect(refused.status).toBe(404);
    expect(await refused.json()).toMatchObject({ errors: [{ code: "MANIFEST_BLOB_UNKNOWN" }] });
    expect((await put(digest, MediaType.manifest, image)).status).toBe(201);
    expect((await put("1", MediaType.index, index)).status).toBe(201);
  });
});

describe("clients that do nothing", () => {
  it("who stops sending a body loses the connection; what had come stays, to go on from", async () => {
    await begin({ limits: { idleTimeout: 30 } });
    const begun = await running.fetch("/v2/a/blobs/uploads/", { method: "POST" });
    const location = begun.headers.get("location") ?? "";
    const connection = await RawConnection.open(running.host);
    connection.write(`PATCH ${location} HTTP/1.1\r\nHost: ${running.host}\r\nContent-Length: 100\r\n\r\nhalf`);
    await connection.ended();
    const status = await running.fetch(location);
    expect(status.headers.get("range")).toBe("0-3");
  });
  it("who sends a byte now and then is no better", async () => {
    await begin({ limits: { idleTimeout: 40, leastProgress: 100 } });
    const connection = await RawConnection.open(running.host);
    connection.write(`PUT /v2/a/manifests/1 HTTP/1.1\r\nHost: ${running.host}\r\nContent-Length: 10000\r\n\r\n`);
    const drip = setInterval(() => connection.write("x"), 10);
    await connection.ended();
    clearInterval(drip);
    await until(() => running.reports.length > 0);
    expect(running.reports.at(-1)?.refusal?.status).toBe(408);
  });
  it("who asks for a large blob and does not take it loses the connection", async () => {
    const content = "0123456789abcdef".repeat(1024 * 1024);
    const digest = await beginImpatient(50, async () => pushBlob("a", content));
    const connection = await RawConnection.open(running.host);
    connection.socket.pause();
    connection.write(`GET /v2/a/blobs/${digest} HTTP/1.1\r\nHost: ${running.host}\r\n\r\n`);
    await until(() => running.reports.length > 0);
    expect(running.reports.at(-1)?.bytesOut).toBeLessThan(content.length);
    connection.close();
  });
  it.each([
    ["a large manifest", 3_000_000, 20],
    ["something small, again and again", 100_000, 600],
  ])("who asks for %s and does not take it loses the connection", async (_, size, times) => {
    await beginImpatient(50, async () => pushIndex("1", size));
    const connection = await RawConnection.open(running.host);
    connection.socket.pause();
    connection.write(`GET /v2/a/manifests/1 HTTP/1.1\r\nHost: ${running.host}\r\n\r\n`.repeat(times));
    await until(() => running.reports.at(-1)?.refusal?.status === 499);
    connection.socket.resume();
    expect((await connection.ended()).length).toBeLessThan(size * times);
  });
  it("who asks for a large manifest many times at once has it in memory once", async () => {
    const storage = createMemoryStorage();
    await begin({ storage });
    await pushIndex("1", 3_900_000);
    const read = vi.spyOn(storage.blobs, "read");
    const connection = await RawConnection.open(running.host);
    connection.socket.pause();
    connection.write("GET /v2/a/manifests/1 HTTP/1.1\r\nHost: a\r\n\r\n".repeat(300));
    await until(() => read.mock.calls.length > 0);
    await delay(300);
    connection.close();
    // What goes out while nobody takes it is what the system holds for a connection.
    expect(read.mock.calls.length).toBeLessThan(5);
  });
  it("who asks on and on while an answer is on its way is not listened to without end", async () => {
    let [asked, letGo] = [0, (): void => undefined];
    const held = new Promise<void>((resolve) => (letGo = resolve));
    const access: AccessControl = {
      identify: async () => {
        asked += 1;
        return { name: undefined, roles: () => new Set() };
      },
      authorize: async () => held,
    };
    await begin({ access });
    const connection = await RawConnection.open(running.host);
    connection.socket.pause();
    const request = "GET /v2/ HTTP/1.1\r\nHost: a\r\n\r\n";
    const times = 500_000;
    connection.write(request.repeat(times));
    await until(() => asked >= 100);
    await delay(300);
    expect(asked).toBe(100);
    // The rest has not been read, by far.
    expect(connection.socket.writableLength).toBeGreaterThan((request.length * times) / 2);
    letGo();
    connection.close();
  });
});

describe("clients that go away", () => {
  it("are on record as such, and not as failures of the registry", async () => {
    const entries: AuditEntry[] = [];
    await begin({ audit: { record: async (entry) => void entries.push(entry) } });
    const digest = await pushBlob("a", "0123456789abcdef".repeat(1024 * 1024));
    for (const request of [
      `GET /v2/a/blobs/${digest} HTTP/1.1\r\nHost: a\r\n\r\n`,
      `PUT /v2/a/manifests/1 HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\nExpect: 100-continue\r\n\r\n`,
    ]) {
      const before = running.reports.length;
      const connection = await RawConnection.open(running.host);
      connection.write(request);
      await connection.status();
      connection.close();
      await until(() => running.reports.length > before);
      expect(running.reports.at(-1)).toMatchObject({
        refusal: { status: 499, message: "the client was gone before it had its answer" },
        failure: undefined,
      });
    }
    expect(entries.map(({ outcome, status }) => [outcome, status])).toEqual([
      ["allowed", undefined],
      ["failed", 499],
    ]);
  });
  it.each([
    [
      "by a reset, having taken nothing",
      60_000,
      (socket: Socket) => void socket.resetAndDestroy(),
      "was gone before it had its answer",
    ],
    ["as they took nothing", 50, () => undefined, "took too little of its answer"],
  ])("%s, in the midst of a blob, are on record as such", async (_, idleTimeout, leave, why) => {
    const digest = await beginImpatient(idleTimeout, async () => pushBlob("a", "0123456789abcdef".repeat(1024 * 1024)));
    const read = vi.spyOn(running.storage.blobs, "read");
    const connection = await RawConnection.open(running.host);
    connection.socket.pause();
    connection.write(`GET /v2/a/blobs/${digest} HTTP/1.1\r\nHost: a\r\n\r\n`);
    await until(() => read.mock.calls.length > 0);
    await delay(20);
    leave(connection.socket);
    await until(() => running.reports.length > 0);
    expect(running.reports.at(-1)).toMatchObject({
      refusal: { status: 499, message: `the client ${why}` },
      failure: undefined,
    });
    connection.close();
  });
  it("by a reset, whatever tells of it first, are on record as such", async () => {
    const entries: AuditEntry[] = [];
    await begin({ audit: { record: async (entry) => void entries.push(entry) } });
    const digest = await pushBlob("a", "0123456789abcdef".repeat(1024 * 1024));
    const before = running.reports.length;
    const times = 120;
    for (let at = 0; at < times; at++) {
      const connection = await RawConnection.open(running.host);
      connection.write(
        at % 2 === 0
          ? `GET /v2/a/blobs/${digest} HTTP/1.1\r\nHost: a\r\n\r\n`
          : `PUT /v2/a/manifests/1 HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\nExpect: 100-continue\r\n\r\n`,
      );
      await connection.status();
      if (at % 4 > 1) await delay(3);
      connection.socket.resetAndDestroy();
    }
    await until(() => running.reports.length >= before + times);
    const statuses = running.reports.slice(before).map(({ refusal }) => refusal?.status);
    expect(statuses).toEqual(Array(times).fill(499));
    expect(entries.map(({ status }) => status)).toEqual([undefined, ...Array<number>(times / 2).fill(499)]);
  });
  it.each([100, 3_000_000])(
    "before their turn came leave nothing of the answers that waited for it: %i",
    async (size) => {
      await begin();
      await pushIndex("1", size);
      const large = await pushBlob("a", "0123456789abcdef".repeat(1024 * 1024));
      const read = vi.spyOn(running.storage.blobs, "read");
      const before = running.reports.length;
      const connection = await RawConnection.open(running.host);
      const ask = (path: string): string => `GET /v2/a/${path} HTTP/1.1\r\nHost: a\r\n\r\n`;
      connection.socket.pause();
      connection.write(ask(`blobs/${large}`) + ask("manifests/1").repeat(3));
      await until(() => read.mock.calls.length > 0);
      await delay(200);
      connection.close();
      await until(() => running.reports.length >= before + 4);
    },
  );
});

describe("uploads", () => {
  it("there are no more than there is room for, and those that expired make room", async () => {
    let now = 0;
    await begin({ limits: { uploads: 3, uploadsPerRepository: 2 }, now: () => now });
    const start = async (repository: string): Promise<Response> =>
      running.fetch(`/v2/${repository}/blobs/uploads/`, { method: "POST" });
    const first = await start("a");
    expect([first.status, (await start("a")).status]).toEqual([202, 202]);
    const refused = await start("a");
    expect(refused.status).toBe(429);
    expect(refused.headers.get("retry-after")).not.toBeNull();
    expect([(await start("b")).status, (await start("b")).status]).toEqual([202, 429]);
    // As maintenance does, perhaps in another process.
    await running.storage.blobs.uploads.cancel((first.headers.get("location") ?? "").split("/").at(-1) ?? "");
    now += 10_000;
    expect((await start("b")).status).toBe(202);
  });
  it("that another request works on are not said to be cancelled", async () => {
    const root = await mkdtemp(join(tmpdir(), "skillctl-hostile-"));
    onTestFinished(async () => rm(root, { recursive: true }));
    await begin({ storage: await createFsStorage(root) });
    const begun = await running.fetch("/v2/a/blobs/uploads/", { method: "POST" });
    const location = begun.headers.get("location") ?? "";
    const cancel = async (): Promise<number> => (await running.fetch(location, { method: "DELETE" })).status;
    const connection = await RawConnection.open(running.host);
    connection.write(`PATCH ${location} HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\nExpect: 100-continue\r\n\r\n`);
    expect(await connection.status()).toBe(100);
    expect(await cancel()).toBe(409);
    connection.close();
    while ((await cancel()) === 409);
    expect((await running.fetch(location)).status).toBe(404);
  });
  it("that expired do not stand in the metrics for good", async () => {
    let now = 0;
    await begin({ now: () => now });
    const begun = await running.fetch("/v2/a/blobs/uploads/", { method: "POST" });
    await running.fetch("/v2/b/blobs/uploads/", { method: "POST" });
    expect(await running.registry.openUploads()).toBe(2);
    await running.storage.blobs.uploads.cancel((begun.headers.get("location") ?? "").split("/").at(-1) ?? "");
    now += 60_000;
    expect(await running.registry.openUploads()).toBe(1);
  });
  it("that ended while they were counted do not stand in the metrics for long", async () => {
    let now = 0;
    const storage = createMemoryStorage();
    await begin({ storage, now: () => now });
    const begun = await running.fetch("/v2/a/blobs/uploads/", { method: "POST" });
    const { uploads } = storage.blobs;
    const list = uploads.list.bind(uploads);
    uploads.list = async function* counted(options) {
      yield* list(options);
      await running.fetch(begun.headers.get("location") ?? "", { method: "DELETE" });
    };
    now += 60_000;
    expect(await running.registry.openUploads()).toBe(1);
    now += 5000;
    expect(await running.registry.openUploads()).toBe(0);
  });
  it("that ended are seen also when the clock was set back since they were counted", async () => {
    let now = 1_000_000;
    await begin({ limits: { uploads: 1 }, now: () => now });
    const start = async (): Promise<Response> => running.fetch("/v2/a/blobs/uploads/", { method: "POST" });
    const first = await start();
    now += 10_000;
    expect((await start()).status).toBe(429);
    await running.storage.blobs.uploads.cancel((first.headers.get("location") ?? "").split("/").at(-1) ?? "");
    now -= 86_400_000;
    expect((await start()).status).toBe(202);
  });
  it("whoever cannot be counted is not let in", async () => {
    const storage = createMemoryStorage();
    storage.metadata.usage = () => Promise.reject(new Error("the counter is broken"));
    await begin({ storage, quotas: [{ namespace: "", bytes: 1000 }] });
    const response = await running.fetch("/v2/a/blobs/uploads/", { method: "POST" });
    expect(response.status).toBe(503);
    expect(await response.text()).not.toContain("counter");
  });
});

describe("a failure of ours", () => {
  it("tells the client nothing but where to look, and the log everything", async () => {
    const storage = createMemoryStorage();
    const broken: RegistryStorage = {
      ...storage,
      metadata: {
        ...storage.metadata,
        repository: () => {
          throw new Error("/srv/secret/path is broken");
        },
      },
    };
    const problems: { readonly requestId: string; readonly error: unknown }[] = [];
    await begin({ storage: broken, log: (problem) => problems.push(problem) });
    const response = await running.fetch("/v2/a/tags/list", { headers: { "x-request-id": "mine-1" } });
    expect(response.status).toBe(500);
    expect(response.headers.get("x-request-id")).toBe("mine-1");
    const body = await response.text();
    expect(body).toContain("mine-1");
    expect(body).not.toContain("secret");
    expect(problems).toMatchObject([{ requestId: "mine-1", error: { message: "/srv/secret/path is broken" } }]);
  });
  it("a request id that is no id is not taken over", async () => {
    await begin();
    const response = await running.fetch("/v2/", { headers: { "x-request-id": 'x" onload="' } });
    expect(response.headers.get("x-request-id")).toMatch(/^[0-9a-f-]{36}$/);
  });
});
