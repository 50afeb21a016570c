import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { visible, visibleDeep, visibleJson, visibleLine } from "./visible.ts";

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

describe("text of strangers", () => {
  it.each([
    ["an escape sequence", "a\u001b[2Jb", "a\\u{1b}[2Jb"],
    ["a terminal title", "\u001b]0;owned\u0007", "\\u{1b}]0;owned\\u{7}"],
    ["a carriage return", "good\rbad", "good\\u{d}bad"],
    ["an eight-bit control", "\u009b31m", "\\u{9b}31m"],
    ["a right-to-left override", "\u202egpj.exe", "\\u{202e}gpj.exe"],
    ["tag characters", "hi\u{e0041}", "hi\\u{e0041}"],
    ["a zero-width space", "a\u200bb", "a\\u{200b}b"],
  ])("shows %s instead of obeying it", (_, text, shown) => {
    expect(visible(text)).toBe(shown);
  });

  it("keeps line feeds and tabs, but not where a line must stay one", () => {
    expect(visible("a\n\tb")).toBe("a\n\tb");
    expect(visibleLine("a\n\tb")).toBe("a\\u{a}\\u{9}b");
  });

  it("leaves what people write alone", () => {
    const text = "Grüße, 你好, שלום, ☕ & <b>";
    expect(visible(text)).toBe(text);
  });

  it("never leaves anything hostile, in text or JSON, and JSON still means the same", () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        expect(visible(text).replaceAll(/[\n\t]/g, "")).not.toMatch(HOSTILE);
        const json = visibleJson({ [text]: [text] });
        expect(json.replaceAll("\n", "")).not.toMatch(HOSTILE);
        expect(JSON.parse(json)).toEqual(JSON.parse(JSON.stringify({ [text]: [text] })));
      }),
    );
  });

  it("goes over every string of a result", () => {
    expect(visibleDeep({ a: ["\u001b"], "\u001b": { b: 1, c: null, d: true } })).toEqual({
      a: ["\\u{1b}"],
      "\\u{1b}": { b: 1, c: null, d: true },
    });
  });
});
