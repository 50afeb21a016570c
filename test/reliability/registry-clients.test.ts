/**
 * Figures: 200 clients that trickle a byte now and then, announce more than they send or never read what they asked for are cut off
 * in time, while others are served; of 100 that push different content under one published tag at once, exactly one wins.
 */
import { createHash } from "node:crypto";
import { once } from "node:events";
import { readdir } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { promote, push } from "../../src/skill/index.ts";
import { parseReference } from "../../src/oci/index.ts";
import { RemoteStore } from "../../src/remote/index.ts";
import { release } from "../../src/skill/testing/release.ts";
import { MemoryStore } from "../../src/store/index.ts";
import { temporaryDirectory } from "../fixtures/temporary-directory.ts";
import { canMeasureMemory } from "./peak-memory.ts";
import { startServer, type ServerProcess } from "./registry-server.ts";
import { figure } from "./soak.ts";

const CLIENTS = figure(50, 200);
/** Milliseconds. */
const PATIENCE = 1000;
const BYTES_OUT = 'skillctl_http_body_bytes_total{direction="out"}';
const BLOBS_ASKED_FOR = 'skillctl_http_requests_total{method="GET",route="blob",status="200"}';

let server: ServerProcess;
let remove: () => Promise<void>;
beforeAll(async () => {
  const { path, remove: removeAll } = await temporaryDirectory();
  remove = removeAll;
  const limits = { idleTimeout: `${PATIENCE / 1000}s` };
  server = await startServer(join(path, "registry"), { config: { limits } });
});
afterAll(async () => {
  await server.end();
  await remove();
});

/** A connection on which the head of a request has been sent. */
async function send(head: string): Promise<Socket> {
  const [address = "", port = ""] = server.host.split(":");
  const socket = connect(Number(port), address);
  // That the server breaks off is what this is about.
  socket.on("error", () => {});
  await once(socket, "connect");
  socket.write(`${head}\r\nHost: ${server.host}\r\n\r\n`);
  return socket;
}

/** How long the server keeps a connection on which it reads nothing more, in milliseconds; what it answered is read. */
async function closed(socket: Socket): Promise<number> {
  const started = performance.now();
  socket.resume();
  if (!socket.closed) await new Promise((resolve) => socket.once("close", resolve));
  return performance.now() - started;
}

/** What an ordinary client waits for an answer meanwhile, at worst, in milliseconds. */
async function worstAnswer(until: Promise<unknown>): Promise<number> {
  let [worst, isOver] = [0, false];
  const end = (): boolean => (isOver = true);
  void until.then(end, end);
  while (!isOver) {
    const started = performance.now();
    expect((await fetch(`${server.url}/v2/`)).status).toBe(200);
    worst = Math.max(worst, performance.now() - started);
  }
  return worst;
}

/** How many files and connections a process has open. */
async function descriptorsOf(pid: number): Promise<number> {
  return (await readdir(`/proc/${pid}/fd`)).length;
}

async function metric(name: string): Promise<number> {
  const metrics = await (await fetch(`${server.url}/metrics`)).text();
  const line = metrics.split("\n").find((text) => text.startsWith(`${name} `));
  return Number(line?.slice(name.length));
}

const openUploads = async (): Promise<number> => metric("skillctl_open_uploads");

