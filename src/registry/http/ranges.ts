/** The `Range` header. RFC 9110 section 14; OCI distribution-spec "Pulling blobs". */
import type { ByteRange } from "../storage/types.ts";

/**
 * The one range that is asked for, of content of `size` bytes; `undefined` where all of it is to be sent: no range, several
 * of them, or a text that is none. "unsatisfiable": it begins behind the end, its own or that of the content.
 */
export function parseRange(header: string | undefined, size: number): ByteRange | "unsatisfiable" | undefined {
  const [, first = "", last = ""] = /^bytes=([0-9]{0,15})-([0-9]{0,15})$/.exec(header?.trim() ?? "") ?? [];
  if (first === "" && last === "") return undefined;
  if (first === "") {
    const length = Math.min(Number(last), size);
    return length === 0 ? "unsatisfiable" : { start: size - length, end: size - 1 };
  }
  const start = Number(first);
  const end = last === "" ? size - 1 : Math.min(Number(last), size - 1);
  return start >= size || end < start ? "unsatisfiable" : { start, end };
}

/** The `Content-Range` of a chunk, `<first>-<last>` as OCI distribution-spec "Pushing a blob in chunks" writes it. */
export function parseChunkRange(header: string): ByteRange | undefined {
  const [, first, last] = /^([0-9]{1,15})-([0-9]{1,15})$/.exec(header) ?? [];
  if (first === undefined || last === undefined || Number(last) < Number(first)) return undefined;
  return { start: Number(first), end: Number(last) };
}
