/** A long body that is taken from the connection as it comes in, once the headers have told how long it is. */
import { EventEmitter } from "node:events";
import type { IncomingMessage } from "node:http";

import { LONG, type BodySource } from "./incoming-body.ts";
import { readerOf, type SocketReader } from "./socket-reader.ts";

/**
 * What the answer to a `method` can be read from: itself, or what is quicker. `length`: what its headers say. To be asked when these
 * have come, before anything is read. The connection cannot be used again, as nobody but us knows that the body has ended: a long one
 * is worth a new connection.
 */
export function sourceOf(message: IncomingMessage, method: string, length: number): BodySource {
  const hasBody = method !== "HEAD" && (message.statusCode === 200 || message.statusCode === 206);
  const reader = hasBody && length >= LONG ? readerOf(message.socket) : undefined;
  return reader === undefined ? message : new LongBody(message, reader, length);
}

class LongBody extends EventEmitter<{ readonly data: [Uint8Array]; readonly end: [] }> implements BodySource {
  readonly #message: IncomingMessage;
  #left: number;
  #isPaused = false;

  constructor(message: IncomingMessage, reader: SocketReader, length: number) {
    super();
    this.#message = message;
    this.#left = length;
    // The bytes that came together with the headers are on their way already, and come first.
    message.on("data", (piece: Uint8Array) => this.#take(piece));
    reader.divert((piece) => {
      this.#take(piece);
      return !this.#isPaused;
    });
  }

  get complete(): boolean {
    return this.#left === 0;
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#message.socket.resume();
  }

  destroy(): void {
    this.#message.destroy();
  }

  #take(piece: Uint8Array): void {
    if (this.complete) return;
    const part = piece.byteLength <= this.#left ? piece : piece.subarray(0, this.#left);
    this.#left -= part.byteLength;
    this.emit("data", part);
    if (!this.complete) return;
    this.emit("end");
    this.destroy();
  }
}
