/** Strict readings of the fields of a tar header: a field that two tools could read differently is an error. */
import { invalid } from "./refusals.ts";

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Decodes a name, which must be UTF-8. */
export function decodeName(bytes: Uint8Array): string {
  try {
    return UTF8.decode(bytes);
  } catch (cause) {
    throw invalid("a name in it is not valid UTF-8", cause);
  }
}

/** Decodes a name that is only to be shown: tools cut names that do not fit wherever the field ends. */
export function shownName(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("utf8");
}

/** A text field: up to its first NUL, with nothing but NUL after that. */
export function textField(field: Uint8Array, what: string): Uint8Array {
  const end = field.indexOf(0);
  if (end === -1) return field;
  if (field.subarray(end).some((byte) => byte !== 0)) throw invalid(`${what} hides bytes behind a NUL`);
  return field.subarray(0, end);
}

/** An octal number: optional leading spaces, digits, then only NULs and spaces. */
export function octalField(field: Uint8Array, what: string): number {
  const text = Buffer.from(field.buffer, field.byteOffset, field.length).toString("latin1");
  const digits = /^ *([0-7]+)[ \0]*$/.exec(text)?.[1];
  if (digits === undefined) throw invalid(`${what} is not an octal number`);
  return Number.parseInt(digits, 8);
}

/** A size: octal, or GNU's base-256 when it is neither negative nor too large to count with. */
export function sizeField(field: Uint8Array, what: string): number {
  const first = field[0] ?? 0;
  if (first < 0x80) return octalField(field, what);
  if (first !== 0x80) throw invalid(`${what} is negative or too large`);
  let value = 0;
  for (const byte of field.subarray(1)) {
    value = value * 256 + byte;
    if (value > Number.MAX_SAFE_INTEGER) throw invalid(`${what} is too large`);
  }
  return value;
}

/** A number that we drop (owner, time, device): it must still be a number, or empty. */
export function droppedField(field: Uint8Array, what: string): void {
  const first = field[0] ?? 0;
  if (first === 0x80 || first === 0xff || field.every((byte) => byte === 0 || byte === 0x20)) return;
  octalField(field, what);
}
