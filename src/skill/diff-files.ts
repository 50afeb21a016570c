/** Compares two sets of files by path, mode and digest, and small text files line by line. */
import { createHash } from "node:crypto";

import { createTwoFilesPatch } from "diff";

import { digestFrom, type Digest } from "../oci/index.ts";
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
  /** Unified diff of two text files; absent for binary and large ones. */
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

/** Reads files once, keeping digests, and the text of small ones. */
export async function readFiles(files: AsyncIterable<SkillFile>): Promise<ReadonlyMap<string, FileRecord>> {
  const records = new Map<string, FileRecord>();
  let held = 0;
  for await (const file of files) {
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

/** The differences, in the order of paths. */
export function compareFiles(
  before: ReadonlyMap<string, FileRecord>,
  after: ReadonlyMap<string, FileRecord>,
): readonly FileChange[] {
  const paths = [...new Set([...before.keys(), ...after.keys()])].toSorted();
  return paths.flatMap((path) => {
    const change = compareFile(path, before.get(path), after.get(path));
    return change === undefined ? [] : [change];
  });
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
  const change = before === undefined ? "added" : after === undefined ? "removed" : "modified";
  const patch = unifiedDiff(path, before, after);
  return { path, change, ...sides, ...(patch === undefined ? {} : { patch }) };
}

/** `undefined` when either side that exists has no text, and for a comparison that would take too long. */
function unifiedDiff(path: string, before: FileRecord | undefined, after: FileRecord | undefined): string | undefined {
  const [left, right] = [before === undefined ? "" : before.text, after === undefined ? "" : after.text];
  if (left === undefined || right === undefined) return undefined;
  const names = [
    before === undefined ? "/dev/null" : `a/${path}`,
    after === undefined ? "/dev/null" : `b/${path}`,
  ] as const;
  const options = {
    context: 3,
    maxEditLength: 4000,
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
