import { SkillError, throwIfAborted } from "../errors.ts";
import { exactly } from "./file-content.ts";
import { encodeHeader, MAX_OCTAL_11, paddingOf, TAR_BLOCK } from "./tar-header.ts";
import type { LayerFile } from "./types.ts";

export interface TarOptions {
  /** Modification time of every entry, in seconds since 1970. Default 0. */
  readonly mtime?: number;
  /** Told of every piece of an entry's content as it is read, in bytes. */
  readonly onRead?: (bytes: number) => void;
  readonly signal?: AbortSignal;
}

/**
 * Writes `entries`, in the order given, as an uncompressed tar: each after its parent directories, owned by 0:0, mode
 * 0755 or 0644, and two zero blocks at the end (no padding to 10 KiB). The same entries give the same bytes.
 * Throws `FILE_UNREADABLE` when an entry does not yield as many bytes as it said, `USAGE` for an mtime out of range.
 */
export async function* writeTar(entries: Iterable<LayerFile>, options: TarOptions = {}): AsyncGenerator<Uint8Array> {
  const mtime = checkMtime(options.mtime ?? 0);
  const directories = new Set<string>();
  for (const entry of entries) {
    throwIfAborted(options.signal);
    for (const path of newParents(entry.path, directories)) {
      yield encodeHeader({ path, type: "5", mode: 0o755, size: 0, mtime });
    }
    const { path, size } = entry;
    yield encodeHeader({ path, type: "0", mode: entry.executable ? 0o755 : 0o644, size, mtime });
    for await (const chunk of exactly(entry.open(), path, size)) {
      throwIfAborted(options.signal);
      options.onRead?.(chunk.length);
      yield chunk;
    }
    if (paddingOf(size) > 0) yield new Uint8Array(paddingOf(size));
  }
  yield new Uint8Array(2 * TAR_BLOCK);
}

/** What {@link writeTar} makes of `entries`: bytes, and entries with the directories that they lie in. */
export function measureTar(entries: Iterable<LayerFile>): { readonly size: number; readonly entries: number } {
  const directories = new Set<string>();
  let [size, count] = [2 * TAR_BLOCK, 0];
  for (const entry of entries) {
    for (const path of newParents(entry.path, directories)) {
      size += encodeHeader({ path, type: "5", mode: 0o755, size: 0, mtime: 0 }).length;
    }
    size += encodeHeader({ path: entry.path, type: "0", mode: 0o644, size: entry.size, mtime: 0 }).length;
    size += entry.size + paddingOf(entry.size);
    count += 1;
  }
  return { size, entries: count + directories.size };
}

/** Refuses, with `USAGE`, a time that a ustar header cannot hold. */
export function checkMtime(mtime: number): number {
  if (Number.isInteger(mtime) && mtime >= 0 && mtime <= MAX_OCTAL_11) return mtime;
  throw new SkillError("USAGE", `${mtime} is not a modification time for a tar`, {
    hint: `Give whole seconds since 1970, at most ${MAX_OCTAL_11}.`,
  });
}

function* newParents(path: string, known: Set<string>): Generator<string> {
  for (let slash = path.indexOf("/"); slash !== -1; slash = path.indexOf("/", slash + 1)) {
    const parent = path.slice(0, slash + 1);
    if (known.has(parent)) continue;
    known.add(parent);
    yield parent;
  }
}
