/** A request's body: bounded, watched, and as long as it says. */
import type { IncomingMessage } from "node:http";

import { Pieces, type Content } from "../../content/index.ts";
import { RegistryRefusal } from "../refusal.ts";
import { Deadline } from "./deadline.ts";
import { invite, isWaiting } from "./expect-continue.ts";
import type { RegistryLimits } from "./limits.ts";

/** Bytes and milliseconds that are spent on the rest of a body that is refused, so that its sender hears why. */
const DRAIN_BYTES = 16 * 1024 * 1024;
const DRAIN_WITHIN = 5000;

/** What `Content-Length` says; `undefined` for a body that is streamed. */
export function announcedLength(request: IncomingMessage): number | undefined {
  const header = request.headers["content-length"];
  return header === undefined ? undefined : Number(header);
}

/** Whether a body follows the headers. */
export function hasBody(request: IncomingMessage): boolean {
  return request.headers["transfer-encoding"] !== undefined || (announcedLength(request) ?? 0) > 0;
}

/**
 * The body as it arrives. `expected`: the bytes that it must have, when that is known from elsewhere than `Content-Length`,
 * which Node's parser enforces. Throws a 400 `SIZE_INVALID` refusal for too many or too few, a 408 for a client that stops
 * sending.
 */
export async function* readBody(
  request: IncomingMessage,
  limits: RegistryLimits,
  expected?: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  let slow: RegistryRefusal | undefined;
  const deadline = new Deadline(limits, () => {
    slow = new RegistryRefusal(408, "BLOB_UPLOAD_INVALID", "the body did not come in time");
    request.destroy(slow);
  });
  let size = 0;
  try {
    invite(request);
    deadline.wait();
    // Not destroyed with the iteration: the answer goes out over the same connection.
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      deadline.progress(chunk.byteLength);
      size += chunk.byteLength;
      if (expected !== undefined && size > expected) throw wrongSize(expected, "more");
      yield chunk;
      deadline.wait();
    }
  } catch (error) {
    throw slow ?? error;
  } finally {
    deadline.stop();
  }
  if (expected !== undefined && size < expected) throw wrongSize(expected, `only ${size}`);
}

/** The body in memory. Throws a 413 refusal, at once where `Content-Length` says so, and else when it is over `limit`. */
export async function readSmallBody(
  request: IncomingMessage,
  limits: RegistryLimits,
  limit: number,
): Promise<Uint8Array> {
  const refuse = (): never => {
    throw new RegistryRefusal(413, "SIZE_INVALID", `a manifest may have at most ${limit} bytes`, {
      hint: "Split the image, or move content from annotations into a layer.",
    });
  };
  if ((announcedLength(request) ?? 0) > limit) return refuse();
  const pieces = new Pieces();
  for await (const chunk of readBody(request, limits)) {
    if (pieces.size + chunk.byteLength > limit) return refuse();
    pieces.add(chunk);
  }
  return pieces.whole();
}

/**
 * Reads what is left of a body that nobody wants, within bounds: many clients look for an answer only when they have sent
 * everything. Resolves to whether it ended. Never rejects.
 */
export async function drain(request: IncomingMessage): Promise<boolean> {
  if (request.readableEnded || request.complete) return true;
  // Whoever waits for a word of ours has sent nothing, and is not to.
  if (isWaiting(request)) return false;
  if (request.destroyed || (announcedLength(request) ?? 0) > 4 * DRAIN_BYTES) return false;
  return new Promise((resolve) => {
    let left = DRAIN_BYTES;
    const done = (ended: boolean) => () => {
      clearTimeout(timer);
      request.off("data", onData);
      request.pause();
      resolve(ended);
    };
    const onData = (chunk: Buffer): void => {
      left -= chunk.byteLength;
      if (left < 0) done(false)();
    };
    const timer = setTimeout(done(false), DRAIN_WITHIN);
    request.on("data", onData).once("end", done(true)).once("error", done(false)).once("close", done(false));
    request.resume();
  });
}

/** Passes content on and counts it. */
export async function* counting(content: Content, count: (bytes: number) => void): AsyncGenerator<Uint8Array> {
  for await (const chunk of content) {
    count(chunk.byteLength);
    yield chunk;
  }
}

function wrongSize(expected: number, actual: string): RegistryRefusal {
  return new RegistryRefusal(400, "SIZE_INVALID", `the body has ${actual} bytes where the request says ${expected}`);
}
