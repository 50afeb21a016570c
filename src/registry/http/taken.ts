/** The end of an answer, which is there when its client has taken it. */
import type { ServerResponse } from "node:http";

import type { RegistryLimits } from "./limits.ts";

/**
 * Resolves when an answer that was given is out, or its connection has ended. Who does not take the rest of it, which is never much, within
 * `idleTimeout` from its turn on loses the connection.
 */
export async function taken(response: ServerResponse, { idleTimeout }: RegistryLimits): Promise<void> {
  if (response.writableFinished || response.destroyed) return;
  await new Promise<void>((resolve) => {
    let timer: NodeJS.Timeout | undefined;
    const watch = (): void => {
      timer = setTimeout(() => response.destroy(), idleTimeout).unref();
    };
    if (response.socket === null) response.once("socket", watch);
    else watch();
    response.once("close", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
