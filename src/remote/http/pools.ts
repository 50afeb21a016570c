/** Node's pools of connections, with connections that are read by a {@link SocketReader}. */
import { Agent as HttpAgent, type ClientRequestArgs } from "node:http";
import { Agent as HttpsAgent, type RequestOptions } from "node:https";
import type { Duplex } from "node:stream";

import { SocketReader } from "./socket-reader.ts";

type Connected = (error: Error | null, stream: Duplex) => void;
type Connection = Duplex | null | undefined;

export class HttpPool extends HttpAgent {
  override createConnection(options: ClientRequestArgs, connected?: Connected): Connection {
    return read(options, (readable) => super.createConnection(readable, connected));
  }
}

export class HttpsPool extends HttpsAgent {
  override createConnection(options: RequestOptions, connected?: Connected): Connection {
    return read(options, (readable) => super.createConnection(readable, connected));
  }
}

function read<O>(options: O, connect: (options: O) => Connection): Connection {
  const reader = new SocketReader();
  const socket = connect({ ...options, onread: reader.onread });
  return socket ? reader.read(socket) : socket;
}
