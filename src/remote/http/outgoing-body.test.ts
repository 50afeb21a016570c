import { describe, expect, it } from "vitest";

import { readAll, type Content } from "../../content/index.ts";
import { nobody, serve, serveRaw } from "./testing/servers.ts";
import { closing, endless, PIECE, streamOf, textOf } from "./testing/streams.ts";
import { createTransport } from "./transport.ts";

const transport = createTransport();

describe("a streamed request", () => {
  it("throws what its source throws, and breaks off", async () => {
    const aborted: Promise<unknown>[] = [];
    const url = await serve((request) => void aborted.push(closing(request.resume().socket)));
    const broken = new Error("the disk failed");
    async function* source(): Content {
      yield PIECE;
      throw broken;
    }
    await expect(transport.send({ method: "PUT", url, body: source() })).rejects.toBe(broken);
    await Promise.all(aborted);
  });

  it("reads its source only as fast as the server takes it, and not at all without a server", async () => {
    const url = await serveRaw((socket) => void socket.pause());
    let read = 0;
    const source = (): Content => endless(() => (read += PIECE.byteLength));
    const ours = createTransport({ timeouts: { idle: 200 } });
    await expect(ours.send({ method: "PUT", url, body: source() })).rejects.toMatchObject({
      code: "REGISTRY_UNREACHABLE",
    });
    expect(read).toBeLessThan(64 * 1024 ** 2);
    read = 0;
    await expect(ours.send({ method: "PUT", url: nobody(), body: source() })).rejects.toThrow("nothing listens there");
    expect(read).toBe(0);
  });

  it("is not sent as if it were whole when it is shorter or longer than announced", async () => {
    let whole = 0;
    const url = await serve(
      (request, response) =>
        void readAll(request).then(
          () => ((whole += 1), response.end()),
          () => undefined,
        ),
    );
    for (const length of ["5", "7"]) {
      const sent = transport.send({
        method: "PUT",
        url,
        body: streamOf("stream"),
        headers: { "content-length": length },
      });
      await expect(sent).rejects.toMatchObject({ code: "SIZE_MISMATCH" });
    }
    expect(whole).toBe(0);
  });

  it("gives an answer that comes before its end, over and over, rather than that the pipe broke", async () => {
    const url = await serveRaw((socket) => {
      socket.once("data", () => {
        socket.write("HTTP/1.1 413 Too Large\r\nContent-Length: 4\r\n\r\nover", () => socket.destroy());
      });
    });
    for (let at = 0; at < 50; at += 1) {
      const response = await transport.send({ method: "PUT", url, body: endless() });
      expect(response.status).toBe(413);
      expect(await textOf(response)).toBe("over");
    }
  });

  it("is sent to its end when a success comes early", async () => {
    let received = 0;
    const url = await serve((request, response) => {
      response.writeHead(201).flushHeaders();
      void readAll(request).then((body) => ((received = body.byteLength), response.end("all of it")));
    });
    const response = await transport.send({
      method: "PUT",
      url,
      body: streamOf(...Array<string>(100).fill("x".repeat(10_000))),
    });
    expect([response.status, await textOf(response), received]).toEqual([201, "all of it", 1_000_000]);
  });
});
