/** `Expect: 100-continue`: no body is asked for that nobody wants. RFC 9110 section 10.1.1. */
import type { IncomingMessage, ServerResponse } from "node:http";

/** Requests whose senders wait to be told that they may send the body, with whom to tell. */
const waiting = new WeakMap<IncomingMessage, ServerResponse>();

/**
 * For a server's event `checkContinue`: the client hears `100 Continue` only when its body is about to be read, so that who may
 * not do something, or announces too much, is refused before anything is sent.
 */
export function continueWhenRead(request: IncomingMessage, response: ServerResponse): void {
  waiting.set(request, response);
}

/** Tells a client that waits that it may send. */
export function invite(request: IncomingMessage): void {
  const response = waiting.get(request);
  if (response === undefined) return;
  waiting.delete(request);
  if (!response.headersSent) response.writeContinue();
}

/** Whether its client still waits, and so has sent nothing. */
export function isWaiting(request: IncomingMessage): boolean {
  return waiting.has(request);
}
