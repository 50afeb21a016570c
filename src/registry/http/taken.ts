/** The end of an answer, which is there when its client has taken it. */
import type { ServerResponse } from "node:http";

import type { RegistryLimits } from "./limits.ts";

/**
 * Resolves when an answer that was given is out, or its connection has ended. Who does not take the rest of it, which is never much, within
 * `idleTimeout` loses the connection.
 */
export async function taken(response: ServerResponse, { idleTimeout }: RegistryLimits): Promise<void> {
  if (response.writableFinished || response.destroyed) return;
  await new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      // It has no connection while the answer to an earlier request goes out.
      if (response.socket !== null) response.destroy();
    }, idleTimeout);
    timer.unref();
    response.once("close", () => {
      clearInterval(timer);
      resolve();
    });
  });
}
