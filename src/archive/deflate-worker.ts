/** Runs in a worker thread: compresses each block it is sent, in memory that both threads share, and says its length. */
import { parentPort } from "node:worker_threads";

import { deflateBlock } from "./deflate-block.ts";

/** What a worker is sent; it answers with the number of bytes it has put into `output`. */
export interface DeflateJob {
  readonly block: Uint8Array;
  readonly length: number;
  readonly output: Uint8Array;
}

parentPort?.on("message", ({ block, length, output }: DeflateJob) => {
  parentPort?.postMessage(deflateBlock(block.subarray(0, length), output));
});
