/** Requests as no well-behaved client sends them. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";

/** A connection that bytes are written to as they are. */
export class RawConnection {
  readonly socket: Socket;
  #received = "";

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.setEncoding("latin1").on("data", (text: string) => (this.#received += text));
    // That the server breaks off is what some tests are about.
    socket.on("error", () => {});
  }

  static async open(host: string): Promise<RawConnection> {
    const [address = "", port = ""] = host.split(":");
    const socket = connect(Number(port), address);
    await once(socket, "connect");
    return new RawConnection(socket);
  }

  write(text: string): void {
    this.socket.write(text, "latin1");
  }

  /** The status of the first answer; waits for it. `undefined` when the connection ends without one. */
  async status(): Promise<number | undefined> {
    while (!this.#received.includes("\r\n") && !this.socket.destroyed && !this.socket.readableEnded) {
      await Promise.race([once(this.socket, "data"), once(this.socket, "close"), once(this.socket, "end")]);
    }
    const status = /^HTTP\/1\.1 ([0-9]{3})/.exec(this.#received)?.[1];
    return status === undefined ? undefined : Number(status);
  }

  /** Resolves when the server has closed it, to all that came. */
  async ended(): Promise<string> {
    // A reset, because something was still being sent, is an end like another.
    if (!this.socket.destroyed) await new Promise((resolve) => this.socket.once("close", resolve));
    return this.#received;
  }

  close(): void {
    this.socket.destroy();
  }
}

/** Sends a request with exactly this target and returns the answer's status. */
export async function rawStatus(host: string, method: string, target: string): Promise<number | undefined> {
  const connection = await RawConnection.open(host);
  connection.write(`${method} ${target} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
  const status = await connection.status();
  connection.close();
  return status;
}
