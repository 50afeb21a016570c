import { describe, expect, it } from "vitest";

import { formatLogLine } from "./log-line.ts";
import { createStyle } from "./style.ts";

const TIME = "2026-01-02T03:04:05.678Z";
const CLOCK = new Date(TIME).toTimeString().slice(0, 8);

function formatted(facts: object): string {
  return formatLogLine(`${JSON.stringify({ level: "info", time: TIME, ...facts })}\n`, createStyle(false));
}

const REQUEST = {
  requestId: "04840053",
  method: "GET",
  route: "manifest",
  repository: "examples/hello",
  reference: "1.0.0",
  status: 200,
  bytesIn: 0,
  bytesOut: 814,
  duration: 0.25,
  address: "127.0.0.1",
  msg: "request",
};

describe("a line of the log", () => {
  it("of a request says what was asked for, and what became of it", () => {
    expect(formatted(REQUEST)).toBe(`${CLOCK} GET manifest examples/hello:1.0.0 200 0.25 ms\n`);
    expect(formatted({ ...REQUEST, reference: "sha256:00" })).toContain(" examples/hello@sha256:00 200 ");
    const { repository, reference, ...base } = REQUEST;
    expect([repository, reference, formatted({ ...base, route: "base" })].at(-1)).toBe(
      `${CLOCK} GET base 200 0.25 ms\n`,
    );
  });

  it("of a request that failed says who asked", () => {
    expect(formatted({ ...REQUEST, status: 401, actor: "jane" })).toBe(
      `${CLOCK} GET manifest examples/hello:1.0.0 401 0.25 ms requestId=04840053 bytesIn=0 bytesOut=814 address=127.0.0.1 actor=jane\n`,
    );
  });

  it("of anything else has its facts, and of an error what it says", () => {
    expect(formatted({ root: "/srv", sections: ["a", "b"], msg: "listening" })).toBe(
      `${CLOCK} listening root=/srv sections=["a","b"]\n`,
    );
    const err = { type: "SkillError", message: "no room", stack: "at …", code: "STORE_UNWRITABLE" };
    expect(formatted({ level: "error", err, msg: "not ready" })).toBe(
      `${CLOCK} not ready no room (STORE_UNWRITABLE)\n`,
    );
  });

  it("has nothing in it that a terminal would obey", () => {
    const hostile = "a\u001b[2Jb\nc";
    expect(formatted({ ...REQUEST, repository: hostile, [hostile]: 1 })).not.toMatch(/\p{Cc}./u);
    expect(formatLogLine(`no JSON ${hostile}`, createStyle(false))).not.toMatch(/\p{Cc}./u);
    expect(formatLogLine("[1]\n", createStyle(false))).toBe("[1]\n");
  });
});
