import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { visibleDeep, visibleJson } from "./visible.ts";

/** Characters that a terminal obeys or does not show. */
const HOSTILE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

const hostileText = fc
  .array(
    fc.oneof(
      fc.constantFrom("\u001b[31m", "\u001b]0;x\u0007", "\r", "\u202e", "\u{e0041}", "\u009b", "\u200b"),
      fc.string({ unit: "binary" }),
    ),
  )
  .map((parts) => parts.join(""));

describe("JSON of strangers' text", () => {
  it("holds nothing that a terminal obeys, and means the same", () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        const json = visibleJson({ [text]: [text] });
        expect(json.replaceAll("\n", "")).not.toMatch(HOSTILE);
        expect(JSON.parse(json)).toEqual(JSON.parse(JSON.stringify({ [text]: [text] })));
      }),
    );
  });
});

describe("a result", () => {
  it("is made visible in every string, keys included", () => {
    expect(visibleDeep({ a: ["\u001b"], "\u001b": { b: 1, c: null, d: true } })).toEqual({
      a: ["\\u{1b}"],
      "\\u{1b}": { b: 1, c: null, d: true },
    });
  });

  it("in which nothing is hostile stays the same object", () => {
    const result = { names: ["Grüße", "你好"], count: 2 };
    expect(visibleDeep(result)).toBe(result);
  });
});
