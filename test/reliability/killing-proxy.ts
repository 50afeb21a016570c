/** Stands between a program and its S3 server. */
import { createServer, request as httpRequest, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { once } from "node:events";

export interface KillingProxy {
  readonly url: string;
  /** How many requests that change something have been passed on since {@link arm}. */
  readonly changes: number;
  /** The change after which nothing is answered any more, from 1; what it does has been done then. */
  arm(change: number, strike: () => void): void;
  close(): Promise<void>;
}

/** Passes everything on to `target`, unchanged, since requests are signed; strikes when it is told to. */
export async function startKillingProxy(target: string): Promise<KillingProxy> {
  let [changes, fatal] = [0, Infinity];
  let strike = (): void => undefined;
  const { hostname, port } = new URL(target);
  const server = createServer((incoming, outgoing) => {
    const change = incoming.method === "GET" || incoming.method === "HEAD" ? 0 : (changes += 1);
    const passed = httpRequest({
      hostname,
      port,
      path: incoming.url,
      method: incoming.method,
      headers: incoming.headers,
    });
    const answer = (response: IncomingMessage): void => {
      if (change >= fatal) {
        response.resume().on("end", strike);
        return;
      }
      outgoing.writeHead(response.statusCode ?? 500, response.headers);
      response.pipe(outgoing);
    };
    passed.on("response", answer).on("error", () => outgoing.destroy());
    incoming.on("error", () => passed.destroy()).pipe(passed);
    passed.on("continue", () => outgoing.writeContinue());
  });
  // Whoever waits for a go-ahead gets the server's.
  server.on("checkContinue", (incoming, outgoing) => server.emit("request", incoming, outgoing));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get changes() {
      return changes;
    },
    arm: (change, then) => {
      changes = 0;
      fatal = change;
      strike = then;
    },
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}
