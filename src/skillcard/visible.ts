/**
 * Text of strangers, made safe to show. A description may hold escape sequences that recolour a terminal, or
 * bidirectional controls that make `exe.txt` read `txt.exe`; shown as `\u{1b}` they can do neither.
 */

/** Controls (C0, C1, DEL), invisible formats (bidi, zero width, tags), separators, lone surrogates. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\u{115f}\u{1160}\u{3164}\u{ffa0}]/gu;

const QUOTED_LENGTH = 60;

/** Replaces every control, format and separator character by `\u{hex}`: the result is one line of visible text. */
export function visible(text: string): string {
  return text.replace(UNSAFE, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);
}

/** A value as messages cite it: in double quotes, {@link visible}, cut after 60 characters. */
export function quote(text: string): string {
  const start = Array.from(text.slice(0, 2 * QUOTED_LENGTH + 2));
  const cut = start.length > QUOTED_LENGTH;
  return `"${visible(cut ? start.slice(0, QUOTED_LENGTH).join("") : text)}${cut ? "…" : ""}"`;
}
