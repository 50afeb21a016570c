import { describe, expect, it } from "vitest";

import { SkillError } from "../errors.ts";
import { LIMIT_OPTION } from "./limits.ts";
import { bytes, duration, each, listOf, oneOf, sourceDateEpoch, state } from "./values.ts";

const failure = (code: string, hint: string): unknown =>
  expect.objectContaining({ code, hint: expect.stringContaining(hint) as string });

describe("values of arguments", () => {
  it("suggests the state that was meant", () => {
    expect(state("testing")).toBe("testing");
    expect(() => state("tesing")).toThrow(failure("LIFECYCLE_STATE_UNKNOWN", "Did you mean testing?"));
    expect(() => state("x")).toThrow(failure("LIFECYCLE_STATE_UNKNOWN", "Choose one of draft, testing"));
  });

  it("suggests the choice that was meant", () => {
    expect(() => oneOf("action", ["create"])("creat")).toThrow('"creat" is not an action');
    const part = oneOf("part", ["manifest", "config"]);
    expect(part("config")).toBe("config");
    expect(() => part("manfest")).toThrow(failure("USAGE", "Did you mean manifest?"));
  });

  it("collects lists by commas and by repetition", () => {
    expect(listOf(state)("testing,published", listOf(state)("draft", undefined))).toEqual([
      "draft",
      "testing",
      "published",
    ]);
    expect(each(String)("b,c", each(String)("a", undefined))).toEqual(["a", "b,c"]);
  });

  it("reads lengths of time and sizes", () => {
    expect([duration("0"), duration("90s"), duration("2h"), duration("7d")]).toEqual([
      0, 90_000, 7_200_000, 604_800_000,
    ]);
    expect([bytes("12"), bytes("64MiB"), bytes("1GB")]).toEqual([12, 67_108_864, 1e9]);
    for (const wrong of ["", "1", "-1s", "1.5h", "1w"])
      expect(() => duration(wrong)).toThrow(failure("USAGE", "as in 90s"));
    for (const wrong of ["", "-1", "1.5MB", "1mb", "9".repeat(20)])
      expect(() => bytes(wrong)).toThrow(failure("USAGE", "64MiB"));
  });

  it("reads limits by name", () => {
    const limit = (text: string, previous?: unknown): unknown => LIMIT_OPTION.parse?.(text, previous);
    expect(limit("entries=20000", limit("fileSize=64MiB"))).toEqual({ fileSize: 67_108_864, entries: 20_000 });
    expect(() => limit("filesize=1")).toThrow(failure("USAGE", "Did you mean fileSize?"));
    for (const wrong of ["fileSize", "fileSize=", "fileSize=-1", "fileSize=1=2"])
      expect(() => limit(wrong)).toThrow(SkillError);
  });

  it("reads SOURCE_DATE_EPOCH, and refuses what is no time", () => {
    expect(sourceDateEpoch({})).toBeUndefined();
    expect(sourceDateEpoch({ SOURCE_DATE_EPOCH: "" })).toBeUndefined();
    expect(sourceDateEpoch({ SOURCE_DATE_EPOCH: "1700000000" })).toBe(1_700_000_000);
    for (const wrong of ["now", "-1", "1.5", "1e9", "99999999999999"]) {
      expect(() => sourceDateEpoch({ SOURCE_DATE_EPOCH: wrong })).toThrow(failure("USAGE", "seconds since 1970"));
    }
  });
});
