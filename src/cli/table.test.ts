import { describe, expect, it } from "vitest";

import { createStyle } from "./style.ts";
import { fields, table } from "./table.ts";

const plain = createStyle(false);
const rows = [
  { name: "a", size: "1 B", age: "now" },
  { name: "longer-name", size: "100 MB", age: "2 weeks ago" },
];

describe("table", () => {
  it("aligns columns and leaves nothing at the end of lines", () => {
    const text = table(
      rows,
      [
        { title: "NAME", value: (row) => row.name },
        { title: "SIZE", value: (row) => row.size, align: "right" },
        { title: "AGE", value: (row) => row.age },
      ],
      plain,
    );
    expect(text).toBe(
      "NAME            SIZE   AGE\n" + //
        "a                1 B   now\n" +
        "longer-name   100 MB   2 weeks ago\n",
    );
  });

  it("keeps a cell with a line feed on its line, and colours change no width", () => {
    const columns = [
      { title: "N", value: (row: { name: string }) => row.name, paint: (cell: string) => createStyle(true).red(cell) },
      { title: "X", value: () => "x" },
    ];
    expect(table([{ name: "a\nb $&" }, { name: "c" }], columns, plain).split("\n")).toEqual([
      "N            X",
      "\u001b[31ma\\u{a}b $&\u001b[39m   x",
      "\u001b[31mc\u001b[39m            x",
      "",
    ]);
  });
});

describe("fields", () => {
  it("aligns values, leaves empty ones out and indents further lines", () => {
    const text = fields(
      [
        ["a", "1"],
        ["longer", "2\n3"],
        ["none", undefined],
        ["empty", ""],
      ],
      plain,
    );
    expect(text).toBe("  a       1\n  longer  2\n          3\n");
  });
});
