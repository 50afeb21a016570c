import { readFileSync } from "node:fs";

import { describe, expect, it } from "vitest";

import { SkillError } from "../errors.ts";
import { ExitStatus, exitStatusOf, SIGNAL_STATUS, worstStatus } from "./exit.ts";

describe("exit status", () => {
  it.each(["USAGE", "REFERENCE_INVALID", "LIFECYCLE_STATE_UNKNOWN", "FILE_UNREADABLE", "SKILLCARD_MISSING"] as const)(
    "is 2 for %s: the call could not be understood or its input not be read",
    (code) => {
      expect(exitStatusOf(new SkillError(code, "x"))).toBe(2);
    },
  );

  it.each(["NOT_FOUND", "SKILLCARD_INVALID", "LIFECYCLE_TRANSITION_INVALID", "STORE_LOCKED"] as const)(
    "is 1 for %s: the work failed",
    (code) => {
      expect(exitStatusOf(new SkillError(code, "x"))).toBe(1);
    },
  );

  it("is that of Ctrl-C when the work was cancelled", () => {
    expect(exitStatusOf(new SkillError("ABORTED", "x"))).toBe(130);
  });

  it("is 1 for a bug", () => {
    expect(exitStatusOf(new TypeError("x"))).toBe(1);
    expect(exitStatusOf("x")).toBe(1);
  });

  it("is in docs/errors.md, whichever it is", () => {
    const doc = readFileSync(new URL("../../docs/errors.md", import.meta.url), "utf8");
    const [, paragraph = ""] = /(Its exit status is [^]*?)\n\n/.exec(doc) ?? [];
    const told = [...paragraph.matchAll(/\b\d+\b/g)].map(([number]) => Number(number));
    expect(told).toEqual([...Object.values(ExitStatus), SIGNAL_STATUS.SIGTERM, SIGNAL_STATUS.SIGHUP]);
  });

  it("of several parts is the gravest", () => {
    expect(worstStatus([0, 2, 1])).toBe(2);
    expect(worstStatus([0, 1, 0])).toBe(1);
    expect(worstStatus([])).toBe(0);
  });
});
