import fc from "fast-check";
import { expect, test } from "vitest";

import { editDistance, suggest } from "./index.ts";

test.each([
  ["licence", "license"],
  ["naem", "name"],
  ["displayName", "display-name"],
  ["KIND", "kind"],
  ["dependancies", "dependencies"],
])("%s was meant to be %s", (word, meant) => {
  expect(suggest(word, ["name", "kind", "license", "display-name", "dependencies"])).toBe(meant);
});

test.each(["", "colour", "x", "na", "x".repeat(100_000)])("nothing is near %.20s", (word) => {
  expect(suggest(word, ["name", "kind", "license"])).toBeUndefined();
});

test("the first of equally near words wins", () => {
  expect(suggest("bat", ["cat", "hat"])).toBe("cat");
});

test("a swap of neighbours counts once", () => {
  expect(editDistance("naem", "name")).toBe(1);
  expect(editDistance("kitten", "sitting")).toBe(3);
  expect(editDistance("", "abc")).toBe(3);
});

test("the distance is symmetric, zero only for equal words, and at most the longer length", () => {
  const word = fc.string({ maxLength: 12 });
  fc.assert(
    fc.property(word, word, (a, b) => {
      const distance = editDistance(a, b);
      expect(editDistance(b, a)).toBe(distance);
      expect(distance === 0).toBe(a === b);
      expect(distance).toBeLessThanOrEqual(Math.max(a.length, b.length));
    }),
  );
});
