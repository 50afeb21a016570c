/** Streaming an answer's body at the pace of its reader. */
import type { OutgoingHttpHeaders, ServerResponse } from "node:http";

import { asContent, type Content } from "../../content/index.ts";
import { untaken } from "./answer-errors.ts";
import { Deadline } from "./deadline.ts";
import type { Exchange } from "./exchange.ts";
import type { RegistryLimits } from "./limits.ts";

/**
 * Bytes of which is seen at a time that a client has taken them: so many must not take {@link RegistryLimits.idleTimeout},
 * however large the chunks are that the storage has.
 */
const PIECE = 512 * 1024;

/**
 * Sends `content`, whose chunks need be good only until the next is asked for. `begin` writes the headers, once the first bytes are there: until then an error can still be answered.
 * When it throws later, the connection breaks off, so that nobody takes what was sent for the whole; then it throws, too.
 */
export async function sendContent(
  exchange: Exchange,
  content: Content,
  limits: RegistryLimits,
  begin: () => void,
): Promise<void> {
  const { response, bytes, signal } = exchange;
  const writer = new Writer(response, signal);
  let isIdle = false;
  const deadline = new Deadline(limits, () => {
    isIdle = true;
    response.destroy();
  });
  try {
    for await (const chunk of content) {
      if (!response.headersSent) begin();
      for (let at = 0; at < chunk.byteLength; at += 2 * PIECE) {
        const [piece, next] = [chunk.subarray(at, at + PIECE), chunk.subarray(at + PIECE, at + 2 * PIECE)];
        bytes.out += piece.byteLength + next.byteLength;
        deadline.wait();
        // The next is handed on while it goes out: a quick client would feel the pause between the two.
        const taken = writer.write(piece).then(() => {
          deadline.progress(piece.byteLength);
          deadline.wait();
        });
        // What comes in the same tick, Node writes in one go, and tells of none of it before all is taken.
        const second = next.byteLength === 0 ? undefined : nextTick().then(async () => writer.write(next));
        await Promise.all([taken, second]);
        deadline.progress(next.byteLength);
      }
    }
    if (!response.headersSent) begin();
    response.end();
  } catch (error) {
    if (response.headersSent) response.destroy();
    throw isIdle ? untaken(error) : error;
  } finally {
    deadline.stop();
    writer.end();
  }
}

/** Answers 200 with what can be large: it does not stay in memory for a client that takes none of it. */
export async function sendBody(
  exchange: Exchange,
  limits: RegistryLimits,
  body: Uint8Array,
  headers: OutgoingHttpHeaders,
): Promise<void> {
  if (exchange.method === "HEAD" || body.byteLength <= PIECE) return exchange.send(200, body, headers);
  await sendContent(exchange, asContent(body), limits, () =>
    exchange.head(200, { ...headers, "Content-Length": body.byteLength }),
  );
}

/** {@link sendBody} for JSON. */
export async function sendJson(
  exchange: Exchange,
  limits: RegistryLimits,
  value: unknown,
  headers: OutgoingHttpHeaders,
): Promise<void> {
  await sendBody(exchange, limits, Buffer.from(JSON.stringify(value)), {
    "Content-Type": "application/json",
    ...headers,
  });
}

function nextTick(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve));
}

/** Writes pieces, each until the system has taken it. */
class Writer {
  readonly #response: ServerResponse;
  readonly #signal: AbortSignal;
  #stop: (reason: unknown) => void = () => undefined;
  readonly #onAbort = (): void => this.#stop(this.#signal.reason);

  /** `signal` fires when the client is gone. */
  constructor(response: ServerResponse, signal: AbortSignal) {
    this.#response = response;
    this.#signal = signal;
    signal.addEventListener("abort", this.#onAbort);
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.#signal.throwIfAborted();
    await new Promise<void>((resolve, reject) => {
      this.#stop = reject;
      this.#response.write(chunk, (error) => (error ? reject(error) : resolve()));
    });
  }

  end(): void {
    this.#signal.removeEventListener("abort", this.#onAbort);
  }
}
