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
      "cannot read /nowhere/file: there is no such file or directory",
    ],
    [
      "listing",
      () => readdir("/dev/null"),
      "FILE_UNREADABLE",
      "cannot read /dev/null: it is not a directory, or lies below what is none",
    ],
    [
      "making a directory",
      () => mkdir("/dev/null/x"),
      "TARGET_UNWRITABLE",
      "cannot write /dev/null/x: it lies below what is no directory",
    ],
    [
      "renaming",
      () => rename("/nowhere/a", "/b"),
      "TARGET_UNWRITABLE",
      "cannot write /nowhere/a: the directory it would be in does not exist",
    ],
  ])("at %s names the path and the reason", async (_, work, code, message) => {
    const cause = await failureOf(work());
    expect(explainSystemError(cause)).toMatchObject({ code, message, cause, hint: expect.any(String) as string });
  });

  it("that names no path is told by what was read or written", async () => {
    const places = { source: "stdin", target: "/tmp/copy" };
    expect(explainSystemError(systemError("EISDIR", -21, "read"), places)).toMatchObject({
      message: "cannot read stdin: it is a directory",
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

describe("an error of the library that quotes the system", () => {
  const cause = Object.assign(systemError("ENOENT", -2, "stat"), { path: "x" });

  it.each([
    ["its message", `cannot read x: ${cause.message}`, "cannot read x: there is no such file or directory"],
    ["its code", '"x" cannot be read (ENOENT)', '"x" cannot be read: there is no such file or directory'],
  ])("by %s is put into words and keeps the rest", (_, message, worded) => {
    const error = new SkillError("FILE_UNREADABLE", message, { hint: "Look.", cause });
    expect(explainSystemError(error)).toMatchObject({ code: "FILE_UNREADABLE", message: worded, hint: "Look.", cause });
  });

  it("about a target says what is wrong with writing", () => {
    const exists = systemError("EEXIST", -17, "open");
    const error = new SkillError("TARGET_EXISTS", `cannot write x: ${exists.message}`, { cause: exists });
    expect(explainSystemError(error)).toMatchObject({ message: "cannot write x: it exists already" });
  });

  it("is left alone when it has words of its own", () => {
    const error = new SkillError("STORE_UNWRITABLE", "the disk is full", { cause });
    expect(explainSystemError(error)).toBe(error);
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
