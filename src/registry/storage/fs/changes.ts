/** Small files that change together, as a line of the journal has them. */
import { createHash } from "node:crypto";

/** A file to be written or removed, by its path below `repositories`, with `/`. */
export type FileChange = { readonly write: string; readonly text: string } | { readonly remove: string };

const CHECKSUM = 16;
/** Nothing that a repository's files are called; above all no empty name, no `.` and no `..`. */
const PATH = /^(?:[A-Za-z0-9_=-][A-Za-z0-9._=-]*\/)*[A-Za-z0-9_=-][A-Za-z0-9._=-]*$/;

/** One line: a checksum, because the power may have gone while it was written, and the changes. */
export function encodeChanges(changes: readonly FileChange[]): string {
  const json = JSON.stringify(changes);
  return `${checksumOf(json)} ${json}\n`;
}

/** The changes of every whole line, up to the first that is damaged: what comes after it was never acknowledged. */
export function decodeChanges(bytes: Uint8Array): FileChange[] {
  const all: FileChange[] = [];
  for (const line of new TextDecoder().decode(bytes).split("\n")) {
    const json = line.slice(CHECKSUM + 1);
    if (checksumOf(json) !== line.slice(0, CHECKSUM)) break;
    const changes: unknown = JSON.parse(json);
    if (!Array.isArray(changes) || !changes.every(isFileChange)) break;
    all.push(...changes);
  }
  return all;
}

export function pathOf(change: FileChange): string {
  return "write" in change ? change.write : change.remove;
}

function checksumOf(json: string): string {
  return createHash("sha256").update(json).digest("hex").slice(0, CHECKSUM);
}

function isFileChange(value: unknown): value is FileChange {
  if (typeof value !== "object" || value === null) return false;
  const { write, text, remove } = value as Readonly<Record<string, unknown>>;
  if (typeof remove === "string") return PATH.test(remove);
  return typeof write === "string" && PATH.test(write) && typeof text === "string";
}
