/** Servers on loopback for one test: well-behaved ones, and ones that write what bytes they like. Each ends with its test. */
import { createServer as createHttp, type RequestListener } from "node:http";
import { createServer as createHttps, type ServerOptions } from "node:https";
import { createServer as createTcp, type AddressInfo, type Server, type Socket } from "node:net";

import { onTestFinished } from "vitest";

/** A server that speaks HTTP; resolves to its base URL. */
export async function serve(listener: RequestListener, tls?: ServerOptions): Promise<URL> {
  const server = tls === undefined ? createHttp(listener) : createHttps(tls, listener);
  return listen(server, tls === undefined ? "http" : "https");
}

/** A server that is handed every connection; the bytes on it are the test's. Resolves to its base URL, for `http:`. */
export async function serveRaw(connected: (socket: Socket) => void): Promise<URL> {
  return listen(createTcp(connected), "http");
}

/** A server that answers the first bytes of every connection with `answer`, and closes it. */
export async function serveBytes(answer: string | Uint8Array): Promise<URL> {
  return serveRaw((socket) => void socket.once("data", () => socket.end(answer)));
}

/** A base URL on which nothing listens: its port is not one that a system would give to somebody, as one that was free before is. */
export function nobody(): URL {
  return new URL("http://127.0.0.1:1/");
}

/** Resolves to its base URL. */
export async function listen(server: Server, scheme: string): Promise<URL> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined).on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of sockets) socket.destroy();
    await closed;
  });
  const { port } = server.address() as AddressInfo;
  return new URL(`${scheme}://127.0.0.1:${port}/`);
}
