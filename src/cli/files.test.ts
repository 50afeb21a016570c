import { execFileSync } from "node:child_process";
import * as fs from "node:fs/promises";
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterAll, describe, expect, it } from "vitest";

import { readAll } from "../content/index.ts";
import { SkillError } from "../errors.ts";
import { withReadableFile, writeFile, writeFilesIn } from "./files.ts";

const directory = mkdtempSync(join(tmpdir(), "skillctl-files-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

async function* content(text: string, failure?: Error): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
  if (failure !== undefined) throw failure;
}

describe("writing a file", () => {
  it("writes it whole and tells its size, also through a link", async () => {
    const [file, link] = [join(directory, "out.tar"), join(directory, "link.tar")];
    expect(await writeFile(file, content("one"))).toBe(3);
    symlinkSync(file, link);
    await writeFile(link, content("three"), true);
    expect(readFileSync(file, "utf8")).toBe("three");
  });

  it("leaves the old file and nothing else when the content fails", async () => {
    const place = mkdtempSync(join(directory, "kept-"));
    const file = join(place, "out.tar");
    writeFileSync(file, "old");
    const failure = new SkillError("DIGEST_MISMATCH", "x");
    await expect(writeFile(file, content("new", failure), true)).rejects.toBe(failure);
    expect([readdirSync(place), readFileSync(file, "utf8")]).toEqual([["out.tar"], "old"]);
  });

  it("replaces nothing unasked", async () => {
    const file = join(directory, "mine.tar");
    writeFileSync(file, "mine");
    await expect(writeFile(file, content("x"))).rejects.toMatchObject({
      code: "TARGET_EXISTS",
      message: `${file} exists already`,
      hint: expect.stringContaining("--force") as string,
    });
    expect(readFileSync(file, "utf8")).toBe("mine");
  });

  it("replaces no link that leads nowhere unasked", async () => {
    const place = mkdtempSync(join(directory, "dangling-"));
    const link = join(place, "link.tar");
    symlinkSync("nowhere", link);
    await expect(writeFile(link, content("x"))).rejects.toMatchObject({ code: "TARGET_EXISTS" });
    const files = [
      { file: "first", content: "x" },
      { file: "link.tar", content: "x" },
    ];
    await expect(writeFilesIn(place, files)).rejects.toMatchObject({ code: "TARGET_EXISTS" });
    expect([readdirSync(place), readlinkSync(link)]).toEqual([["link.tar"], "nowhere"]);
  });

  it.each([
    ["a full disk", "/dev/full", "no space left on device"],
    ["a directory", directory, "it is a directory"],
    ["a path below a file", "/dev/null/out.tar", "it lies below what is no directory"],
    [
      "a directory that is not there",
      join(directory, "missing", "out.tar"),
      "the directory it would be in does not exist",
    ],
  ])("to %s fails by name", async (_, path, reason) => {
    await expect(writeFile(path, content("x"))).rejects.toMatchObject({
      code: "TARGET_UNWRITABLE",
      message: `cannot write ${path}: ${reason}`,
    });
  });
});

describe("reading a file", () => {
  const { signal } = new AbortController();
  const read = (path: string, stdin: Readable): Promise<string[]> =>
    withReadableFile(path, stdin, signal, async (open) => {
      const twice = [await readAll(open()), await readAll(open())];
      return twice.map((bytes) => Buffer.from(bytes).toString());
    });

  it("reads stdin as often as wanted", async () => {
    expect(await read("-", Readable.from([Buffer.from("abc")]))).toEqual(["abc", "abc"]);
  });

  it("that is not there fails by name", async () => {
    const missing = join(directory, "missing.tar");
    await expect(read(missing, Readable.from([]))).rejects.toMatchObject({
      code: "FILE_UNREADABLE",
      message: `cannot read ${missing}: there is no such file or directory`,
    });
  });
});

describe.skipIf(process.platform === "win32")("reading a named pipe (Windows has none in directories)", () => {
  const makePipe = (): string => {
    const path = join(mkdtempSync(join(directory, "pipe-")), "pipe");
    execFileSync("mkfifo", [path]);
    return path;
  };

  it("reads what flows by once as often as wanted", async () => {
    const pipe = makePipe();
    const written = fs.writeFile(pipe, "x".repeat(300_000));
    const read = async (open: () => AsyncIterable<Uint8Array>): Promise<number[]> => [
      (await readAll(open())).byteLength,
      (await readAll(open())).byteLength,
    ];
    const signal = new AbortController().signal;
    expect(await withReadableFile(pipe, Readable.from([]), signal, read)).toEqual([300_000, 300_000]);
    await written;
  });

  it("to which nobody writes ends when it is cancelled", async () => {
    const cancel = new AbortController();
    const reading = withReadableFile(makePipe(), Readable.from([]), cancel.signal, async () =>
      expect.fail("no content"),
    );
    setImmediate(() => cancel.abort(new Error("enough")));
    await expect(reading).rejects.toThrow();
  });
});
