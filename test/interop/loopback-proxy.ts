/** A TCP proxy on loopback whose network can fail: connections that are cut, and ones on which nothing moves any more. */
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";

export interface LoopbackProxy {
  readonly port: number;
  /** Cuts every connection, now and after so many bytes from clients, and takes no new ones, until {@link heal}. */
  cut(): void;
  /** Cuts the next connection that has carried so many bytes from its client, once. */
  cutAfter(bytes: number): void;
  /** Nothing moves, in either direction; new connections are taken and not served, until {@link heal}. */
  freeze(): void;
  /** What was frozen stays so; new connections are served. */
  heal(): void;
  /** Connections that it took so far. */
  taken(): number;
  close(): Promise<void>;
}

export async function startProxy(target: number): Promise<LoopbackProxy> {
  let state: "well" | "cut" | "frozen" = "well";
  let cutAt = Infinity;
  let taken = 0;
  const open = new Set<Socket>();
  const track = (socket: Socket): void => {
    open.add(socket);
    socket.on("error", () => undefined).once("close", () => open.delete(socket));
  };
  const server = createServer((client) => {
    track(client);
    taken += 1;
    if (state === "cut") return void client.resetAndDestroy();
    if (state === "frozen") return void client.pause();
    const upstream = connect(target, "127.0.0.1");
    track(upstream);
    let carried = 0;
    const end = (): void => {
      client.destroy();
      upstream.destroy();
    };
    client.on("data", (chunk: Buffer) => {
      carried += chunk.byteLength;
      if (carried > cutAt) {
        cutAt = Infinity;
        client.resetAndDestroy();
        upstream.resetAndDestroy();
      } else if (!upstream.write(chunk)) client.pause();
    });
    upstream.on("drain", () => state === "well" && client.resume());
    upstream.pipe(client);
    client.once("close", end);
    upstream.once("close", end);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    cut: () => {
      state = "cut";
      for (const socket of open) socket.resetAndDestroy();
    },
    cutAfter: (bytes) => (cutAt = bytes),
    freeze: () => {
      state = "frozen";
      for (const socket of open) socket.unpipe().pause();
    },
    heal: () => (state = "well"),
    taken: () => taken,
    close: async () => {
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
