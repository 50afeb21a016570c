import fc from "fast-check";
import { expect, test } from "vitest";

import { processorTime } from "../../test/fixtures/processor-time.ts";
import { cardFromSkillMarkdown, createExcerpts, validateSkillCard } from "./index.ts";

type Place = Parameters<ReturnType<typeof createExcerpts>>[0];

const excerpt = (text: string, place: Place): string => createExcerpts(text)(place);
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

test("a line of nothing but combining marks is cut too, and says so", () => {
  const [line] = excerpt("\u0301".repeat(10_000), at(1, 5001, 1)).split("\n");
  expect(line?.length).toBeLessThan(1_000);
  expect(line).toMatch(/^ {3}1 \| ….*…$/);
});

test("5,000 problems on one line of 223 KB are found and shown in a moment, not in minutes", () => {
  const keys = Array.from({ length: 4_900 }, (_, key) => `k${key}: x`).join(",");
  const text = `{${keys}${" ".repeat(180_000)}}`;
  const start = processorTime();
  expect(validateSkillCard(text).issues.map(createExcerpts(text)).join("\n")).toContain("^^");
  const places = Array.from({ length: 500 }, (_, key) => at(1, 2 + 8 * key, 4));
  expect(places.map(createExcerpts(text))).toHaveLength(500);
  expect(processorTime() - start).toBeLessThan(5_000);
});

test("15 MiB of line feeds before and after the problems are gone through once, not once for each of them", () => {
  const feeds = "\n".repeat(15 * 2 ** 20);
  const markdown = `---\n[${"*a,".repeat(4_900)}]\n---\n${feeds}`;
  const start = processorTime();
  expect(cardFromSkillMarkdown(markdown).issues.map(createExcerpts(markdown)).join("\n")).toContain("^^");
  const places = Array.from({ length: 100 }, (_, index) => at(15 * 2 ** 20 + 1, 1 + index, 1));
  expect(places.map(createExcerpts(`${feeds}${"x".repeat(200)}\n${feeds}`)).at(-1)).toMatch(/x…\n.*\^$/);
  expect(processorTime() - start).toBeLessThan(5_000);
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
