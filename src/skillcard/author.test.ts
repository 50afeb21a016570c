import { expect, test } from "vitest";

import { parseAuthor } from "./index.ts";

test.each([
  ["Ann", { name: "Ann" }],
  ["  Ann Example ", { name: "Ann Example" }],
  ["Ann Example <ann@example.org>", { name: "Ann Example", email: "ann@example.org" }],
  ["Ann<ann@example.org>\n", { name: "Ann", email: "ann@example.org" }],
  ["", undefined],
  ["<ann@example.org>", undefined],
  [" <ann@example.org>", undefined],
  ["Ann <>", undefined],
  ["Ann <ann@example.org", undefined],
  ["Ann <ann example>", undefined],
  ["Ann <a@b> <c@d>", undefined],
])("the author %j is %j", (text, author) => {
  expect(parseAuthor(text)).toEqual(author);
});

test("a very long line is read at once", () => {
  expect(parseAuthor(`${" x".repeat(500_000)} <`)).toBeUndefined();
});
