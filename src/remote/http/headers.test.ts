import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { processorTime } from "../../../test/fixtures/processor-time.ts";
import { isSkillError } from "../../errors.ts";
import { nextLink, retryAfter } from "./headers.ts";

const base = new URL("https://registry.example/v2/x/tags/list?n=2");
const next = (value: string): string | undefined => nextLink(value, base)?.href;
const PAGE = "https://registry.example/v2/x/tags/list?n=2&last=b";

describe("the next page", () => {
  it.each([
    `<${PAGE}>; rel="next"`,
    `</v2/x/tags/list?n=2&last=b>; rel="next"`,
    `<list?n=2&last=b>;rel=next`,
    `<?n=2&last=b> ; REL = "Next"`,
    `<?n=2&last=b>; rel="last next"; title="a, b; rel=prev"`,
    `<?n=2&last=b>; title="say \\"next\\""; rel="next"; rel="prev"`,
    `<a>; rel="prev", <?n=2&last=b>; rel="next", <c>; rel="next"`,
    `, ,<a>,<?n=2&last=b>; crossorigin; rel=next,`,
    `<a>; rel="prev"; rel="next", < ?n=2&last=b >; rel="next"`,
  ])("is found in %s", (value) => {
    expect(next(value)).toBe(PAGE);
  });

  it.each(["", ",", "<a>", `<a>; rel="prev"`, `<a>; rel="nextly"`, `<a>; title="rel=next"`, "<a>;;; rel"])(
    "is not in %j",
    (value) => {
      expect(next(value)).toBeUndefined();
    },
  );

  it("is not there without the header", () => {
    expect(nextLink(undefined, base)).toBeUndefined();
  });

  it.each([
    PAGE,
    "<a",
    `<a>; rel="next`,
    `<a> rel=next`,
    `<a>; rel="next" <b>`,
    `<https://>; rel="next"`,
    "a<b>; rel=next",
  ])("is refused when the header is wrong: %s", (value) => {
    expect(() => next(value)).toThrow(expect.objectContaining({ code: "RESPONSE_INVALID" }));
  });

  it("may be on another host, which is for the caller to refuse", () => {
    expect(next(`<https://evil.example/>; rel="next"`)).toBe("https://evil.example/");
  });

  it("is found or refused in any text, in no time", () => {
    const unit = fc.constantFrom(..."<>;,=/:".split(""), '"', "\\", " ", "\t", "rel", "next", "a");
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 200 }), (value) => {
        try {
          nextLink(value, base);
        } catch (error) {
          expect(isSkillError(error, "RESPONSE_INVALID")).toBe(true);
        }
      }),
    );
    const started = processorTime();
    for (const hostile of [
      "<",
      ";",
      ",",
      "<>;",
      '<a>;"',
      "<a>;\\",
      `<a>; x="${"\\".repeat(8000)}`,
      " \t",
      "<a>; rel=",
      "<a>,",
    ]) {
      try {
        nextLink(hostile.repeat(16_384 / hostile.length), base);
      } catch (error) {
        expect(isSkillError(error, "RESPONSE_INVALID")).toBe(true);
      }
    }
    expect(processorTime() - started).toBeLessThan(500);
  });
});

describe("how long to wait", () => {
  const now = Date.parse("2026-01-01T00:00:00Z");

  it.each([
    ["0", 0],
    ["120", 120_000],
    ["9999999999", 2 ** 31 * 1000],
    ["9".repeat(20), 2 ** 31 * 1000],
    [" 5 ", 5000],
    ["Thu, 01 Jan 2026 00:01:00 GMT", 60_000],
    ["Thursday, 01-Jan-26 00:01:00 GMT", 60_000],
    ["Thu, 01 Jan 2025 00:00:00 GMT", 0],
  ])("is read from %j", (value, milliseconds) => {
    expect(retryAfter(value, now)).toBe(milliseconds);
  });

  it.each([undefined, "", "-1", "1.5", "1e9", "soon", "Thu, not a date", "NaN", "Infinity"])(
    "is not in %j",
    (value) => {
      expect(retryAfter(value, now)).toBeUndefined();
    },
  );
});
