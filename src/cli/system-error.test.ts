import { mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";

import { SkillError } from "../errors.ts";
import { explainSystemError, isBrokenPipe, unwritable } from "./system-error.ts";

const failureOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  );

const systemError = (code: string, errno: number, syscall: string): Error =>
  Object.assign(new Error(`${code}: ${syscall}`), { code, errno, syscall });

describe("a failure of the file system", () => {
  it.each([
    [
      "reading",
      () => readFile("/nowhere/file"),
      "FILE_UNREADABLE",
      "cannot read /nowhere/file: no such file or directory",
    ],
    ["listing", () => readdir("/dev/null"), "FILE_UNREADABLE", "cannot read /dev/null: not a directory"],
    [
      "making a directory",
      () => mkdir("/dev/null/x"),
      "TARGET_UNWRITABLE",
      "cannot write /dev/null/x: not a directory",
    ],
    [
      "renaming",
      () => rename("/nowhere/a", "/b"),
      "TARGET_UNWRITABLE",
      "cannot write /nowhere/a: no such file or directory",
    ],
  ])("at %s names the path and the reason", async (_, work, code, message) => {
    const cause = await failureOf(work());
    expect(explainSystemError(cause)).toMatchObject({ code, message, cause, hint: expect.any(String) as string });
  });

  it("that names no path is told by what was read or written", async () => {
    const places = { source: "stdin", target: "/tmp/copy" };
    expect(explainSystemError(systemError("EISDIR", -21, "read"), places)).toMatchObject({
      message: "cannot read stdin: illegal operation on a directory",
    });
    expect(explainSystemError(await failureOf(writeFile("/dev/full", "x")), places)).toMatchObject({
      message: "cannot write /tmp/copy: no space left on device",
    });
  });

  it("at opening is one of writing where only writers fail so", () => {
    expect(explainSystemError(systemError("EROFS", -30, "open"), { target: "out.tar" })).toMatchObject({
      code: "TARGET_UNWRITABLE",
      message: "cannot write out.tar: read-only file system",
    });
  });
});

describe("any other error", () => {
  it.each([new TypeError("x"), new SkillError("NOT_FOUND", "x"), "text", systemError("ECONNRESET", -104, "connect")])(
    "stays what it is: %s",
    (error) => {
      expect(explainSystemError(error)).toBe(error);
    },
  );

  it("is not taken for a place that cannot be written", () => {
    const error = new SkillError("DIGEST_MISMATCH", "x");
    expect(unwritable("out.tar", error)).toBe(error);
  });
});

it("tells a reader who has gone from a disk that is full", () => {
  expect(isBrokenPipe(systemError("EPIPE", -32, "write"))).toBe(true);
  expect(isBrokenPipe(systemError("ENOSPC", -28, "write"))).toBe(false);
});
