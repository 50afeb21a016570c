import { execFileSync } from "node:child_process";
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { collectFiles } from "./collect.ts";
import type { LayerFile } from "./types.ts";

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "collect-"));
});

afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

async function put(path: string, text = "x"): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), text);
}

async function paths(): Promise<string[]> {
  return (await collectFiles(root)).files.map((file) => file.path);
}

async function read(file: LayerFile): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const chunk of file.open()) parts.push(chunk);
  return Buffer.concat(parts).toString();
}

describe("what is packed", () => {
  test("files are listed by the bytes of their paths, with size and executable bit", async () => {
    for (const path of ["b", "a/x", "a-b", "\u{1f600}", "\uff5e"]) await put(path, "hello");
    await chmod(join(root, "b"), 0o744);
    const { files, excluded } = await collectFiles(root);
    expect(files.map((file) => file.path)).toEqual(["a-b", "a/x", "b", "\uff5e", "\u{1f600}"]);
    expect(files.map((file) => file.executable)).toEqual([false, false, true, false, false]);
    expect(files.map((file) => file.size)).toEqual([5, 5, 5, 5, 5]);
    expect(excluded).toEqual([]);
  });

  test("files of every size are read whole", async () => {
    const sizes = [0, 1, 65_536, 65_537, 262_143, 262_144, 262_145, 700_000];
    for (const size of sizes) await put(`f${size}`, "y".repeat(size));
    for (const file of (await collectFiles(root)).files) expect((await read(file)).length).toBe(file.size);
  });

  test("dotfiles are left out and listed", async () => {
    for (const path of [".env", ".git/config", "a/.hidden", "a/b"]) await put(path);
    expect(await collectFiles(root)).toMatchObject({
      files: [{ path: "a/b" }],
      excluded: [".env", ".git/", "a/.hidden"],
    });
  });

  test(".skillignore leaves out more, in gitignore syntax", async () => {
    await put(".skillignore", "\ufeff# comment\r\n*.log\r\n!keep.log\r\nbuild/\r\n/top\r\nLICENSE\r\n");
    for (const path of ["a.log", "keep.log", "build/x", "src/build/y", "top", "src/top", "license"]) await put(path);
    expect(await paths()).toEqual(["keep.log", "license", "src/top"]);
    expect((await collectFiles(root)).excluded).toEqual([".skillignore", "a.log", "build/", "src/build/", "top"]);
  });

  test("a directory that the caller excludes is left out, whichever way its path goes", async () => {
    for (const path of ["SKILL.md", "data/store/index.json", "data/storekeeper.md", "store/a"]) await put(path);
    const room = await mkdtemp(join(tmpdir(), "collect-link-"));
    try {
      await symlink(root, join(room, "link"));
      const exclude = [join(room, "link", "data", "store"), join(root, "none"), root, dirname(root), room];
      expect(await collectFiles(root, { exclude })).toMatchObject({
        files: [{ path: "SKILL.md" }, { path: "data/storekeeper.md" }, { path: "store/a" }],
        excluded: ["data/store/"],
      });
    } finally {
      await rm(room, { recursive: true });
    }
  });

  test("a directory that is reached by a link is packed", async () => {
    await put("real/a");
    await symlink(join(root, "real"), join(root, "link"));
    expect((await collectFiles(join(root, "link"))).files.map((file) => file.path)).toEqual(["a"]);
  });
});

