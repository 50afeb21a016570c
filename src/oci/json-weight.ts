/**
 * How much memory a JSON text will take, before it is parsed. Each value takes far more than the two or three bytes that
 * write it, so a bound on the bytes alone is none: 64 MiB of `{},` become gigabytes.
 */
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const BRACKET = 0x5b;
const BRACE = 0x7b;

/**
 * Whether UTF-8 JSON holds more than `most` values: an object or array counts for what it holds, at least for one. The
 * text need not be valid.
 */
export function hasMoreValues(json: Uint8Array, most: number): boolean {
  // No value is written, with what separates it from the next, in less than two bytes.
  if (json.byteLength <= 2 * most) return false;
  let values = 0;
  for (let at = 0; at < json.byteLength; at += 1) {
    const byte = json[at];
    if (byte === QUOTE) at = endOfString(json, at);
    else if ((byte === COMMA || byte === BRACKET || byte === BRACE) && ++values > most) return true;
  }
  return false;
}

/** The position of the quote that closes the string beginning at `start`; the text's end when nothing does. */
function endOfString(json: Uint8Array, start: number): number {
  for (let at = json.indexOf(QUOTE, start + 1); at >= 0; at = json.indexOf(QUOTE, at + 1)) {
    let escapes = 0;
    while (json[at - 1 - escapes] === BACKSLASH) escapes += 1;
    if (escapes % 2 === 0) return at;
  }
  return json.byteLength;
}
