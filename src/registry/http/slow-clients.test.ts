/** Clients on slow lines: who takes little by little gets everything, who takes nothing does not keep a connection. */
import { createServer } from "node:http";
import { Duplex } from "node:stream";

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { digestOf } from "../../oci/index.ts";
import { createMemoryStorage } from "../storage/memory/index.ts";
import { createRegistry } from "./index.ts";

/** A connection that says `request`, and takes so many bytes of the answer in a millisecond. */
class Line extends Duplex {
  received = 0;
  readonly #rate: number;

  constructor(request: string, rate: number) {
    super();
    this.#rate = rate;
    this.push(request);
  }

  override _read(): void {}

  override _write(bytes: Buffer, _encoding: string, done: () => void): void {
    this.#take(bytes.byteLength, done);
  }

  /** What was handed on in one go is seen to be taken in one go, as with a socket. */
  override _writev(chunks: readonly { readonly chunk: Buffer }[], done: () => void): void {
    const size = chunks.reduce((sum, { chunk }) => sum + chunk.byteLength, 0);
    this.#take(size, done);
  }

  #take(size: number, done: () => void): void {
    setTimeout(() => {
      this.received += size;
      done();
    }, size / this.#rate);
  }
}

const server = createServer();
const TIMERS = ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "performance"] as const;
beforeEach(() => void vi.useFakeTimers({ toFake: [...TIMERS] }));
afterEach(() => {
  vi.useRealTimers();
  server.removeAllListeners("request");
});

/** Resolves to what `done` does, while time passes by the millisecond, each with all that is to be done in it. */
async function passing<T>(done: Promise<T>): Promise<T> {
  let isDone = false;
  const ended = (): void => void (isDone = true);
  done.then(ended, ended);
  while (!isDone) {
    for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    vi.advanceTimersByTime(1);
  }
  return done;
}

describe("a client on a slow line", () => {
  it.each([
    ["in whatever chunks the storage has it", 2 * 1024 * 1024, 0],
    ["however late the storage has it", 512 * 1024, 480],
  ])("gets all of a blob that it takes steadily, %s", async (_, size, late) => {
    const content = Buffer.alloc(size, "x");
    const digest = digestOf(content);
    const storage = createMemoryStorage();
    await storage.blobs.put(digest, content);
    await storage.metadata.repository("a").linkBlob(digest);
    storage.blobs.read = async function* whole() {
      await new Promise((resolve) => setTimeout(resolve, late));
      yield content;
    };
    const registry = createRegistry({ storage, limits: { idleTimeout: 500 } });
    const line = new Line(`GET /v2/a/blobs/${digest} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`, 1500);
    const report = new Promise((resolve, reject) => {
      server.on("request", (...exchange) => void registry.handle(...exchange).then(resolve, reject));
    });
    server.emit("connection", line);
    expect(await passing(report)).toMatchObject({ status: 200, bytesOut: content.byteLength, refusal: undefined });
    expect(line.received).toBeGreaterThan(content.byteLength);
  });

  it("gets a blob that it asked for before it had another one", async () => {
    const [first, second] = [Buffer.alloc(1536 * 1024, "x"), Buffer.alloc(1024 * 1024, "y")];
    const storage = createMemoryStorage();
    for (const content of [first, second]) {
      await storage.blobs.put(digestOf(content), content);
      await storage.metadata.repository("a").linkBlob(digestOf(content));
    }
    const registry = createRegistry({ storage, limits: { idleTimeout: 500 } });
    const requests = [first, second].map(
      (content, at) =>
        `GET /v2/a/blobs/${digestOf(content)} HTTP/1.1\r\nHost: a\r\n${at === 0 ? "" : "Connection: close\r\n"}\r\n`,
    );
    const line = new Line(requests.join(""), 1500);
    const reports: Promise<unknown>[] = [];
    server.on("request", (...exchange) => void reports.push(registry.handle(...exchange)));
    server.emit("connection", line);
    while (reports.length < 2) await new Promise((resolve) => setImmediate(resolve));
    const whole = { status: 200, refusal: undefined };
    expect(await passing(Promise.all(reports))).toMatchObject([whole, whole]);
    expect(line.received).toBeGreaterThan(first.byteLength + second.byteLength);
  });
});
