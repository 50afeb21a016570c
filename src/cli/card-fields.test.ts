import { describe, expect, it } from "vitest";

import { cardField, problemOf } from "./card-fields.ts";

describe("a field of a card", () => {
  it.each([
    ["name", "Bad Name", "bad-name"],
    ["name", "", "name"],
    ["namespace", "Acme//x", "acme/x"],
    ["version", "one", "three numbers"],
    ["version", "v1.2", "1.2.0"],
    ["description", " ", "description"],
  ] as const)("%s %j is refused, with what to write instead", (field, text, advice) => {
    expect(problemOf(field, text)).toContain(advice);
    expect(() => cardField(field)(text)).toThrow(expect.objectContaining({ code: "USAGE" }) as Error);
  });

  it.each([
    ["name", "good-name"],
    ["namespace", "acme/tools"],
    ["version", "1.0.0-rc.1"],
    ["description", 'Says "hi": often # really'],
  ] as const)("%s %j is taken", (field, text) => {
    expect(problemOf(field, text)).toBeUndefined();
    expect(cardField(field)(text)).toBe(text);
  });
});
