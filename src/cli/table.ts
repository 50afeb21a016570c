/** Aligned columns and labelled fields, the two layouts that all human output is made of. */
import { visibleLine } from "../text/index.ts";
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
  const texts = columns.map(({ value }) => rows.map((row) => visibleLine(value(row))));
  const widths = columns.map(({ title }, at) => {
    return (texts[at] ?? []).reduce((width, text) => Math.max(width, text.length), title.length);
  });
  const pad = (text: string, at: number): string => {
    if (columns[at]?.align === "right") return text.padStart(widths[at] ?? 0);
    return at === columns.length - 1 ? text : text.padEnd(widths[at] ?? 0);
  };
  let lines = `${columns.map(({ title }, at) => style.dim(pad(title, at))).join(GAP)}\n`;
  for (const [index, row] of rows.entries()) {
    for (const [at, { paint }] of columns.entries()) {
      const cell = texts[at]?.[index] ?? "";
      const padded = pad(cell, at);
      if (at > 0) lines += GAP;
      lines += paint === undefined ? padded : padded.replace(cell, () => paint(cell, row));
    }
    lines += "\n";
  }
  return lines;
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
