import fc from "fast-check";
import { expect, test } from "vitest";

import { decodeText } from "./index.ts";

const bytesOf = (...parts: readonly (string | number)[]): Uint8Array =>
  Buffer.concat(parts.map((part) => (typeof part === "string" ? Buffer.from(part) : Buffer.of(part))));

test.each([
  ["a byte of Latin-1", bytesOf("a: 1\nb: Gr", 0xfc, "n\n"), "2:6"],
  ["a character cut short at the end", bytesOf("a: ", 0xe6, 0x97), "1:4"],
  ["a surrogate", bytesOf("é🍵", 0xed, 0xa0, 0x80), "1:3"],
  ["a byte behind a replacement character that is really there", bytesOf("\u{fffd}\n\u{fffd}", 0xff), "2:2"],
  ["a byte behind a byte order mark", bytesOf("\u{feff}a", 0xff), "1:2"],
])("%s is reported where it stands", (_, bytes, place) => {
  const { text, issues } = decodeText(bytes, "skill.yaml");
  expect(issues.map(({ line, column, message }) => `${line}:${column} ${message}`)).toEqual([
    `${place} the file is not valid UTF-8`,
  ]);
  expect(text).toContain("\u{fffd}");
});

test("valid UTF-8 reads as what it is", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (text) => {
      expect(decodeText(Buffer.from(text), "skill.yaml")).toEqual({ text, issues: [] });
    }),
  );
});

test("whatever the bytes, the place is in the text, on a replacement character", () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      const { text, issues } = decodeText(bytes, "skill.yaml");
      const lines = text.replace(/^\u{feff}/u, "").split("\n");
      for (const { line, column } of issues) expect(Array.from(lines[line - 1] ?? "")[column - 1]).toBe("\u{fffd}");
    }),
  );
});
