/** A success that comes whole while the request is still being sent: it is no answer before all was sent, and must not be waited for without end. */
import { expect, it } from "vitest";

import type { Content } from "../../content/index.ts";
import { serve, serveRaw } from "./testing/servers.ts";
import { endless, PIECE } from "./testing/streams.ts";
import { createTransport } from "./transport.ts";

const CREATED = "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n";
const transport = createTransport();

async function* pieces(count: number): Content {
  for (let at = 0; at < count; at += 1) yield PIECE;
}

it.each([
  ["a stream", pieces(1000)],
  ["bytes", Buffer.alloc(16 * 1024 ** 2)],
])("fails when the connection ends while %s is sent", async (_, body) => {
  const url = await serveRaw((socket) => {
    socket.once("data", () => socket.write(CREATED, () => socket.destroy()));
  });
  await expect(transport.send({ method: "PUT", url, body })).rejects.toMatchObject({ code: "REGISTRY_UNREACHABLE" });
});

it("fails when it says that the connection ends with it", async () => {
  const url = await serve((request, response) => {
    response.writeHead(201, { "content-length": "0", connection: "close" }).end();
    request.resume();
  });
  await expect(transport.send({ method: "PUT", url, body: pieces(1000) })).rejects.toMatchObject({
    code: "REGISTRY_UNREACHABLE",
  });
});

it("fails when no more of the request is taken", async () => {
  const url = await serveRaw((socket) => {
    socket.once("data", () => socket.pause().write(CREATED));
  });
  const ours = createTransport({ timeouts: { idle: 20 } });
  await expect(ours.send({ method: "PUT", url, body: endless() })).rejects.toThrow("hardly anything moved for 0.02 s");
});

it("is the answer once all was sent, where the connection goes on", async () => {
  let received = 0;
  const url = await serve((request, response) => {
    response.writeHead(201, { "content-length": "0" }).end();
    request.on("data", (chunk: Uint8Array) => (received += chunk.byteLength));
  });
  const response = await transport.send({ method: "PUT", url, body: pieces(100) });
  expect([response.status, received]).toEqual([201, 100 * PIECE.byteLength]);
});

it("can be cancelled until all was sent", async () => {
  const cancel = new AbortController();
  const url = await serveRaw((socket) => {
    socket.once("data", () => socket.write(CREATED));
    socket.resume();
  });
  let read = 0;
  // Long after the success has come.
  const body = endless(() => void (++read === 1000 && cancel.abort()));
  const sent = transport.send({ method: "PUT", url, body, signal: cancel.signal });
  await expect(sent).rejects.toMatchObject({ code: "ABORTED" });
});
