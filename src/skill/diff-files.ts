/** Compares two sets of files by path, mode and digest, and small text files line by line. */
import { createHash } from "node:crypto";
import { setImmediate as yieldToEvents } from "node:timers/promises";

import { createTwoFilesPatch } from "diff";

import { throwIfAborted } from "../errors.ts";
import { digestFrom, type Digest } from "../oci/index.ts";
import type { OperationOptions } from "../store/index.ts";
import type { SkillFile } from "./files.ts";

/** A file as a comparison reports it. */
export interface ComparedFile {
  /** Bytes. */
  readonly size: number;
  /** `0644` or `0755`. */
  readonly mode: string;
  readonly digest: Digest;
}

export interface FileChange {
  readonly path: string;
  /** `mode`: the content is the same, the permission to execute is not. */
  readonly change: "added" | "removed" | "modified" | "mode";
  readonly before?: ComparedFile;
  readonly after?: ComparedFile;
  /** Unified diff of two text files; absent for binary and large ones, and where making it takes too long. */
  readonly patch?: string;
}

/** What is kept of a file while the other side is read. */
export interface FileRecord extends ComparedFile {
  /** Only for text within the limits. */
  readonly text?: string;
}

const MAX_TEXT_BYTES = 256 * 1024;
/** All texts that are held at once; a skill with more is compared by digest from there on. */
const MAX_HELD_BYTES = 16 * 1024 * 1024;

/** Milliseconds that may be spent on the patch of one file, and on those of all files together. */
export interface PatchTimes {
  readonly file: number;
  readonly all: number;
}

const PATCH_TIMES: PatchTimes = { file: 250, all: 2_000 };

/** Reads files once, keeping digests, and the text of small ones. Throws `ABORTED`, and what reading throws. */
export async function readFiles(
  files: AsyncIterable<SkillFile>,
  { signal }: OperationOptions = {},
): Promise<ReadonlyMap<string, FileRecord>> {
  const records = new Map<string, FileRecord>();
  let held = 0;
  for await (const file of files) {
    throwIfAborted(signal);
    const hash = createHash("sha256");
    const keep = file.size <= MAX_TEXT_BYTES && held + file.size <= MAX_HELD_BYTES;
    const chunks: Uint8Array[] = [];
    for await (const chunk of file.content) {
      hash.update(chunk);
      if (keep) chunks.push(chunk.slice());
    }
    const text = keep ? decodeText(Buffer.concat(chunks)) : undefined;
    held += text === undefined ? 0 : file.size;
    const record = { size: file.size, mode: `0${file.mode.toString(8)}`, digest: digestFrom("sha256", hash) };
    records.set(file.path, text === undefined ? record : { ...record, text });
  }
  return records;
}

/**
 * The differences, in the order of paths. Texts that have little in common take time that grows with the square of their
 * lines, so patches are made within `times` (250 ms a file, 2 s in all); a file beyond that has none. Throws `ABORTED`.
 */
export async function compareFiles(
  before: ReadonlyMap<string, FileRecord>,
  after: ReadonlyMap<string, FileRecord>,
  { signal, times = PATCH_TIMES }: OperationOptions & { readonly times?: PatchTimes } = {},
): Promise<readonly FileChange[]> {
  const paths = [...new Set([...before.keys(), ...after.keys()])].toSorted();
  const changes: FileChange[] = [];
  let left = times.all;
  for (const path of paths) {
    const change = compareFile(path, before.get(path), after.get(path));
    if (change === undefined) continue;
    const start = performance.now();
    const patch = unifiedDiff(change, before.get(path), after.get(path), Math.min(times.file, left));
    left -= performance.now() - start;
    changes.push(patch === undefined ? change : { ...change, patch });
    await yieldToEvents();
    throwIfAborted(signal);
  }
  return changes;
}

function compareFile(
  path: string,
  before: FileRecord | undefined,
  after: FileRecord | undefined,
): FileChange | undefined {
  const sides = {
    ...(before === undefined ? {} : { before: withoutText(before) }),
    ...(after === undefined ? {} : { after: withoutText(after) }),
  };
  if (before?.digest === after?.digest) {
    return before?.mode === after?.mode ? undefined : { path, change: "mode", ...sides };
  }
  return { path, change: before === undefined ? "added" : after === undefined ? "removed" : "modified", ...sides };
}

/** `undefined` when either side that exists has no text, the content is the same, or there is not enough `time` (ms). */
function unifiedDiff(
  { path, change }: FileChange,
  before: FileRecord | undefined,
  after: FileRecord | undefined,
  time: number,
): string | undefined {
  const [left, right] = [before === undefined ? "" : before.text, after === undefined ? "" : after.text];
  if (change === "mode" || left === undefined || right === undefined || time <= 0) return undefined;
  const names = [
    before === undefined ? "/dev/null" : `a/${path}`,
    after === undefined ? "/dev/null" : `b/${path}`,
  ] as const;
  const options = {
    context: 3,
    maxEditLength: 4000,
    timeout: time,
    headerOptions: { includeIndex: false, includeUnderline: false, includeFileHeaders: true },
  };
  return createTwoFilesPatch(...names, left, right, undefined, undefined, options) ?? undefined;
}

function withoutText({ size, mode, digest }: FileRecord): ComparedFile {
  return { size, mode, digest };
}

/** Text is valid UTF-8 without NUL. */
function decodeText(bytes: Uint8Array): string | undefined {
  if (bytes.includes(0)) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
