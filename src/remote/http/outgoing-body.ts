/** Sending a body: as fast as it is taken, and no further than it is wanted. */
import { once } from "node:events";
import type { ClientRequest } from "node:http";
import { setImmediate } from "node:timers/promises";

import type { Content } from "../../content/index.ts";
import { SkillError } from "../../errors.ts";
import type { Watch } from "./timeouts.ts";

const PIECE = 64 * 1024;

/** Bytes as a stream of pieces small enough to tell a slow connection from a dead one. */
export function* piecesOf(bytes: Uint8Array): Generator<Uint8Array, void, undefined> {
  for (let at = 0; at < bytes.byteLength; at += PIECE) yield bytes.subarray(at, at + PIECE);
}

/**
 * Writes `body` and ends the request, or stops early, without ending it, when `stop` fires. `length` is what was announced:
 * rejects with `SIZE_MISMATCH` when the body is not as long, and with what the body throws.
 */
export async function sendBody(
  request: ClientRequest,
  body: Content | Iterable<Uint8Array>,
  options: { readonly watch: Watch; readonly stop: AbortSignal; readonly length: number | undefined },
): Promise<void> {
  const { watch, stop, length } = options;
  let sent = 0;
  for await (const chunk of body) {
    if (stop.aborted) return;
    if (chunk.byteLength === 0) continue;
    sent += chunk.byteLength;
    if (length !== undefined && sent > length) throw lengthMismatch(`is longer than its ${length} bytes`);
    if (!request.write(chunk)) {
      watch.start("idle");
      // What ends the wait otherwise is an answer, or a failure that is told elsewhere. The socket is asked, because the request
      // is not told any more once an answer has come whole.
      await once(request.socket ?? request, "drain", { signal: stop }).catch(() => undefined);
      watch.stop();
    }
    // Lets an answer that has come be read first: writing on into a closed connection would lose it.
    await setImmediate();
    if (stop.aborted) return;
  }
  if (length !== undefined && sent < length) throw lengthMismatch(`ends after ${sent} of ${length} bytes`);
  watch.start("idle");
  request.end();
}

function lengthMismatch(what: string): SkillError {
  return new SkillError("SIZE_MISMATCH", `content to be sent ${what}`, {
    hint: "It was damaged or changed on its way; read or pack it again.",
  });
}
