/** A listening socket, with or without TLS, that can end without cutting anybody off. */
import { once } from "node:events";
import { createServer as createHttpServer, type Server } from "node:http";
import { createServer as createHttpsServer, Server as HttpsServer } from "node:https";
import { createServer, type AddressInfo, type Server as NetServer } from "node:net";

import { errnoOf } from "../errno.ts";
import { SkillError } from "../errors.ts";
import { continueWhenRead } from "../registry/http/index.ts";
import { formatHost, type ListenAddress } from "./addresses.ts";
import type { Handler } from "./router.ts";
import { readTls, reloadTls, type TlsFiles } from "./tls.ts";

/**
 * Milliseconds: how long headers may take, a whole request with its body (a slow one is cut off earlier), an idle connection, and how
 * often it is looked whether something took longer.
 */
const TIMEOUTS = {
  headersTimeout: 20_000,
  requestTimeout: 6 * 3_600_000,
  keepAliveTimeout: 65_000,
  connectionsCheckingInterval: 5000,
};

export interface Listener {
  readonly host: string;
  readonly port: number;
  /** Takes a certificate's files into use as they are now. Does nothing without TLS. */
  reloadTls(files: TlsFiles | undefined): Promise<void>;
  /** Takes no more connections, lets requests finish, and after so many milliseconds breaks off what has not. */
  close(within: number): Promise<void>;
}

/** Throws `ADDRESS_UNAVAILABLE` when the address cannot be listened on, `CONFIG_INVALID` for TLS files that are no good. */
export async function listen(address: ListenAddress, handler: Handler, tls: TlsFiles | undefined): Promise<Listener> {
  const onRequest = (...exchange: Parameters<Handler>): void => void handler(...exchange);
  const server =
    tls === undefined
      ? createHttpServer(TIMEOUTS, onRequest)
      : createHttpsServer(
          {
            ...TIMEOUTS,
            ...(await readTls(tls)),
            requestCert: tls.clientAuthority !== undefined,
            rejectUnauthorized: true,
          },
          onRequest,
        );
  server.on("checkContinue", (request, response) => {
    continueWhenRead(request, response);
    onRequest(request, response);
  });
  await begin(server, address);
  const { port } = server.address() as AddressInfo;
  return {
    host: address.host,
    port,
    reloadTls: async (files) => {
      if (files !== undefined && server instanceof HttpsServer) await reloadTls(server, files);
    },
    close: async (within) => close(server, within),
  };
}

/** Throws `ADDRESS_UNAVAILABLE` when the address cannot be listened on now. */
export async function tryAddress(address: ListenAddress): Promise<void> {
  const server = createServer();
  await begin(server, address);
  server.close();
  await once(server, "close");
}

async function begin(server: NetServer, address: ListenAddress): Promise<void> {
  server.listen(address.port, address.host);
  try {
    await once(server, "listening");
  } catch (cause) {
    throw cannotListen(address, cause);
  }
}

async function close(server: Server, within: number): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  // A connection that is kept open for a next request ends with the one at hand.
  server.on("request", (_, response) =>
    response.once("finish", () => setImmediate(() => server.closeIdleConnections())),
  );
  const sweep = setInterval(() => server.closeIdleConnections(), 100);
  const cut = setTimeout(() => server.closeAllConnections(), within);
  server.closeIdleConnections();
  await closed;
  clearInterval(sweep);
  clearTimeout(cut);
}

function cannotListen({ host, port }: ListenAddress, cause: unknown): SkillError {
  const place = formatHost(host, port);
  const hints: Readonly<Record<string, string>> = {
    EADDRINUSE: "Another program listens there; end it, or choose another port with --listen.",
    EACCES: "Ports below 1024 are for privileged users; choose another one with --listen.",
    EADDRNOTAVAIL: "This machine does not have that address.",
    ENOTFOUND: "There is no host of that name.",
  };
  const hint = hints[errnoOf(cause) ?? ""];
  return new SkillError("ADDRESS_UNAVAILABLE", `cannot listen on ${place}`, {
    ...(hint === undefined ? {} : { hint }),
    cause,
  });
}
