/**
 * Reading connections into memory of our own. Node reads at most 64 KiB at a time, takes new memory each time, and hands it
 * to a parser and two streams; for a layer of some hundred megabytes that takes longer than to hash and to write it. So the
 * rest of a long body can be taken where it comes in.
 */
import type { OnReadOpts } from "node:net";
import type { Duplex } from "node:stream";

import { Slabs } from "./slabs.ts";

/** In bytes: as much as Node reads at a time. */
const PORTION = 64 * 1024;

/** Is handed what has come, in memory that is not used again before it is given back. False: no more until the connection is resumed. */
export type Take = (piece: Uint8Array) => boolean;

/** What reads one connection. Everything goes the usual way, until somebody takes it. */
export class SocketReader {
  readonly #memory = Buffer.allocUnsafeSlow(PORTION);
  readonly #slabs = new Slabs(PORTION);
  #socket: Duplex | undefined;
  #take: Take | undefined;
  #isPassing = false;

  /** For the connection's options. */
  readonly onread: OnReadOpts = {
    buffer: () => this.#room(),
    callback: (length, memory) => this.#came(memory.subarray(0, length)),
  };

  /** Begins to read `socket`, which was made with these options. */
  read<S extends Duplex>(socket: S): S {
    this.#socket = socket;
    READERS.set(socket, this);
    return socket;
  }

  /**
   * Whether what has come is on its way to the parser at this moment. Whoever is told of an answer in the midst of it knows that the
   * parser has seen nothing after it.
   */
  get isPassing(): boolean {
    return this.#isPassing;
  }

  /** From the next byte on, everything goes to `take`, and nothing the usual way. */
  divert(take: Take): void {
    this.#take = take;
  }

  #room(): Uint8Array {
    return this.#take === undefined ? this.#memory : this.#slabs.room();
  }

  #came(piece: Uint8Array): boolean {
    if (piece.buffer === this.#memory.buffer) return this.#pass(Buffer.from(piece));
    this.#slabs.filled(piece);
    return this.#pass(piece);
  }

  #pass(piece: Uint8Array): boolean {
    if (this.#take !== undefined) return this.#take(piece);
    this.#isPassing = true;
    try {
      return this.#socket?.push(piece) === true;
    } finally {
      this.#isPassing = false;
    }
  }
}

const READERS = new WeakMap<Duplex, SocketReader>();

/** The reader whose piece is being looked at. Undefined for a connection that is read by Node, as a tunnel is. */
export function readerOf(socket: Duplex): SocketReader | undefined {
  const reader = READERS.get(socket);
  return reader?.isPassing === true ? reader : undefined;
}
