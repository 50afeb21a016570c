/** Streaming an answer's body at the pace of its reader. */
import { once } from "node:events";

import type { Content } from "../../content/index.ts";
import { Deadline } from "./deadline.ts";
import type { Exchange } from "./exchange.ts";
import type { RegistryLimits } from "./limits.ts";

/**
 * Sends `content`. `begin` writes the headers, once the first bytes are there: until then an error can still be answered.
 * When it throws later, the connection breaks off, so that nobody takes what was sent for the whole; then it throws, too.
 */
export async function sendContent(
  exchange: Exchange,
  content: Content,
  limits: RegistryLimits,
  begin: () => void,
): Promise<void> {
  const { response, bytes, signal } = exchange;
  const deadline = new Deadline(limits, () => response.destroy(new Error("the client takes too little")));
  try {
    for await (const chunk of content) {
      if (!response.headersSent) begin();
      bytes.out += chunk.byteLength;
      if (response.write(chunk)) {
        deadline.progress(chunk.byteLength);
        continue;
      }
      deadline.wait();
      await once(response, "drain", { signal });
      deadline.progress(chunk.byteLength);
    }
    if (!response.headersSent) begin();
    response.end();
  } catch (error) {
    if (response.headersSent) response.destroy();
    throw error;
  } finally {
    deadline.stop();
  }
}
