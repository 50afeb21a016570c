/**
 * The text of an index in the form in which it is written here, read and written without parsing every entry.
 *
 * In a text of our own form an expression checks some entries at once, and refuses every other text, which is then parsed as the
 * JSON that it is. What other tools write has this form too, as a rule.
 */
import { isAscii } from "node:buffer";

import { Annotation, type JsonObject } from "../../oci/index.ts";
import type { Entries } from "../entries.ts";
import { WrittenEntry, type HeldEntry } from "../held-entry.ts";
import { TextRows } from "./text-rows.ts";

/** What stands between the quotes of a string without escapes. */
const TEXT = String.raw`[^"\\\x00-\x1f]*`;
const NUMBER = "(?:0|[1-9][0-9]{0,14})";
const DIGEST = "sha(?:256:[0-9a-f]{64}|512:[0-9a-f]{128})";
const REF_NAME = `"${Annotation.refName.replaceAll(".", String.raw`\.`)}"`;
/** Any but the name, of which there is one: so no text matches in two ways, and the time is linear. */
const ANNOTATION = `(?!${REF_NAME})"${TEXT}":"${TEXT}"`;
const ENTRY =
  String.raw`\{"mediaType":"${TEXT}","digest":"${DIGEST}","size":${NUMBER},` +
  String.raw`"annotations":\{(?:${ANNOTATION},){0,32}${REF_NAME}:"${TEXT}"(?:,${ANNOTATION}){0,32}\}` +
  `(?:,"artifactType":"${TEXT}")?` +
  String.raw`\}`;

const HEAD = new RegExp(String.raw`^\{(?:"\w{1,64}":(?:"${TEXT}"|${NUMBER}),){0,8}"manifests":\[`);
const ENTRIES = new RegExp(`(?:${ENTRY},){1,64}`, "y");
const LAST = new RegExp(ENTRY, "y");
const TAIL = /\]\}[ \t\r\n]*$/y;

/** The other fields of an index and its entries; `undefined` when the text is not in this form. */
export function readIndexText(bytes: Uint8Array): { readonly fields: JsonObject; readonly rows: TextRows } | undefined {
  if (!isAscii(bytes)) return undefined;
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
  const head = HEAD.exec(text)?.[0];
  if (head === undefined) return undefined;
  let end = head.length;
  const passes = (form: RegExp): boolean => {
    form.lastIndex = end;
    const passed = form.test(text);
    if (passed) end = form.lastIndex;
    return passed;
  };
  while (passes(ENTRIES));
  if (!passes(LAST)) return undefined;
  const rows = new TextRows({ bytes, text }, head.length, end);
  if (!passes(TAIL)) return undefined;
  const { manifests: _, ...fields } = JSON.parse(`${head}]}`) as JsonObject;
  return { fields, rows };
}

/** The bytes of an index, in pieces. Throws `RangeError` when something in it is nested too deeply to be written. */
export function writeIndexText(fields: JsonObject, entries: Entries): readonly Uint8Array[] {
  const empty = JSON.stringify({ ...fields, manifests: [] });
  const end = empty.length - "]}".length;
  const items = [...itemsOf(entries), ...entries.unknown.map(encodeJson)];
  const separated = items.flatMap((item, at) => (at === 0 ? [item] : [COMMA, item]));
  const pieces = [Buffer.from(empty.slice(0, end)), ...separated, Buffer.from(empty.slice(end))];
  return pieces.length > MAX_PIECES ? [Buffer.concat(pieces)] : pieces;
}

const COMMA = Buffer.from(",");
/** As many as are worth a write each. */
const MAX_PIECES = 16;

/** The texts of entries. Those that stand side by side already, and stay as they are, are one. */
function itemsOf(entries: Entries): Uint8Array[] {
  const { rows } = entries;
  if (!(rows instanceof TextRows)) return Array.from(entries.held(), encode);
  const { bytes } = rows.index;
  const items: Uint8Array[] = [];
  let at = rows.start;
  for (const [row, entry] of entries.replaced().toSorted(([a], [b]) => startOf(a) - startOf(b))) {
    if (!(row instanceof WrittenEntry)) continue;
    if (row.start > at) items.push(bytes.subarray(at, row.start - COMMA.length));
    if (entry !== undefined) items.push(encode(entry));
    at = row.end + COMMA.length;
  }
  if (at < rows.end) items.push(bytes.subarray(at, rows.end));
  return [...items, ...entries.added().map(encode)];
}

function startOf(row: HeldEntry): number {
  return row instanceof WrittenEntry ? row.start : 0;
}

/** An entry does not change, and an index that grows is written again and again. */
const ENCODED = new WeakMap<HeldEntry, Uint8Array>();

function encode(entry: HeldEntry): Uint8Array {
  const known = ENCODED.get(entry);
  if (known !== undefined) return known;
  const bytes = encodeJson(entry.descriptor);
  ENCODED.set(entry, bytes);
  return bytes;
}

function encodeJson(item: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(item));
}
