/**
 * Registries on loopback under the names that the documents speak of. What leads there is a proxy, as in a company: every
 * client, whatever configuration it reads, then runs exactly what stands in a document. The proxy knows no other hosts.
 */
import { once } from "node:events";
import { createServer } from "node:http";
import { connect, type AddressInfo, type Socket } from "node:net";

import type { Certificates } from "./certificates.ts";
import type { Registry } from "./registries.ts";

/** What {@link nameRegistries} made. */
export interface NamedRegistries {
  /** The environment in which the names lead to the registries. */
  readonly variables: Readonly<Record<string, string>>;
  /** Ends the proxy; the registries go on. */
  close(): Promise<void>;
}

/** Lets `HOST:PORT` lead to a registry over TLS. Programs trust the authority of `certificates`, and it alone. */
export async function nameRegistries(
  registries: Readonly<Record<string, Pick<Registry, "url">>>,
  { authority }: Certificates,
): Promise<NamedRegistries> {
  const sockets = new Set<Socket>();
  const proxy = createServer((_, response) => response.writeHead(502).end());
  proxy.on("connect", (request, socket: Socket, head: Buffer) => {
    const registry = registries[request.url ?? ""];
    if (registry === undefined) {
      socket.end("HTTP/1.1 502 Bad Gateway\r\n\r\n");
      return;
    }
    const there = connect(Number(new URL(registry.url).port), "127.0.0.1");
    there.on("connect", () => {
      socket.write("HTTP/1.1 200 OK\r\n\r\n");
      if (head.length > 0) there.write(head);
      socket.pipe(there).pipe(socket);
    });
    for (const [one, other] of [[socket, there] as const, [there, socket] as const]) {
      sockets.add(one);
      one.on("error", () => other.destroy());
      one.on("close", () => sockets.delete(one));
    }
  });
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  const url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  return {
    variables: { HTTPS_PROXY: url, HTTP_PROXY: url, SSL_CERT_FILE: authority },
    close: async () => {
      proxy.close();
      for (const socket of sockets) socket.destroy();
      proxy.closeAllConnections();
      await once(proxy, "close");
    },
  };
}
