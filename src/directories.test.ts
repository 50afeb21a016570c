import { mkdir, mkdtemp, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { makeDirectories, makeDirectoriesSync } from "./directories.ts";

let room: string;
beforeAll(async () => {
  room = await mkdtemp(join(tmpdir(), "skillimage-directories-"));
});
afterAll(() => rm(room, { recursive: true }));

describe.each([
  ["makeDirectories", makeDirectories],
  ["makeDirectoriesSync", async (path: string, mode?: number) => makeDirectoriesSync(path, mode)],
] as const)("%s", (name, make) => {
  const at = (...names: string[]): string => join(room, name, ...names);
  beforeAll(async () => mkdir(at()));

  it("makes a directory and what it lies in, each with the mode", async () => {
    await make(at("a", "b", "c"), 0o700);
    const modes = await Promise.all([at("a"), at("a", "b"), at("a", "b", "c")].map(async (path) => stat(path)));
    expect(modes.map((each) => each.isDirectory())).toEqual([true, true, true]);
    if (process.platform !== "win32") expect(modes.map(({ mode }) => mode & 0o777)).toEqual([0o700, 0o700, 0o700]);
  });

  it("leaves one that is there, by itself or by a link", async () => {
    await mkdir(at("there"));
    await symlink("there", at("link"));
    await make(at("there"));
    await make(at("link", "below"));
    expect((await stat(at("there", "below"))).isDirectory()).toBe(true);
  });

  it("says what is in its way", async () => {
    await writeFile(at("file"), "");
    await symlink("nowhere", at("dangling"));
    await expect(make(at("file"))).rejects.toMatchObject({ code: "EEXIST" });
    await expect(make(at("file", "x"))).rejects.toMatchObject({ code: "ENOTDIR" });
    await expect(make(at("dangling", "x"))).rejects.toMatchObject({ code: "EEXIST" });
  });

  it.runIf(process.platform === "linux")("ends where the system makes none", async () => {
    await expect(make("/proc/a/b")).rejects.toMatchObject({ code: "ENOENT" });
  });
});
