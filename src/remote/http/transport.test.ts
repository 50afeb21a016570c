import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";

import { describe, expect, it, vi } from "vitest";

import { readAll } from "../../content/index.ts";
import { nobody, serve, serveRaw } from "./testing/servers.ts";
import { closing, PIECE, streamOf, textOf } from "./testing/streams.ts";
import { createTransport } from "./transport.ts";
import type { HttpRequest, Transport } from "./types.ts";

const transport = createTransport();

describe("a transport", () => {
  it("sends method, path, query and headers, and gives status, headers and body", async () => {
    const url = await serve((request, response) => {
      response.setHeader("X-Seen", [`${request.method} ${request.url}`, request.headers["accept"] ?? ""]);
      response.writeHead(206, { "Content-Type": "text/plain" }).end("some of it");
    });
    const headers = { accept: "application/json" };
    const response = await transport.send({ method: "GET", url: new URL("/v2/a/b?x=1&y=%2F", url), headers });
    expect(response).toMatchObject({
      status: 206,
      headers: { "content-type": "text/plain", "x-seen": "GET /v2/a/b?x=1&y=%2F, application/json" },
    });
    expect(await textOf(response)).toBe("some of it");
  });

  it("says who it is, and asks for bytes as they are", async () => {
    const seen: IncomingMessage["headers"][] = [];
    const url = await serve((request, response) => void (seen.push(request.headers), response.end()));
    await textOf(await transport.send({ method: "GET", url }));
    await textOf(await createTransport({ userAgent: "skillimage/1.2.3" }).send({ method: "GET", url }));
    expect(seen).toMatchObject([
      { "user-agent": "skillimage", "accept-encoding": "identity", host: url.host },
      { "user-agent": "skillimage/1.2.3" },
    ]);
  });

  it("sends bytes with their length, a stream chunked or as its header says, and nothing as nothing", async () => {
    const seen: string[] = [];
    const url = await serve((request, response) => {
      void readAll(request).then((body) => {
        const { "content-length": length, "transfer-encoding": coding } = request.headers;
        seen.push(`${request.method} ${length} ${coding} ${Buffer.from(body).toString().length}`);
        response.end();
      });
    });
    const send = async (request: Omit<HttpRequest, "url">): Promise<string> =>
      textOf(await transport.send({ ...request, url }));
    await send({ method: "PUT", body: Buffer.from("bytes") });
    await send({ method: "PUT", body: Buffer.alloc(1_000_000) });
    await send({ method: "PATCH", body: streamOf("st", "", "ream") });
    await send({ method: "PATCH", body: streamOf("st", "ream"), headers: { "content-length": "6" } });
    await send({ method: "POST" });
    await send({ method: "DELETE" });
    expect(seen).toEqual([
      "PUT 5 undefined 5",
      "PUT 1000000 undefined 1000000",
      "PATCH undefined chunked 6",
      "PATCH 6 undefined 6",
      "POST 0 undefined 0",
      "DELETE undefined undefined 0",
    ]);
  });

  it("uses one connection for requests one after the other, and no more than its concurrency at once", async () => {
    const sockets = new Set<Socket>();
    const held: ServerResponse[] = [];
    const url = await serve((request, response) => {
      sockets.add(request.socket);
      if (request.url === "/held") held.push(response);
      else response.end("done");
      if (held.length === 2) held.splice(0).forEach((each) => each.end("held"));
    });
    const ours = createTransport({ concurrency: 2 });
    for (let at = 0; at < 3; at += 1) await textOf(await ours.send({ method: "GET", url }));
    expect(sockets.size).toBe(1);
    const all = Array.from({ length: 6 }, async () =>
      textOf(await ours.send({ method: "GET", url: new URL("held", url) })),
    );
    await Promise.all(all);
    expect(sockets.size).toBe(2);
  });

  it("does not keep a connection busy for an answer without a body, even if nobody reads it", async () => {
    const sockets = new Set<Socket>();
    const url = await serve((request, response) => void (sockets.add(request.socket), response.writeHead(204).end()));
    const ours = createTransport({ concurrency: 1 });
    for (const method of ["HEAD", "DELETE", "GET"] as const) {
      expect((await ours.send({ method, url })).status).toBe(204);
    }
    expect(sockets.size).toBe(1);
  });

  it("sends again when a kept connection turns out to be closed, but no stream and no PATCH", async () => {
    let requests = 0;
    const kept = async (): Promise<{ url: URL; ours: Transport }> => {
      const url = await serveRaw((socket) => {
        let answered = false;
        socket.on("data", () => {
          requests += 1;
          if (answered) socket.resetAndDestroy();
          else socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
          answered = true;
        });
      });
      const ours = createTransport();
      await textOf(await ours.send({ method: "GET", url }));
      return { url, ours };
    };
    const first = await kept();
    expect(await textOf(await first.ours.send({ method: "GET", url: first.url }))).toBe("ok");
    expect(requests).toBe(3);
    const second = await kept();
    expect(await textOf(await second.ours.send({ method: "PUT", url: second.url, body: Buffer.from("bytes") }))).toBe(
      "ok",
    );
    const third = await kept();
    const streamed = third.ours.send({ method: "PUT", url: third.url, body: streamOf("a stream") });
    await expect(streamed).rejects.toMatchObject({ code: "REGISTRY_UNREACHABLE" });
    const fourth = await kept();
    const appended = fourth.ours.send({ method: "PATCH", url: fourth.url, body: Buffer.from("bytes") });
    await expect(appended).rejects.toMatchObject({ code: "REGISTRY_UNREACHABLE" });
  });

  it("closes idle connections when it is closed, and can be used again", async () => {
    const closed: Promise<unknown>[] = [];
    const url = await serve((request, response) => void (closed.push(closing(request.socket)), response.end("x")));
    const ours = createTransport();
    await textOf(await ours.send({ method: "GET", url }));
    await ours.close();
    await Promise.all(closed);
    expect(await textOf(await ours.send({ method: "GET", url }))).toBe("x");
  });
});

