/** Bodies for tests, and what becomes of them. */
import type { Socket } from "node:net";

import { readAll } from "../../../content/index.ts";
import type { HttpResponse } from "../types.ts";

/** 64 KiB, as much as a socket gives at a time. */
export const PIECE = Buffer.alloc(64 * 1024, "x");

export async function* streamOf(...texts: readonly string[]): AsyncGenerator<Uint8Array, void, undefined> {
  for (const text of texts) yield Buffer.from(text);
}

/** Pieces without end. `read` is told of each that is asked for. */
export async function* endless(read: () => void = () => undefined): AsyncGenerator<Uint8Array, void, undefined> {
  for (;;) {
    read();
    yield PIECE;
  }
}

export async function textOf(response: HttpResponse): Promise<string> {
  return Buffer.from(await readAll(response.body)).toString();
}

/** Resolves when the other side has closed the connection, or broken it. */
export async function closing(socket: Socket): Promise<void> {
  await new Promise<void>((resolve) => socket.once("close", () => resolve()));
}
