/** Node's pools of connections, with connections that are read by a {@link SocketReader} where that is sure. */
import { Agent as HttpAgent, type ClientRequestArgs } from "node:http";
import { Agent as HttpsAgent, type RequestOptions } from "node:https";
import type { Duplex } from "node:stream";

import { SocketReader } from "./socket-reader.ts";

/** Bun hands out the first bytes of a body after those that came next. */
const IS_SURE = process.versions["bun"] === undefined;

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
  if (!IS_SURE) return connect(options);
  const reader = new SocketReader();
  const socket = connect({ ...options, onread: reader.onread });
  return socket ? reader.read(socket) : socket;
}
