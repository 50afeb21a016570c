import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { processorTime } from "../../test/fixtures/processor-time.ts";
import { quote, visible, visibleLine } from "./index.ts";

describe("visible text", () => {
  it.each([
    ["an escape sequence", "\u001b[31mred", "\\u{1b}[31mred"],
    ["an OSC link", "\u001b]8;;x\u0007", "\\u{1b}]8;;x\\u{7}"],
    ["a C1 control", "\u009b2J", "\\u{9b}2J"],
    ["a carriage return", "safe\revil", "safe\\u{d}evil"],
    ["a right-to-left override", "exe.\u202etxt", "exe.\\u{202e}txt"],
    ["tag characters", "a\u{e0041}", "a\\u{e0041}"],
    ["zero width characters", "a\u200bb\ufeff", "a\\u{200b}b\\u{feff}"],
    ["a lone surrogate", "a\ud800", "a\\u{d800}"],
    ["fillers that render as nothing", "a\u3164b", "a\\u{3164}b"],
  ])("shows %s", (_, text, shown) => {
    expect(visible(text)).toBe(shown);
  });

  it("leaves ordinary text of any script as it is", () => {
    const text = "Größe 日本語 🍵 ✔️ ½\tcol\nnext";
    expect(visible(text)).toBe(text);
    expect(visibleLine(text)).toBe(text.replace("\t", "\\u{9}").replace("\n", "\\u{a}"));
  });

  it("never lets a control character through", () => {
    fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => !/\p{Cc}/u.test(visibleLine(text))));
  });

  it.each([
    ["https://ada:s3cret@quay.io/a/b:1", '"https://…@quay.io/a/b:1"'],
    ["https://t0ken@quay.io", '"https://…@quay.io"'],
    ["ada:s3cret@quay.io:443/a/b", '"…@quay.io:443/a/b"'],
    ["see http://a:b@c and http://d:e@f", '"see http://…@c and http://…@f"'],
    ["hello:1.0.0@sha256:abc", '"hello:1.0.0@sha256:abc"'],
    ["quay.io/a/b:1@sha256:abc", '"quay.io/a/b:1@sha256:abc"'],
    ["Ada <ada@example.com>", '"Ada <ada@example.com>"'],
  ])("cites %s without the password that is in it", (text, cited) => {
    expect(quote(text)).toBe(cited);
  });

  it.each([":", "a:", "://", "//a", "a:b", "@"])("cites 100,000 times %j in no time", (piece) => {
    const start = processorTime();
    expect(quote(piece.repeat(100_000))).toMatch(/^".{200,500}…"$/);
    expect(processorTime() - start).toBeLessThan(1000);
  });

  it("cites long values cut", () => {
    expect(quote("x".repeat(201))).toBe(`"${"x".repeat(200)}…"`);
    expect(quote("🍵".repeat(3), 2)).toBe('"🍵🍵…"');
    expect(quote('say "hi"')).toBe('"say "hi""');
  });
});
