import type { Socket } from "node:net";

import { describe, expect, it } from "vitest";

import { readAll } from "../../content/index.ts";
import { serve, serveBytes } from "./testing/servers.ts";
import { closing, PIECE } from "./testing/streams.ts";
import { createTransport } from "./transport.ts";

const transport = createTransport();

describe("an answer's body", () => {
  it("comes as it was sent, whatever its size", async () => {
    const sent = Buffer.alloc(5_000_000);
    for (let at = 0; at < sent.byteLength; at += 4) sent.writeUInt32LE(at, at);
    const url = await serve((_, response) => void response.end(sent));
    const response = await transport.send({ method: "GET", url });
    expect(Buffer.compare(await readAll(response.body), sent)).toBe(0);
  });

  it("is only read as fast as somebody wants it", async () => {
    let sent = 0;
    const url = await serve((_, response) => {
      const more = (): void => {
        for (let room = true; room && sent < 256 * 1024 ** 2; sent += PIECE.byteLength) room = response.write(PIECE);
      };
      response.on("drain", more);
      more();
    });
    const response = await transport.send({ method: "GET", url });
    for await (const chunk of response.body) {
      expect(chunk[0]).toBe(PIECE[0]);
      await new Promise((resolve) => setImmediate(resolve));
      if (sent > 1) break;
    }
    expect(sent).toBeLessThan(32 * 1024 ** 2);
  });

  it("that is cut off ends with an error after what came of it", async () => {
    const url = await serveBytes("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this");
    const response = await transport.send({ method: "GET", url });
    let text = "";
    const reading = async (): Promise<void> => {
      for await (const chunk of response.body) text += Buffer.from(chunk).toString();
    };
    await expect(reading()).rejects.toMatchObject({
      code: "REGISTRY_UNREACHABLE",
      message: `the answer of ${url.host} was cut off: the connection broke`,
    });
    expect(text).toBe("only this");
  });

  it.each([
    [
      "a chunk without its end",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc",
      "REGISTRY_UNREACHABLE",
    ],
    ["a chunk length of garbage", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc", "RESPONSE_INVALID"],
  ])("is not whole with %s", async (_, bytes, code) => {
    const response = await transport.send({ method: "GET", url: await serveBytes(bytes) });
    await expect(readAll(response.body)).rejects.toMatchObject({ code });
  });

  it("leaves no connection behind when the reader leaves", async () => {
    let closed: Promise<unknown> | undefined;
    const url = await serve((request, response) => {
      closed = closing(request.socket);
      response.on("drain", () => response.write(PIECE)).write(PIECE);
    });
    for await (const chunk of (await transport.send({ method: "GET", url })).body) {
      expect(chunk.byteLength).toBeGreaterThan(0);
      break;
    }
    await closed;
  });

  it("can be given up: a short one for the sake of the connection, a long one with it", async () => {
    const sockets: Socket[] = [];
    const url = await serve((request, response) => {
      sockets.push(request.socket);
      response.end(Buffer.alloc(Number(request.url?.slice(1))));
    });
    const ours = createTransport();
    const give = async (size: number): Promise<void> =>
      (await ours.send({ method: "GET", url: new URL(`${size}`, url) })).discard();
    await give(1000);
    await give(50_000);
    expect(new Set(sockets).size).toBe(1);
    const [socket] = sockets;
    await give(50_000_000);
    if (socket?.destroyed === false) await closing(socket);
  });

  it("can be given up though its end never comes", async () => {
    let closed: Promise<unknown> | undefined;
    const url = await serve((request, response) => {
      closed = closing(request.socket);
      response.writeHead(401, { "content-length": 10 }).write("five…");
    });
    const response = await createTransport({ timeouts: { discard: 20 } }).send({ method: "GET", url });
    await response.discard();
    await closed;
    await response.discard();
  });
});
