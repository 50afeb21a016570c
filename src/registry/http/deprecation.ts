/** Telling whoever pulls a deprecated skill. OCI distribution-spec "Warnings": clients show it. */
import { Annotation, type Index, type Manifest } from "../../oci/index.ts";
import { visibleLine } from "../../text/index.ts";

/** Bytes; the specification allows 4,096 for all warnings of an answer. */
const MAX_LENGTH = 1024;

/** Whether a manifest must be read to tell: an escape could spell the word, too. */
export function mayBeDeprecated(manifest: Uint8Array): boolean {
  const bytes = Buffer.from(manifest.buffer, manifest.byteOffset, manifest.byteLength);
  return bytes.includes('"deprecated"') || bytes.includes("\\u");
}

/** The value of a `Warning` header; `undefined` for what is not deprecated. */
export function deprecationOf({ annotations }: Manifest | Index): string | undefined {
  if (annotations[Annotation.status] !== "deprecated") return undefined;
  const name = annotations[Annotation.name] ?? annotations[Annotation.title] ?? "this skill";
  const version = annotations[Annotation.version];
  const reason = annotations[Annotation.deprecationReason];
  const replacement = annotations[Annotation.deprecationReplacedBy];
  const what = `${version === undefined ? name : `${name} ${version}`} is deprecated`;
  const why = reason === undefined ? "" : `: ${reason}`;
  const instead = replacement === undefined ? "" : `. Use ${replacement} instead`;
  return warningHeader(what + why + instead);
}

/** A `warn-text` is a quoted string of visible characters; others go as UTF-8, each byte as one character of the header. */
function warningHeader(text: string): string {
  const encoded = Buffer.from(visibleLine(text), "utf8");
  const cut = encoded.length > MAX_LENGTH ? `${trim(encoded)}...` : encoded.toString("latin1");
  return `299 - "${cut.replaceAll(/["\\]/g, (character) => `\\${character}`)}"`;
}

/** Cut between characters. */
function trim(encoded: Buffer): string {
  let end = MAX_LENGTH;
  while (end > 0 && ((encoded[end] ?? 0) & 0xc0) === 0x80) end--;
  return encoded.subarray(0, end).toString("latin1");
}
