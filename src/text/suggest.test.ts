import fc from "fast-check";
import { expect, test } from "vitest";

import { suggest } from "./index.ts";

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

test("the nearest word wins", () => {
  expect(suggest("versiom", ["version", "versions"])).toBe("version");
  expect(suggest("prmopt", ["promote", "prompt"])).toBe("prompt");
});

const letters = fc.string({ unit: fc.constantFrom("a", "b", "c", "d", "e", "f"), minLength: 3, maxLength: 12 });

test("a word is near itself, and near it with a letter missing, added or swapped with its neighbour", () => {
  fc.assert(
    fc.property(letters, fc.nat(), fc.constantFrom("", "z", "swap"), (word, seed, edit) => {
      const at = seed % (word.length - 1);
      const piece = edit === "swap" ? `${word[at + 1]}${word[at]}` : edit + word.slice(at + 1, at + 2);
      expect(suggest(word.slice(0, at) + piece + word.slice(at + 2), [word])).toBe(word);
      expect(suggest(word, [word])).toBe(word);
    }),
  );
});

test("nearness is mutual", () => {
  fc.assert(fc.property(letters, letters, (a, b) => (suggest(a, [b]) === b) === (suggest(b, [a]) === a)));
});
