/**
 * A server that refuses what it is being sent says so and closes. If it closes with bytes unread, the system tells us that
 * writing failed before it hands out what was said; and Node, at the first failure, throws away what it has not read yet.
 */
import type { Socket } from "node:net";

import { errnoOf } from "../../errno.ts";

/** Turns of the event loop without a byte after which none will come: the last words are on this machine already, if anywhere. */
const SILENT_TURNS = 2;

type Callback = (error?: Error | null) => void;

/**
 * Lets the socket read what has come before it learns that a write has failed. Returns what ends that; to be called before somebody
 * else uses the connection.
 */
export function hearLastWords(socket: Socket): () => void {
  const write = socket._write.bind(socket);
  const writeAll = socket._writev?.bind(socket);
  socket._write = (chunk, encoding, callback) => write(chunk, encoding, afterLastWords(socket, callback));
  if (writeAll !== undefined) socket._writev = (chunks, callback) => writeAll(chunks, afterLastWords(socket, callback));
  return () => {
    Reflect.deleteProperty(socket, "_write");
    Reflect.deleteProperty(socket, "_writev");
  };
}

function afterLastWords(socket: Socket, callback: Callback): Callback {
  return (error) => {
    if (!["ECONNRESET", "EPIPE"].includes(errnoOf(error) ?? "")) return callback(error);
    let read = socket.bytesRead;
    let silent = 0;
    const turn = (): void => {
      silent = socket.bytesRead === read ? silent + 1 : 0;
      read = socket.bytesRead;
      if (silent > SILENT_TURNS) callback(error);
      else setImmediate(turn);
    };
    turn();
  };
}
