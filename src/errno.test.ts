import { readFileSync } from "node:fs";

import { describe, expect, it } from "vitest";

import { absentAsUndefined, errnoOf, isAbsent } from "./errno.ts";
import { SkillError } from "./errors.ts";

function failureOf(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return error;
  }
}

describe("errno", () => {
  it("is the code of what the system refused", () => {
    const absent = failureOf(() => readFileSync("/nowhere/at/all"));
    expect(errnoOf(absent)).toBe("ENOENT");
    expect(isAbsent(absent)).toBe(true);
    expect(absentAsUndefined(absent)).toBeUndefined();
  });

  it.each([
    ["an error of ours", new SkillError("NOT_FOUND", "no")],
    ["an error without a code", new Error("no")],
    ["an error whose code is no text", Object.assign(new Error("no"), { code: 1 })],
    ["what is no error", { code: "ENOENT" }],
  ])("is not read from %s", (_, value) => {
    expect(errnoOf(value)).toBeUndefined();
    expect(isAbsent(value)).toBe(false);
    expect(failureOf(() => absentAsUndefined(value))).toBe(value);
  });
});
