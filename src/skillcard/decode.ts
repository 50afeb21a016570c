/** From the bytes of a card's file to its text, without letting what is no text pass for some. */
import { isUtf8 } from "node:buffer";

import { toIssues } from "./problem.ts";
import { Source } from "./source.ts";
import type { SkillCardIssue } from "./types.ts";

/** A file's text, and what is wrong with its encoding. */
export interface DecodedText {
  /** What is not UTF-8 reads U+FFFD. */
  readonly text: string;
  readonly issues: readonly SkillCardIssue[];
}

const REPLACEMENT = "\u{fffd}";
const REPLACEMENT_BYTES = Buffer.from(REPLACEMENT);

/** Decodes UTF-8, the only encoding of a card. The one possible issue is at the first place that is not; `file` is its name. */
export function decodeText(bytes: Uint8Array, file: string): DecodedText {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = buffer.toString("utf8");
  if (isUtf8(bytes)) return { text, issues: [] };
  const source = new Source(text, file);
  const at = firstReplaced(buffer, text) - (text.length - source.text.length);
  const problem = {
    severity: "error",
    path: "",
    message: "the file is not valid UTF-8",
    hint: "Save it as UTF-8.",
    span: { start: at, end: at + 1 },
  } as const;
  return { text, issues: toIssues(source, [problem]) };
}

/** The offset in `text` of the first U+FFFD that is not in `bytes` themselves. */
function firstReplaced(bytes: Buffer, text: string): number {
  let offset = 0;
  let from = 0;
  for (let at = text.indexOf(REPLACEMENT); at >= 0; at = text.indexOf(REPLACEMENT, from)) {
    offset += Buffer.byteLength(text.slice(from, at));
    const end = offset + REPLACEMENT_BYTES.length;
    if (!bytes.subarray(offset, end).equals(REPLACEMENT_BYTES)) return at;
    offset = end;
    from = at + 1;
  }
  return from;
}
