/** Named pipes, which have no size and no second reading, and may have nobody at their other end. */
import { closeSync, constants, openSync, readSync } from "node:fs";
import { stat } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

import type { Content } from "../content/index.ts";
import { errnoOf } from "../errno.ts";

/** In bytes: what a pipe of Linux holds. */
const CHUNK = 64 * 1024;
/** How long to wait before looking again, for a writer to come and for one that is there. Milliseconds. */
const WAIT = { forWriter: 20, forContent: 1 } as const;

/** Whether a path leads to a named pipe. */
export async function isPipe(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isFIFO() === true;
}

/**
 * What is written to a named pipe, from the first byte until no writer is left. It looks again and again, because to open or read
 * a pipe is to wait in a thread that no signal ends. Throws the signal's `AbortError` and Node's errors.
 */
export async function* readPipe(path: string, signal: AbortSignal): Content {
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    for (let hasBegun = false; ;) {
      const chunk = readNow(descriptor);
      if (chunk === undefined || (chunk.byteLength === 0 && !hasBegun)) {
        await sleep(hasBegun ? WAIT.forContent : WAIT.forWriter, undefined, { signal });
        continue;
      }
      if (chunk.byteLength === 0) return;
      hasBegun = true;
      yield chunk;
    }
  } finally {
    closeSync(descriptor);
  }
}

/** What is there, empty when there is no writer; `undefined` when there is one that has not written. */
function readNow(descriptor: number): Uint8Array | undefined {
  const chunk = Buffer.allocUnsafeSlow(CHUNK);
  try {
    return chunk.subarray(0, readSync(descriptor, chunk, 0, chunk.byteLength, null));
  } catch (error) {
    if (errnoOf(error) === "EAGAIN") return undefined;
    throw error;
  }
}
