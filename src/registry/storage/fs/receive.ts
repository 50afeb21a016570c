import type { Hash } from "node:crypto";

import type { Content } from "../../../content/index.ts";
import { inBlocks } from "../../../store/layout/blocks.ts";
import type { OpenFile } from "../../../store/layout/file-system.ts";
import { writing } from "./writing.ts";

/** Bytes after which the disk is told to begin with what has come, so that little is left for it when all has. */
const FLUSH_EVERY = 16 * 1024 * 1024;

export interface Reception {
  readonly path: string;
  readonly file: OpenFile;
  /** Where the upload ends now. */
  readonly offset: number;
  readonly hash: Hash | undefined;
  /** Called when the disk could not keep what was written: it may say that it has it when it is asked again. */
  readonly onLoss: () => void;
}

/**
 * Writes one piece while the next arrives. Resolves to where the upload ends then; when the content throws, what has arrived is
 * written before that is thrown.
 */
export async function receive(content: Content, { path, file, offset, hash, onLoss }: Reception): Promise<number> {
  let size = offset;
  let flushed = offset;
  let written: Promise<void> = Promise.resolve();
  let flushing: Promise<void> | undefined;
  let failure: { readonly error: unknown } | undefined;
  const flush = async (): Promise<void> => {
    try {
      await writing(path, async () => file.sync());
    } catch (error) {
      onLoss();
      failure ??= { error };
    } finally {
      flushing = undefined;
    }
  };
  const arriving = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      for await (const chunk of content) {
        if (failure !== undefined) return;
        yield chunk;
      }
    } catch (error) {
      failure ??= { error };
    }
  };
  try {
    for await (const block of inBlocks(arriving())) {
      hash?.update(block);
      await written;
      size += block.byteLength;
      written = writing(path, async () => file.write(block));
      // Awaited above or below; a rejection before that must not count as unhandled.
      written.catch(() => undefined);
      if (size - flushed < FLUSH_EVERY || flushing !== undefined) continue;
      flushed = size;
      flushing = flush();
    }
  } finally {
    await written.finally(async () => flushing);
  }
  if (failure !== undefined) throw failure.error;
  return size;
}
