import { describe, expect, it } from "vitest";

import { isSkillError } from "../../errors.ts";
import { serveBytes, serveRaw } from "./testing/servers.ts";
import { textOf } from "./testing/streams.ts";
import { createTransport } from "./transport.ts";

const transport = createTransport();

describe("an answer that breaks the protocol", () => {
  it.each([
    ["garbage", "not http at all\r\n\r\n"],
    ["another version's greeting", "HTTP/9.9 200 OK\r\n\r\n"],
    ["headers without end", `HTTP/1.1 200 OK\r\nX-Long: ${"x".repeat(20_000)}\r\n\r\n`],
    ["many headers", `HTTP/1.1 200 OK\r\n${"X-Many: 1234567890\r\n".repeat(2000)}\r\n`],
    ["two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc"],
    ["a length and chunks", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"],
    ["a length that is none", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"],
    ["a compressed body", "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 0\r\n\r\n"],
  ])("is refused: %s", async (_, bytes) => {
    const url = await serveBytes(bytes);
    await expect(transport.send({ method: "GET", url })).rejects.toMatchObject({
      code: "RESPONSE_INVALID",
      message: expect.stringContaining(url.host),
    });
  });

  it("is not waited for when it tells us to switch protocols", async () => {
    const url = await serveBytes("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n");
    await expect(transport.send({ method: "GET", url })).rejects.toSatisfy((error) => isSkillError(error));
  });

  it("does not spill over into the next answer on the connection", async () => {
    const url = await serveRaw((socket) => {
      const ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n";
      socket.on("data", () => socket.write(`${ok}ok${ok}no`));
    });
    const ours = createTransport({ concurrency: 1 });
    for (let at = 0; at < 3; at += 1) {
      expect(await textOf(await ours.send({ method: "GET", url }))).toBe("ok");
    }
  });
});

it.each(["", "identity", "Identity"])("an answer that says of its encoding %j is as it is", async (encoding) => {
  const url = await serveBytes(`HTTP/1.1 200 OK\r\nContent-Encoding: ${encoding}\r\nContent-Length: 2\r\n\r\nok`);
  expect(await textOf(await transport.send({ method: "GET", url }))).toBe("ok");
});
