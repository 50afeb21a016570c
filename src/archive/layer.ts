import { createHash } from "node:crypto";
import { availableParallelism } from "node:os";

import { SkillError } from "../errors.ts";
import { digestFrom } from "../oci/digest.ts";
import { unsupported } from "./collect.ts";
import { BLOCK_SIZE } from "./deflate-block.ts";
import { DeflatePool } from "./deflate-pool.ts";
import { gzip } from "./gzip-write.ts";
import { compareUtf8 } from "./order.ts";
import { pathRefusal } from "./path-rules.ts";
import { PathTable } from "./path-table.ts";
import { checkMtime, writeTar } from "./tar-write.ts";
import type { LayerFile, LayerStream, LayerSummary } from "./types.ts";

const MAX_WORKERS = 4;

// Under this many blocks starting a thread takes longer than it saves.
const BLOCKS_WORTH_A_THREAD = 4;

export interface CreateLayerOptions {
  /** Modification time of every entry, in seconds since 1970. Default 0. */
  readonly mtime?: number;
  /** Worker threads for a large layer; 0 compresses in this thread. Default: one per CPU, at most 4. */
  readonly workers?: number;
  /** Told of every piece of a file's content as it is read, in bytes. */
  readonly onRead?: (bytes: number) => void;
  readonly signal?: AbortSignal;
}

/**
 * Packs `files` into a gzip-compressed tar layer, as it is read. The same files give the same bytes on every system
 * and runtime and with any number of workers; their order does not matter. OCI image-spec "layer.md".
 *
 * Throws `FILE_UNSUPPORTED` for a path that unpacking would refuse and `USAGE` for an mtime out of range; the content
 * throws `FILE_UNREADABLE` when a file does not yield the size it announced, and `ABORTED`.
 */
export function createLayer(files: readonly LayerFile[], options: CreateLayerOptions = {}): LayerStream {
  const sorted = files.toSorted((a, b) => compareUtf8(a.path, b.path));
  const entries = countEntries(sorted);
  const { signal, onRead } = options;
  const tarOptions = { mtime: checkMtime(options.mtime ?? 0), ...(signal && { signal }), ...(onRead && { onRead }) };
  let summary: LayerSummary | undefined;

  async function* content(): AsyncGenerator<Uint8Array> {
    const hash = createHash("sha256");
    let uncompressedSize = 0;
    const pool = new DeflatePool(workersFor(sorted, options.workers));
    try {
      yield* gzip(writeTar(sorted, tarOptions), pool, (block) => {
        hash.update(block);
        uncompressedSize += block.length;
      });
    } finally {
      await pool.close();
    }
    summary = { diffId: digestFrom("sha256", hash), files: sorted.length, entries, uncompressedSize };
  }

  return {
    content: content(),
    summary: () => {
      if (summary !== undefined) return summary;
      throw new SkillError("USAGE", "a layer's summary was asked for before its content was read to the end");
    },
  };
}

/** The number of files and of the directories they lie in. Throws `FILE_UNSUPPORTED`. */
function countEntries(files: readonly LayerFile[]): number {
  const names = new PathTable();
  for (const { path } of files) {
    const reason = pathRefusal(path) ?? names.claim(path, "file");
    if (reason !== undefined) throw unsupported(path, reason);
  }
  return names.size;
}

function workersFor(files: readonly LayerFile[], wanted = Math.min(MAX_WORKERS, availableParallelism())): number {
  const blocks = files.reduce((sum, file) => sum + file.size, 0) / BLOCK_SIZE;
  return blocks < BLOCKS_WORTH_A_THREAD ? 0 : Math.min(wanted, Math.floor(blocks / 2));
}
