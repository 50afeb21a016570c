import type { Content } from "../../../content/index.ts";

/** What comes over a connection that can be broken off. */
export type Incoming = Content & { destroy(error?: Error): void };

/**
 * Passes on what comes, and breaks it off when nothing does for `timeout` milliseconds while it is waited for. What whoever reads does
 * with a piece may take longer: a client is waited for by others.
 */
export async function* unlessSilent(body: Incoming, timeout: number): AsyncGenerator<Uint8Array, void, undefined> {
  const wait = (): NodeJS.Timeout =>
    setTimeout(() => body.destroy(new Error(`nothing came for ${timeout} milliseconds`)), timeout);
  let silence = wait();
  try {
    for await (const chunk of body) {
      clearTimeout(silence);
      yield chunk;
      silence = wait();
    }
  } finally {
    clearTimeout(silence);
    body.destroy();
  }
}
