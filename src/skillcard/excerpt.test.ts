import fc from "fast-check";
import { expect, test } from "vitest";

import { excerpt } from "./index.ts";

const at = (line: number, column: number, length: number) => ({ line, column, length });

test("puts carets under the place", () => {
  expect(excerpt("a: 1\nlicence: MIT\n", at(2, 1, 7))).toBe("   2 | licence: MIT\n     | ^^^^^^^");
});

test("tabs are four columns wide", () => {
  expect(excerpt("\tkey: x", at(1, 2, 3))).toBe("   1 |     key: x\n     |     ^^^");
});

test("East Asian characters and emoji are two columns wide, combining marks none", () => {
  expect(excerpt("名前: x", at(1, 5, 1))).toBe("   1 | 名前: x\n     |       ^");
  expect(excerpt("🍵: x", at(1, 4, 1))).toBe("   1 | 🍵: x\n     |     ^");
  expect(excerpt("e\u0301: x", at(1, 5, 1))).toBe("   1 | e\u0301: x\n     |    ^");
});

test("escape sequences and bidi controls cannot act on the terminal", () => {
  expect(excerpt("a: \u001b[31mred\u202e", at(1, 4, 1))).toBe("   1 | a: \\u{1b}[31mred\\u{202e}\n     |    ^^^^^^");
});

test("a long line is cut to the part around the place", () => {
  const [line, carets] = excerpt(`${"x".repeat(5000)}HERE${"y".repeat(5000)}`, at(1, 5001, 4)).split("\n");
  expect(line).toMatch(/^ {3}1 \| …x+HEREy+…$/);
  expect(line?.length).toBeLessThan(110);
  expect(line?.indexOf("HERE")).toBe(carets?.indexOf("^^^^"));
});

test("a byte order mark and carriage returns do not shift the caret", () => {
  expect(excerpt("\u{feff}a: 1\r\nb: 2\r\n", at(1, 4, 1))).toBe("   1 | a: 1\n     |    ^");
});

test("a place past the end of the text is shown without failing", () => {
  expect(excerpt("a", at(9, 9, 9))).toBe("   9 | \n     | ^");
});

test("whatever the text, the excerpt is two lines without control characters", () => {
  const text = fc.string({
    unit: fc.constantFrom("a", "\t", "\n", "\r", "\u001b", "日", "🍵", "\u0301", "\u202e", "\u{feff}"),
    maxLength: 200,
  });
  fc.assert(
    fc.property(text, fc.nat(5), fc.nat(300), fc.nat(300), (source, line, column, length) => {
      const lines = excerpt(source, at(line + 1, column + 1, length + 1)).split("\n");
      expect(lines).toHaveLength(2);
      expect(lines.join("")).not.toMatch(/[\p{Cc}\p{Bidi_Control}]/u);
    }),
  );
});
