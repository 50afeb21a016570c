/**
 * A text file and its lines: turns the offsets that parsers speak of into the line and column that people look for.
 */

/** A stretch of a text, in UTF-16 code units: from `start` up to, not including, `end`. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** From 1; column and length in code points. */
export interface Position {
  readonly line: number;
  readonly column: number;
  readonly length: number;
}

const BYTE_ORDER_MARK = "\u{feff}";

export class Source {
  /** The name under which issues report this text. */
  readonly file: string;
  /** Without a byte order mark. */
  readonly text: string;
  /** Where lines begin, as far down as anybody has asked: what follows a frontmatter is never looked at. */
  readonly #lineStarts = [0];
  /** The offset whose column was counted last: going on from there keeps many issues on one long line linear. */
  #counted = { offset: 0, column: 1 };

  constructor(text: string, file: string) {
    this.file = file;
    this.text = text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text;
  }

  /** Where a span begins. One that runs over several lines is cut at the end of its first. */
  position(span: Span): Position {
    const start = Math.min(span.start, this.text.length);
    const line = this.lineAt(start);
    const lineStart = this.#lineStarts[line - 1] ?? 0;
    const known = this.#counted.offset >= lineStart && this.#counted.offset <= start ? this.#counted : undefined;
    const from = known ?? { offset: lineStart, column: 1 };
    const column = from.column + codePoints(this.text.slice(from.offset, start));
    this.#counted = { offset: start, column };

    const rest = /^[^\r\n]*/.exec(this.text.slice(start, Math.max(span.end, start)))?.[0] ?? "";
    return { line, column, length: Math.max(1, codePoints(rest)) };
  }

  /** The text of a line (from 1), without its line break; empty for a line that does not exist. */
  line(number: number): string {
    while (this.#lineStarts.length <= number && this.#findNextLine());
    const start = this.#lineStarts[number - 1];
    if (start === undefined) return "";
    const next = this.#lineStarts[number];
    const line = this.text.slice(start, next === undefined ? undefined : next - 1);
    return line.endsWith("\r") ? line.slice(0, -1) : line;
  }

  /** The line (from 1) that holds `offset`, found by halving. */
  lineAt(offset: number): number {
    while ((this.#lineStarts.at(-1) ?? Infinity) <= offset && this.#findNextLine());
    let low = 0;
    let high = this.#lineStarts.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((this.#lineStarts[middle] ?? Infinity) <= offset) low = middle;
      else high = middle - 1;
    }
    return low + 1;
  }

  /** False when there is none. */
  #findNextLine(): boolean {
    const at = this.text.indexOf("\n", this.#lineStarts.at(-1));
    if (at >= 0) this.#lineStarts.push(at + 1);
    return at >= 0;
  }
}

function codePoints(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}
