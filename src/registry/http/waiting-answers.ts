/**
 * Answers that wait for their turn: a client may ask again before it has been answered, and gets the answers one after the other. Node gives
 * an answer its connection when that is its turn, and tells one that has none yet of nothing, so that what is waited for would never come.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";

import { RegistryRefusal } from "../refusal.ts";

/** Answers of a connection that may wait at a time, the one whose turn it is among them. */
const MOST_WAITING = 100;

const answersOf = new WeakMap<Socket, Set<ServerResponse>>();

/** From now on `response` is destroyed, and closes, when its connection ends, also before its turn. */
export function endWithConnection({ socket }: IncomingMessage, response: ServerResponse): void {
  const answers = answersOf.get(socket) ?? watched(socket);
  answers.add(response);
  response.once("close", () => answers.delete(response));
}

/**
 * Throws 429 `TOOMANYREQUESTS` when too many answers of the request's connection wait. A refusal does not wait to be made: Node, which
 * reads no further requests while some kilobytes of answers wait to be sent, knows nothing of answers that are not made yet.
 */
export function refuseOneTooMany({ socket }: IncomingMessage): void {
  if ((answersOf.get(socket)?.size ?? 0) <= MOST_WAITING) return;
  throw new RegistryRefusal(429, "TOOMANYREQUESTS", "this connection asks for too much at once", {
    hint: "Take an answer before you ask for more.",
  });
}

/** Resolves when it is an answer's turn. Rejects when the connection ends before, with the reason of `signal`. */
export async function turnOf(response: ServerResponse, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  if (response.socket !== null) return;
  await new Promise<void>((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    response.once("socket", () => {
      signal.removeEventListener("abort", onAbort);
      resolve();
    });
  });
}

/** One listener for all answers of a connection. */
function watched(socket: Socket): Set<ServerResponse> {
  const answers = new Set<ServerResponse>();
  answersOf.set(socket, answers);
  socket.once("close", () => {
    for (const response of answers) {
      // Node tells the one whose turn it is.
      if (response.socket !== null) continue;
      response.destroy();
      response.emit("close");
    }
  });
  return answers;
}
