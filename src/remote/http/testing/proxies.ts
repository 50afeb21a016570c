/** A proxy on loopback that connects every host to the one that a test names, as if that were its address. */
import { createServer as createHttp, request as requestHttp, type IncomingHttpHeaders, type Server } from "node:http";
import { createServer as createHttps, type ServerOptions } from "node:https";
import { connect, type Socket } from "node:net";

import { listen } from "./servers.ts";

export interface TestProxy {
  readonly url: URL;
  /** What it was asked for, in order: `CONNECT host:port`, or a method and a whole URL; and with which headers. */
  readonly asked: { readonly what: string; readonly headers: IncomingHttpHeaders }[];
}

export interface TestProxyOptions {
  /** Where every connection really leads. */
  readonly to: URL;
  /** The `proxy-authorization` without which it answers 407. */
  readonly authorization?: string;
  readonly tls?: ServerOptions;
}

export async function serveProxy({ to, authorization, tls }: TestProxyOptions): Promise<TestProxy> {
  const asked: TestProxy["asked"] = [];
  const server: Server = tls === undefined ? createHttp() : createHttps(tls);
  const isRefused = (headers: IncomingHttpHeaders): boolean =>
    authorization !== undefined && headers["proxy-authorization"] !== authorization;
  server.on("connect", (request, socket: Socket) => {
    asked.push({ what: `CONNECT ${request.url}`, headers: request.headers });
    if (isRefused(request.headers)) {
      socket.end("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 11\r\n\r\nwho are you");
      return;
    }
    const through = connect(Number(to.port), to.hostname, () => {
      socket.write("HTTP/1.1 200 Connected\r\n\r\n");
      through.pipe(socket).pipe(through);
    });
    socket.on("error", () => undefined).on("close", () => through.destroy());
    through.on("error", () => socket.destroy());
  });
  server.on("request", (request, response) => {
    asked.push({ what: `${request.method} ${request.url}`, headers: request.headers });
    if (isRefused(request.headers)) {
      response.writeHead(407).end();
      return;
    }
    const { pathname, search } = new URL(request.url ?? "");
    const { method = "GET", headers } = request;
    const onward = requestHttp(
      { host: to.hostname, port: to.port, method, path: pathname + search, headers },
      (answer) => {
        response.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(response);
      },
    );
    request.pipe(onward);
  });
  return { url: await listen(server, tls === undefined ? "http" : "https"), asked };
}
