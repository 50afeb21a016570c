import type { Socket } from "node:net";

import { describe, expect, it, onTestFinished, vi } from "vitest";

import { readAll } from "../../content/index.ts";
import { isTransient } from "./failures.ts";
import { serve, serveRaw } from "./testing/servers.ts";
import { closing, endless, streamOf, textOf } from "./testing/streams.ts";
import { createTransport } from "./transport.ts";
import type { Timeouts } from "./timeouts.ts";

/** Long enough for a loopback connection, short enough for a test. */
const SHORT = 60;
const OK = "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n";

/** Returns what makes time pass, which nothing else does: a busy machine waits for nobody. */
function stopTheClock(): (milliseconds: number) => void {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  onTestFinished(() => void vi.useRealTimers());
  return (milliseconds) => void vi.advanceTimersByTime(milliseconds);
}

/** A transport whose other time-outs are too long to be what ends a test. */
const impatient = (timeouts: Timeouts) => createTransport({ timeouts });

/** A server that answers with `bytes` and no more; tells when its connection is closed. */
async function stuckAfter(bytes: string): Promise<{ readonly url: URL; readonly closed: () => Promise<void> }> {
  let closed: Promise<void> | undefined;
  const url = await serveRaw((socket: Socket) => {
    closed = closing(socket);
    socket.on("data", () => undefined).once("data", () => socket.write(bytes));
  });
  return { url, closed: async () => closed };
}

describe("a server that keeps us waiting", () => {
  it.each([
    ["says nothing", ""],
    ["begins to say something", "HTTP/1.1 200 OK\r\nX-More: "],
    ["promises an answer again and again", "HTTP/1.1 100 Continue\r\n\r\n".repeat(50)],
  ])("is given up when it %s", async (_, bytes) => {
    const { url, closed } = await stuckAfter(bytes);
    const sent = impatient({ answer: SHORT }).send({ method: "GET", url });
    await expect(sent).rejects.toMatchObject({
      code: "REGISTRY_UNREACHABLE",
      message: `cannot reach ${url.host}: no answer came for 0.06 s`,
    });
    await expect(sent).rejects.not.toSatisfy(isTransient);
    await closed();
  });

  it("is given up when it drips headers, though something moves", async () => {
    const url = await serveRaw((socket) => {
      socket.once("data", () => {
        const drip = setInterval(() => socket.write("X-More: 1\r\n"), 5);
        socket.write("HTTP/1.1 200 OK\r\n");
        socket.on("close", () => clearInterval(drip));
      });
    });
    const sent = impatient({ answer: SHORT }).send({ method: "GET", url });
    await expect(sent).rejects.toMatchObject({ code: "REGISTRY_UNREACHABLE" });
  });

  it("is given up when it does not go on with TLS", async () => {
    const { url, closed } = await stuckAfter("");
    url.protocol = "https:";
    const sent = impatient({ connect: SHORT }).send({ method: "GET", url });
    await expect(sent).rejects.toMatchObject({
      code: "REGISTRY_UNREACHABLE",
      message: `cannot reach ${url.host}: there was no connection for 0.06 s`,
    });
    await closed();
  });

  it("is given up in the middle of a body, after what came of it", async () => {
    const { url, closed } = await stuckAfter(`${OK}half of it`);
    const { body } = await impatient({ idle: SHORT }).send({ method: "GET", url });
    let text = "";
    const reading = (async () => {
      for await (const chunk of body) text += Buffer.from(chunk).toString();
    })();
    await expect(reading).rejects.toMatchObject({
      code: "REGISTRY_UNREACHABLE",
      message: `the answer of ${url.host} was cut off: hardly anything moved for 0.06 s`,
    });
    expect(text).toBe("half of it");
    await closed();
  });

  it("is given up when it takes no more of a request", async () => {
    const url = await serveRaw((socket) => void socket.pause());
    for (const body of [endless(), Buffer.alloc(64 * 1024 ** 2)]) {
      await expect(impatient({ idle: SHORT }).send({ method: "PUT", url, body })).rejects.toMatchObject({
        code: "REGISTRY_UNREACHABLE",
        message: `cannot reach ${url.host}: hardly anything moved for 0.06 s`,
      });
    }
  });

  it("is waited for while its body moves, however slowly", async () => {
    const pass = stopTheClock();
    let drip = (): void => undefined;
    const url = await serve((_, response) => {
      drip = () => void response.write(Buffer.alloc(2048));
      drip();
    });
    const { body } = await impatient({ idle: SHORT }).send({ method: "GET", url });
    let size = 0;
    for await (const chunk of body) {
      size += chunk.byteLength;
      if (size >= 40 * 2048) break;
      if (size % 2048 > 0) continue;
      // By then, the next piece is waited for.
      setImmediate(() => {
        pass(SHORT - 5);
        drip();
      });
    }
    expect(size).toBe(40 * 2048);
  });

  it("is given up when it drips its body byte by byte", async () => {
    const url = await serve((_, response) => {
      const drip = setInterval(() => response.write(Buffer.alloc(1)), 5);
      response.on("close", () => clearInterval(drip));
    });
    const { body } = await impatient({ idle: SHORT }).send({ method: "GET", url });
    await expect(readAll(body)).rejects.toMatchObject({
      code: "REGISTRY_UNREACHABLE",
      message: expect.stringContaining("hardly anything moved for 0.06 s"),
    });
  });
});

describe("what is not the server's fault", () => {
  it("does not count: a reader that takes its time", async () => {
    const pass = stopTheClock();
    let send = (): void => undefined;
    const url = await serve((_, response) => {
      response.flushHeaders();
      send = () => void response.end(Buffer.alloc(4_000_000));
    });
    const { body } = await impatient({ idle: SHORT }).send({ method: "GET", url });
    // The reader waits for the first piece, by then.
    setImmediate(() => send());
    let size = 0;
    for await (const chunk of body) {
      if (size === 0) pass(3 * SHORT);
      size += chunk.byteLength;
    }
    expect(size).toBe(4_000_000);
  });

  it("does not count: a source that takes its time", async () => {
    const pass = stopTheClock();
    const url = await serve((request, response) => void readAll(request).then((body) => response.end(body)));
    async function* slow(): AsyncGenerator<Uint8Array, void, undefined> {
      yield* streamOf("at ");
      pass(3 * SHORT);
      yield* streamOf("last");
    }
    const response = await impatient({ idle: SHORT, answer: SHORT }).send({ method: "PUT", url, body: slow() });
    expect(await textOf(response)).toBe("at last");
  });

  it("does not count: a turn that has not come yet", async () => {
    const pass = stopTheClock();
    const url = await serve((_, response) => {
      pass(SHORT / 2);
      response.end("x");
    });
    const ours = createTransport({ concurrency: 1, timeouts: { connect: SHORT, answer: SHORT, idle: SHORT } });
    const all = Array.from({ length: 5 }, async () => textOf(await ours.send({ method: "GET", url })));
    expect((await Promise.all(all)).join("")).toBe("xxxxx");
  });
});
