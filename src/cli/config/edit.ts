/**
 * Changes one setting in a text and nothing else: comments, order and spacing are the user's own. (Writing the parsed
 * document anew would lose the comments about what goes, and move blank lines.)
 */
import type { Location } from "../../skillcard/yaml-document.ts";

/** What needs no quotes, wherever it stands. Whether it is text at all is seen when the result is read. */
const PLAIN = /^[\w~/.](?:[\w~/.:+-]*[\w~/.+-])?$/;

/** The text without a setting that stands at `place`: its line goes, and more lines if its value has more. */
export function withoutSetting(text: string, place: Location): string {
  const start = text.lastIndexOf("\n", (place.key ?? place.value).start - 1) + 1;
  const last = Math.max(place.value.end, place.key?.end ?? 0);
  const newline = text.indexOf("\n", Math.max(last - 1, 0));
  return text.slice(0, start) + (newline < 0 ? "" : text.slice(newline + 1));
}

/**
 * Texts in which `key` is `value`, the simplest first: in its place, else on a line of its own at the end. The first of them
 * that reads as it should is the right one.
 */
export function withSetting(text: string, key: string, value: string, place: Location | undefined): readonly string[] {
  const quoted = JSON.stringify(value);
  const forms = PLAIN.test(value) ? [value, quoted] : [quoted];
  return forms.map((form) => {
    const before = text === "" || text.endsWith("\n") ? text : `${text}\n`;
    if (place?.key === undefined) return `${before}${key}: ${form}\n`;
    const isEmpty = place.value.end <= place.value.start;
    const end = isEmpty ? text.indexOf(":", place.key.end) + 1 : place.value.end;
    return `${text.slice(0, place.key.start)}${key}: ${form}${text.slice(end)}`;
  });
}