describe("clients that", () => {
  it("trickle a byte now and then are cut off, and cost others nothing", async () => {
    const trickle = async (): Promise<number> => {
      const digest = `sha256:${"0".repeat(64)}`;
      const socket = await send(
        `POST /v2/slow/loris/blobs/uploads/?digest=${digest} HTTP/1.1\r\nContent-Length: 1000000`,
      );
      const timer = setInterval(() => socket.write("x"), PATIENCE / 10);
      const lasted = await closed(socket);
      clearInterval(timer);
      return lasted;
    };
    const all = Promise.all(Array.from({ length: CLIENTS }, trickle));
    const worst = await worstAnswer(all);
    for (const lasted of await all) expect(lasted).toBeLessThan(PATIENCE * 15);
    expect(worst).toBeLessThan(PATIENCE * 5);
    await expect.poll(openUploads, { timeout: PATIENCE * 30 }).toBe(0);
  });

  it("announce more than they send leave nothing behind", async () => {
    const digest = `sha256:${createHash("sha256").update("half").digest("hex")}`;
    const lie = async (): Promise<number> => {
      const socket = await send(`POST /v2/lying/a/blobs/uploads/?digest=${digest} HTTP/1.1\r\nContent-Length: 1000000`);
      socket.write("half");
      return closed(socket);
    };
    for (const lasted of await Promise.all(Array.from({ length: CLIENTS }, lie))) {
      expect(lasted).toBeLessThan(PATIENCE * 15);
    }
    expect((await fetch(`${server.url}/v2/lying/a/blobs/${digest}`)).status).toBe(404);
    await expect.poll(openUploads, { timeout: PATIENCE * 30 }).toBe(0);
  });

  it.runIf(canMeasureMemory)("never read what they asked for are cut off", async () => {
    const content = Buffer.alloc(16 * 1024 ** 2, "content");
    const digest = `sha256:${createHash("sha256").update(content).digest("hex")}`;
    const url = `${server.url}/v2/never/reads/blobs/uploads/?digest=${digest}`;
    expect((await fetch(url, { method: "POST", body: content })).status).toBe(201);
    const [before, sent] = [await descriptorsOf(server.pid), await metric(BYTES_OUT)];
    const sockets = await Promise.all(
      Array.from({ length: CLIENTS }, async () => send(`GET /v2/never/reads/blobs/${digest} HTTP/1.1`)),
    );
    const answered = async (): Promise<number> => metric(BLOBS_ASKED_FOR);
    await expect.poll(answered, { timeout: PATIENCE * 30, interval: PATIENCE }).toBe(CLIENTS);
    expect((await metric(BYTES_OUT)) - sent).toBeLessThan(CLIENTS * content.byteLength);
    const connections = async (): Promise<number> => (await descriptorsOf(server.pid)) - before;
    await expect.poll(connections, { timeout: PATIENCE * 30, interval: PATIENCE }).toBeLessThan(CLIENTS / 10);
    for (const socket of sockets) socket.destroy();
  });
});

describe("a published tag", () => {
  it("goes to exactly one of 100 that push different content at once, and everybody gets that", async () => {
    const store = new RemoteStore();
    const local = new MemoryStore();
    const source = parseReference(await release(local, { version: "1.0.0" }, "draft"));
    const at = (text: string) => parseReference(`${server.host}/acme/race/greeter${text}`);
    await push(local, store, source, at(""));
    await promote(store, at(":1.0.0-draft"), "testing");
    await store.close();
    const url = `${server.url}/v2/acme/race/greeter/manifests/`;
    const testing = await (await fetch(`${url}1.0.0-testing`)).text();
    const answers = await Promise.all(
      Array.from({ length: 100 }, async (_, number) => {
        const created = `"org.opencontainers.image.created":"2026-01-01T00:00:${String(number % 60).padStart(2, "0")}Z"`;
        const body = testing
          .replace('"io.skillimage.status":"testing"', '"io.skillimage.status":"published"')
          .replace(/"org\.opencontainers\.image\.created":"[^"]*"/, created);
        // Some of the contents are the same: for them, the tag names already what they want.
        const headers = { "content-type": "application/vnd.oci.image.manifest.v1+json" };
        const response = await fetch(`${url}1.0.0`, { method: "PUT", headers, body });
        const digest = `sha256:${createHash("sha256").update(body).digest("hex")}`;
        return { status: response.status, digest };
      }),
    );
    const winners = new Set(answers.filter(({ status }) => status === 201).map(({ digest }) => digest));
    expect([...winners]).toHaveLength(1);
    for (const { status, digest } of answers) if (!winners.has(digest)) expect(status).toBe(403);
    const got = await fetch(`${url}1.0.0`);
    expect([...winners]).toEqual([got.headers.get("docker-content-digest")]);
  });
});
