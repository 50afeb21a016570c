/** A registry at work on the loopback interface, and a client that says exactly what it is told to. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

import { createMemoryStorage } from "../../storage/memory/index.ts";
import type { RegistryStorage } from "../../storage/types.ts";
import {
  continueWhenRead,
  createRegistry,
  type ExchangeReport,
  type Registry,
  type RegistryOptions,
} from "../index.ts";

export interface RunningRegistry {
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  readonly url: string;
  readonly storage: RegistryStorage;
  readonly registry: Registry;
  /** What every request came to, in the order in which they ended. */
  readonly reports: ExchangeReport[];
  /** Asks; `path` begins with `/v2`. */
  fetch(path: string, init?: RequestInit & { readonly duplex?: "half" }): Promise<Response>;
  close(): Promise<void>;
}

/** Starts a registry over `storage`. Default: over memory. */
export async function startRegistry(options: Partial<RegistryOptions> = {}): Promise<RunningRegistry> {
  const storage = options.storage ?? createMemoryStorage();
  const registry = createRegistry({ ...options, storage });
  const reports: ExchangeReport[] = [];
  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    void registry.handle(request, response).then((report) => reports.push(report));
  };
  const server = createServer(handle).listen(0, "127.0.0.1");
  server.on("checkContinue", (request, response) => {
    continueWhenRead(request, response);
    handle(request, response);
  });
  await once(server, "listening");
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const url = `http://${host}`;
  return {
    host,
    url,
    storage,
    registry,
    reports,
    fetch: async (path, init) => fetch(url + path, { redirect: "manual", ...init }),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await storage.close();
    },
  };
}
