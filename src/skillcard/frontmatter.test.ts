import { expect, test } from "vitest";

import { countWords, parseFrontmatter, SkillCardError } from "./index.ts";

test("splits a SKILL.md into attributes and body", () => {
  const { attributes, body, bodyLine } = parseFrontmatter("---\nname: a\nmetadata:\n  version: 1.0.0\n---\n# Title\n");
  expect(attributes).toEqual({ name: "a", metadata: { version: "1.0.0" } });
  expect(body).toBe("# Title\n");
  expect(bodyLine).toBe(6);
});

test.each([
  ["no frontmatter", "# Title\n---\nname: a\n---\n"],
  ["a frontmatter that is not closed", "---\nname: a\n"],
  ["four hyphens", "----\nname: a\n---\n"],
])("%s is all body", (_, markdown) => {
  expect(parseFrontmatter(markdown)).toEqual({ attributes: {}, body: markdown, bodyLine: 1 });
});

test("a byte order mark, CRLF and a missing last line break are fine", () => {
  expect(parseFrontmatter("\u{feff}---\r\nname: a\r\n---").attributes).toEqual({ name: "a" });
  expect(parseFrontmatter("---\n---\nx").body).toBe("x");
});

test("a rule in the body is not taken for a fence", () => {
  expect(parseFrontmatter("---\nname: a\n---\nx\n---\ny").body).toBe("x\n---\ny");
});

test("broken YAML throws with the line in the Markdown file", () => {
  expect(() => parseFrontmatter("---\nname: a\nb: c: d\n---\n", { file: "x/SKILL.md" })).toThrow(
    expect.objectContaining({
      code: "SKILLCARD_INVALID",
      message:
        "x/SKILL.md is not valid: 1 error\n  x/SKILL.md:3:4: not valid YAML: nested mappings are not allowed in compact mappings",
    }),
  );
  expect(() => parseFrontmatter("---\n- a\n---\n")).toThrow(SkillCardError);
});

test("__proto__ in a frontmatter is a key like any other", () => {
  const { attributes } = parseFrontmatter("---\n__proto__: {polluted: true}\n---\n");
  expect(Object.keys(attributes)).toEqual(["__proto__"]);
  expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
});

test.each([
  ["one two  three\n", 3],
  ["---\nname: not counted\n---\n# One\ntwo", 3],
  ["", 0],
  [" \n\t", 0],
  ["no\u{a0}break\u{3000}ideographic\u{85}next\u{2028}line", 5],
  ["zero\u{200b}width", 1],
  ["日本語 の 文", 3],
])("counts the words of %j", (markdown, words) => {
  expect(countWords(markdown)).toBe(words);
});
