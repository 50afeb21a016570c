/** The line an issue speaks of, with carets under the place: what compilers print, safe for any terminal. */
import { visibleLine } from "../text/index.ts";
import { Source } from "./source.ts";
import type { SkillCardIssue } from "./types.ts";

/** Columns of the terminal that the shown part of a line may take. */
const WINDOW = 96;
/** Code units to either side of the place that are looked at: the window, and room for what takes no column. */
const REACH = 4 * WINDOW;
const TAB = "    ";

/** Shown two columns wide: East Asian wide and full-width characters, and emoji. */
const WIDE =
  /^(?:[\u{1100}-\u{115f}\u{2e80}-\u{303e}\u{3041}-\u{a4cf}\u{a960}-\u{a97f}\u{ac00}-\u{d7a3}\u{f900}-\u{faff}\u{fe30}-\u{fe6f}\u{ff00}-\u{ff60}\u{ffe0}-\u{ffe6}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation})/u;
/** Drawn over the character before it. */
const COMBINING = /^[\p{Mn}\p{Me}]/u;

/** One character of the line as it is shown, and the terminal columns that it takes. */
interface Cell {
  readonly shown: string;
  readonly width: number;
}

/**
 * Makes the function that shows issues of `text` (the same text that was validated). It gives two lines: the issue's
 * line and carets under its columns. Tabs become four spaces, control and bidi characters read `\u{1b}`, and a long line
 * is cut to the part around the issue, before anything else is done with it.
 */
export function createExcerpts(text: string): (issue: Pick<SkillCardIssue, "line" | "column" | "length">) => string {
  const source = new Source(text, "");
  return ({ line, column, length }) => {
    const [shown, carets] = markLine(source.line(line), column, length);
    const gutter = String(line).padStart(4);
    return `${gutter} | ${shown}\n${" ".repeat(gutter.length)} | ${carets}`;
  };
}

function markLine(line: string, column: number, length: number): readonly [shown: string, carets: string] {
  const place = offsetOf(line, column);
  const left = Array.from(line.slice(Math.max(0, place - REACH), place), toCell);
  const cells = [...left, ...Array.from(line.slice(place, place + REACH), toCell)];
  const first = left.length;
  const [from, to] = windowAround(cells, first);

  const before = from > 0 || place > REACH ? "…" : "";
  const after = to < cells.length || place + REACH < line.length ? "…" : "";
  const shown = cells.slice(from, to).map((cell) => cell.shown);
  const indent = before.length + width(cells.slice(from, first));
  const carets = Math.max(1, width(cells.slice(first, Math.min(first + length, to))));
  return [before + shown.join("") + after, " ".repeat(indent) + "^".repeat(carets)];
}

/** Where a column (from 1, in code points) is in UTF-16 code units; the end of the line when it is past that. */
function offsetOf(line: string, column: number): number {
  let offset = 0;
  for (let at = 1; at < column && offset < line.length; at++)
    offset += (line.codePointAt(offset) ?? 0) > 0xffff ? 2 : 1;
  return offset;
}

function toCell(character: string): Cell {
  if (character === "\t") return { shown: TAB, width: TAB.length };
  const shown = visibleLine(character);
  if (shown !== character) return { shown, width: shown.length };
  if (COMBINING.test(character)) return { shown, width: 0 };
  return { shown, width: WIDE.test(character) ? 2 : 1 };
}

/** The range of cells to show: from the start when the issue is near it, else beginning a third of a window before it. */
function windowAround(cells: readonly Cell[], first: number): readonly [from: number, to: number] {
  let from = first;
  for (let room = WINDOW / 3; from > 0 && room > 0; from--) room -= cells[from - 1]?.width ?? 0;
  if (width(cells.slice(0, first)) < (WINDOW * 2) / 3) from = 0;
  let to = from;
  for (let room = WINDOW; to < cells.length && room > 0; to++) room -= cells[to]?.width ?? 0;
  return [from, to];
}

function width(cells: readonly Cell[]): number {
  return cells.reduce((sum, cell) => sum + cell.width, 0);
}
