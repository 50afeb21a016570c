import type { Hash } from "node:crypto";

import type { Content } from "../../../content/index.ts";
import { writing } from "../../../store/layout/failure.ts";
import type { OpenFile } from "../../../store/layout/file-system.ts";

/** Writes one piece while the next arrives. Resolves to where the upload ends then. */
export async function receive(
  path: string,
  file: OpenFile,
  offset: number,
  content: Content,
  hash: Hash | undefined,
): Promise<number> {
  let size = offset;
  let written: Promise<void> = Promise.resolve();
  try {
    for await (const chunk of content) {
      hash?.update(chunk);
      await written;
      size += chunk.byteLength;
      written = writing(path, async () => file.write(chunk));
      // Awaited above or below; a rejection before that must not count as unhandled.
      written.catch(() => undefined);
    }
  } finally {
    await written;
  }
  return size;
}
