/** Aligned columns and labelled fields, the two layouts that all human output is made of. */
import { visibleLines } from "../text/index.ts";
import type { Style } from "./style.ts";

/** A column of a table of `Row`s. */
export interface Column<Row> {
  readonly title: string;
  readonly value: (row: Row) => string;
  /** Colours a finished cell; it must not change the cell's width. */
  readonly paint?: (cell: string, row: Row) => string;
  readonly align?: "left" | "right";
}

const GAP = "   ";

/** A table with a heading line and no rules, every line ended; nothing trails a line's last cell. */
export function table<Row>(rows: readonly Row[], columns: readonly Column<Row>[], style: Style): string {
  const pieces: string[] = [];
  const cells = columns.map((column) => cellsOf(rows, column));
  const widest = cells.reduce((width, column) => Math.max(width, column.width), 0);
  const blanks = " ".repeat(widest);
  /** `shown`: the text as it is printed, with colours. */
  const add = (at: number, text: string, shown: string): void => {
    const isLast = at === columns.length - 1;
    const isRight = columns[at]?.align === "right";
    const padding = blanks.slice(0, (cells[at]?.width ?? 0) - text.length);
    if (isRight) pieces.push(padding, shown, isLast ? "\n" : GAP);
    else if (isLast) pieces.push(shown, "\n");
    else pieces.push(shown, padding, GAP);
  };
  for (const [at, { title }] of columns.entries()) add(at, title, style.dim(title));
  for (const [line, row] of rows.entries()) {
    for (let at = 0; at < columns.length; at++) {
      const text = cells[at]?.texts[line] ?? "";
      add(at, text, columns[at]?.paint?.(text, row) ?? text);
    }
  }
  return pieces.join("");
}

function cellsOf<Row>(
  rows: readonly Row[],
  { title, value }: Column<Row>,
): { readonly texts: readonly string[]; readonly width: number } {
  const texts = visibleLines(rows.map(value));
  let width = title.length;
  for (const text of texts) if (text.length > width) width = text.length;
  return { texts, width };
}

/** Labels and values below one another; a field without a value is left out, further lines of a value are indented. */
export function fields(
  entries: readonly (readonly [label: string, value: string | undefined])[],
  style: Style,
  minimumWidth = 0,
): string {
  const shown = entries.filter((entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== "");
  const width = Math.max(minimumWidth, ...shown.map(([label]) => label.length));
  const indented = (value: string): string => value.replaceAll("\n", `\n${" ".repeat(width + 4)}`);
  return shown.map(([label, value]) => `  ${style.dim(label.padEnd(width))}  ${indented(value)}\n`).join("");
}