describe("what cannot be packed is an error that names it", () => {
  test("a symlink", async () => {
    await put("a/b");
    await symlink("b", join(root, "a/link"));
    await expect(collectFiles(root)).rejects.toMatchObject({
      code: "FILE_UNSUPPORTED",
      message: '"a/link" cannot be packed: it is a symbolic link',
    });
  });

  test("together with all others", async () => {
    await put("a");
    for (const name of ["link-1", "link-2", "sub"]) await symlink("a", join(root, name));
    await put("con.txt");
    await expect(collectFiles(root)).rejects.toMatchObject({
      code: "FILE_UNSUPPORTED",
      message: expect.stringMatching(
        /^"con.txt" cannot be packed: .*; neither can "link-1" \(it is a symbolic link\), "link-2" .*, "sub" /,
      ) as string,
      hint: "Remove each, rename each, or name each in .skillignore.",
    });
    for (let at = 0; at < 20; at += 1) await symlink("a", join(root, `more-${at}`));
    await expect(collectFiles(root)).rejects.toThrow(/, 15 more$/);
  });

  test("a symlink that is ignored is none", async () => {
    await put(".skillignore", "link\n");
    await symlink("nowhere", join(root, "link"));
    expect((await collectFiles(root)).excluded).toEqual([".skillignore", "link"]);
  });

  test("a FIFO", async () => {
    execFileSync("mkfifo", [join(root, "pipe")]);
    await expect(collectFiles(root)).rejects.toMatchObject({
      code: "FILE_UNSUPPORTED",
      message: expect.stringContaining('"pipe"') as string,
    });
  });

  test("a socket", async () => {
    const server = createServer().listen(join(root, "sock"));
    await new Promise((resume) => server.once("listening", resume));
    await expect(collectFiles(root)).rejects.toMatchObject({
      code: "FILE_UNSUPPORTED",
      message: expect.stringContaining("socket") as string,
    });
    await new Promise((resume) => server.close(resume));
  });

  test.each(["a\\b", "con.txt", "x:y", "trailing.", "trailing ", "a\u200bb", "a\nb"])("the name %j", async (name) => {
    await put(name);
    await expect(collectFiles(root)).rejects.toMatchObject({ code: "FILE_UNSUPPORTED" });
  });

  test("names that collide", async () => {
    await put("a/README");
    await put("a/readme");
    await expect(collectFiles(root)).rejects.toMatchObject({
      code: "FILE_UNSUPPORTED",
      message: expect.stringContaining("collides") as string,
    });
  });

  test("a name that is not UTF-8", async () => {
    await writeFile(Buffer.concat([Buffer.from(`${root}/a`), Buffer.of(0xff)]), "x");
    await expect(collectFiles(root)).rejects.toMatchObject({
      code: "FILE_UNSUPPORTED",
      message: expect.stringContaining("UTF-8") as string,
    });
  });
});

describe("a .skillignore that would take too long", () => {
  test.each([
    ["patterns that take seconds for each path", `*.log\n# **/**/**/**/\n${"**/a/".repeat(8)}b\n`, "line 3 of"],
    ["a pattern with four times **", "a**b**c**d**e", "line 1 of"],
    ["over 64 KiB", "x".repeat(64 * 1024 + 1), "larger than 65536 bytes"],
    ["over 1,000 patterns", Array.from({ length: 1001 }, (_, at) => `f${at}`).join("\r\n"), "more than 1000 patterns"],
  ])("%s", async (_, text, says) => {
    await put(".skillignore", text);
    await put(`${"a/".repeat(31)}c`);
    await expect(collectFiles(root)).rejects.toMatchObject({
      code: "FILE_UNREADABLE",
      message: expect.stringContaining(says) as string,
    });
  });

  test("comments and blank lines are no patterns, and three times ** is fine", async () => {
    await put(".skillignore", `${"# **/**/**/**/\n\n".repeat(1500)}**/a/**/b/**\n`);
    await put("x/a/y/b/c");
    await put("SKILL.md");
    expect(await paths()).toEqual(["SKILL.md"]);
  });
});

describe("what cannot be read", () => {
  test("a missing directory", async () => {
    await expect(collectFiles(join(root, "none"))).rejects.toMatchObject({ code: "FILE_UNREADABLE" });
  });

  test("a file instead of a directory", async () => {
    await put("file");
    await expect(collectFiles(join(root, "file"))).rejects.toMatchObject({ code: "FILE_UNREADABLE" });
  });

  test.each([
    ["grown", 10, 20],
    ["shrunk", 20, 10],
    ["grown large", 100_000, 100_001],
    ["shrunk large", 100_001, 100_000],
  ])("a file that has %s since it was listed", async (_, before, after) => {
    await put("file", "x".repeat(before));
    const [file] = (await collectFiles(root)).files;
    await put("file", "x".repeat(after));
    await expect(read(file as LayerFile)).rejects.toMatchObject({
      code: "FILE_UNREADABLE",
      message: expect.stringContaining("changed") as string,
    });
  });

  test.each([10, 100_000])("a file of %i bytes that a symlink has replaced since it was listed", async (size) => {
    await put("file", "x".repeat(size));
    await put("secret", "s".repeat(size));
    const { files } = await collectFiles(root);
    await rm(join(root, "file"));
    await symlink("secret", join(root, "file"));
    await expect(read(files[0] as LayerFile)).rejects.toMatchObject({ code: "FILE_UNREADABLE" });
  });

  test("an operation that was cancelled", async () => {
    await expect(collectFiles(root, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: "ABORTED" });
  });
});
