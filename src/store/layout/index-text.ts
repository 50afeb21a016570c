/**
 * The text of an index in the form in which it is written here, read and written without parsing every entry.
 *
 * To parse ten thousand entries and to write them again takes longer than all else that moving one tag does. In a text of
 * our own form one expression finds where each entry begins, where it ends and what it is named, and refuses every other
 * text, which is then parsed as the JSON that it is. What other tools write has this form too, as a rule.
 */
import { isAscii } from "node:buffer";

import { Annotation, type JsonObject } from "../../oci/index.ts";
import type { Entries } from "../entries.ts";
import { HeldEntry, type WrittenIndex } from "../held-entry.ts";

/** What stands between the quotes of a string without escapes. */
const TEXT = String.raw`[^"\\\x00-\x1f]*`;
const NUMBER = "(?:0|[1-9][0-9]{0,14})";
const DIGEST = "sha(?:256:[0-9a-f]{64}|512:[0-9a-f]{128})";
const REF_NAME = `"${Annotation.refName.replaceAll(".", String.raw`\.`)}"`;
/** Any but the name, of which there is one: so no text matches in two ways, and the time is linear. */
const ANNOTATION = `(?!${REF_NAME})"${TEXT}":"${TEXT}"`;

const HEAD = new RegExp(String.raw`^\{(?:"\w{1,64}":(?:"${TEXT}"|${NUMBER}),){0,8}"manifests":\[`);
const ENTRY = new RegExp(
  String.raw`\{"mediaType":"${TEXT}","digest":"${DIGEST}","size":${NUMBER},` +
    String.raw`"annotations":\{(?:${ANNOTATION},){0,32}${REF_NAME}:"(${TEXT})"(?:,${ANNOTATION}){0,32}\}` +
    String.raw`(?:,"artifactType":"${TEXT}")?\}([,\]])`,
  "y",
);
const TAIL = /\}[ \t\r\n]*$/y;

/** The other fields of an index and its entries, in order; `undefined` when the text is not in this form. */
export function readIndexText(
  bytes: Uint8Array,
): { readonly fields: JsonObject; readonly entries: readonly HeldEntry[] } | undefined {
  if (!isAscii(bytes)) return undefined;
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
  const head = HEAD.exec(text)?.[0];
  if (head === undefined) return undefined;
  const index = { bytes, text };
  const entries: HeldEntry[] = [];
  ENTRY.lastIndex = head.length;
  for (let follows = ","; follows === ",";) {
    const start = ENTRY.lastIndex;
    const found = ENTRY.exec(text);
    if (found === null) return undefined;
    const [, name = "", separator = ""] = found;
    entries.push(HeldEntry.at(name, index, start, ENTRY.lastIndex - separator.length));
    follows = separator;
  }
  TAIL.lastIndex = ENTRY.lastIndex;
  if (!TAIL.test(text)) return undefined;
  const { manifests: _, ...fields } = JSON.parse(`${head}]}`) as JsonObject;
  return { fields, entries };
}

/** The bytes of an index. Throws `RangeError` when something in it is nested too deeply to be written. */
export function writeIndexText(fields: JsonObject, entries: Entries): Uint8Array {
  const empty = JSON.stringify({ ...fields, manifests: [] });
  const end = empty.length - "]}".length;
  const items = [...runsOf(entries.held()), ...entries.unknown.map((item) => Buffer.from(JSON.stringify(item)))];
  const separated = items.flatMap((item, at) => (at === 0 ? [item] : [COMMA, item]));
  return Buffer.concat([Buffer.from(empty.slice(0, end)), ...separated, Buffer.from(empty.slice(end))]);
}

const COMMA = Buffer.from(",");

/** The texts of entries. Those that stand side by side already are one text, with the commas between them. */
function runsOf(entries: Iterable<HeldEntry>): Uint8Array[] {
  const runs: Uint8Array[] = [];
  let run: { readonly index: WrittenIndex; readonly start: number; end: number } | undefined;
  const endRun = (): void => {
    if (run !== undefined) runs.push(run.index.bytes.subarray(run.start, run.end));
    run = undefined;
  };
  for (const entry of entries) {
    const { index, start, end } = entry;
    if (index !== undefined && run?.index === index && run.end + COMMA.length === start) run.end = end;
    else {
      endRun();
      if (index === undefined) runs.push(Buffer.from(JSON.stringify(entry.descriptor)));
      else run = { index, start, end };
    }
  }
  endRun();
  return runs;
}