describe("a request that cannot be sent", () => {
  it("is refused when a header holds a line break, without showing the header", async () => {
    const url = await serve((_, response) => void response.end());
    const headers = { authorization: "Bearer secret\r\nx-injected: 1" };
    const sent = transport.send({ method: "GET", url, headers });
    await expect(sent).rejects.toMatchObject({
      code: "RESPONSE_INVALID",
      message: expect.not.stringContaining("secret"),
    });
  });

  it("is refused when it is not http", async () => {
    const sent = transport.send({ method: "GET", url: new URL("ftp://127.0.0.1/") });
    await expect(sent).rejects.toMatchObject({ code: "RESPONSE_INVALID" });
  });

  it("says that nothing listens, or that the name is unknown", async () => {
    const url = nobody();
    await expect(transport.send({ method: "GET", url })).rejects.toMatchObject({
      code: "REGISTRY_UNREACHABLE",
      message: `cannot reach ${url.host}: nothing listens there`,
    });
    await expect(transport.send({ method: "GET", url: new URL("http://registry.invalid/") })).rejects.toMatchObject({
      code: "REGISTRY_UNREACHABLE",
      message: expect.stringMatching(/^cannot reach registry\.invalid:80: its name /),
    });
  });
});

describe("cancelling", () => {
  const cases: [string, (url: URL, signal: AbortSignal) => Promise<unknown>][] = [
    ["while the answer is waited for", async (url, signal) => transport.send({ method: "GET", url, signal })],
    ["while a body is sent", async (url, signal) => transport.send({ method: "PUT", url, signal, body: stalling() })],
    [
      "while a body is read",
      async (url, signal) =>
        readAll((await transport.send({ method: "GET", url: new URL("/body", url), signal })).body),
    ],
  ];
  it.each(cases)("breaks the connection %s", async (_, run) => {
    const abort = new AbortController();
    let closed: Promise<unknown> | undefined;
    const url = await serve((request, response) => {
      closed = closing(request.resume().socket);
      if (request.url === "/body") response.write(PIECE, () => abort.abort());
      else abort.abort();
    });
    await expect(run(url, abort.signal)).rejects.toMatchObject({ code: "ABORTED" });
    await closed;
  });

  it("is noticed before anything is sent, and while a connection is waited for", async () => {
    await expect(transport.send({ method: "GET", url: nobody(), signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: "ABORTED",
    });
    const abort = new AbortController();
    const url = await serve((_, response) => void response.on("close", () => undefined));
    const ours = createTransport({ concurrency: 1 });
    const first = ours.send({ method: "GET", url, signal: abort.signal });
    const second = ours.send({ method: "GET", url, signal: abort.signal });
    abort.abort();
    await expect(first).rejects.toMatchObject({ code: "ABORTED" });
    await expect(second).rejects.toMatchObject({ code: "ABORTED" });
  });

  it("leaves nothing on a signal that lives longer", async () => {
    const url = await serve((_, response) => void response.end("x"));
    const { signal } = new AbortController();
    const [added, removed] = [vi.spyOn(signal, "addEventListener"), vi.spyOn(signal, "removeEventListener")];
    await textOf(await transport.send({ method: "GET", url, signal }));
    expect(added).toHaveBeenCalled();
    expect(removed).toHaveBeenCalledTimes(added.mock.calls.length);
  });
});

async function* stalling(): AsyncGenerator<Uint8Array, void, undefined> {
  yield PIECE;
  await new Promise(() => undefined);
}
