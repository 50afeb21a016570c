import { mkdir, readdir, readFile, readlink, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { temporaryDirectory } from "../../../test/fixtures/temporary-directory.ts";
import { replaceFile } from "./replace-file.ts";

let directory: string;
let remove: () => Promise<void>;

beforeEach(async () => {
  ({ path: directory, remove } = await temporaryDirectory());
});
afterEach(async () => remove());

const modeOf = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);

describe("a file of secrets", () => {
  it("is for its owner alone, and so are the directories made for it", async () => {
    const path = join(directory, "a/b/auth.json");
    expect(await replaceFile(path, () => "new")).toBe(true);
    expect(await readFile(path, "utf8")).toBe("new");
    expect(await modeOf(path)).toBe("600");
    expect(await modeOf(join(directory, "a"))).toBe("700");
  });

  it("that others could read cannot be read by them any more", async () => {
    const path = join(directory, "auth.json");
    await writeFile(path, "old", { mode: 0o644 });
    await replaceFile(path, (text) => `${text}+new`);
    expect(await readFile(path, "utf8")).toBe("old+new");
    expect(await modeOf(path)).toBe("600");
  });

  it("is left alone when there is nothing to change", async () => {
    const path = join(directory, "auth.json");
    await writeFile(path, "old");
    const before = await stat(path);
    expect(await replaceFile(path, (text) => text)).toBe(false);
    expect(await replaceFile(path, () => undefined)).toBe(false);
    expect((await stat(path)).ino).toBe(before.ino);
    expect(await readdir(directory)).toEqual(["auth.json"]);
  });

  it("keeps what somebody else wrote in between", async () => {
    const path = join(directory, "auth.json");
    await writeFile(path, "old");
    const seen: (string | undefined)[] = [];
    let other: Promise<void> | undefined;
    await replaceFile(path, (text) => {
      seen.push(text);
      other ??= writeFile(path, "theirs");
      return `${text}+ours`;
    });
    await other;
    expect(seen.at(-1)).toBe("theirs");
    expect(await readFile(path, "utf8")).toBe("theirs+ours");
    expect(await readdir(directory)).toEqual(["auth.json"]);
  });

  it("loses nobody's entry when many write at once, even where one of them fails", async () => {
    const path = join(directory, "auth.json");
    const names = Array.from({ length: 5 }, (_, at) => `n${at},`);
    const writes = names.map(async (name) =>
      replaceFile(path, (text) => (text ?? "") + (name === "n2," ? fail() : name)),
    );
    const results = await Promise.allSettled(writes);
    expect(results.map(({ status }) => status)).toEqual([
      "fulfilled",
      "fulfilled",
      "rejected",
      "fulfilled",
      "fulfilled",
    ]);
    expect(await readFile(path, "utf8")).toBe("n0,n1,n3,n4,");
  });

  it("that is a link stays one, and what it names is replaced", async () => {
    await mkdir(join(directory, "dotfiles"));
    await writeFile(join(directory, "dotfiles/real.json"), "old");
    const path = join(directory, "config.json");
    await symlink("dotfiles/real.json", path);
    await replaceFile(path, () => "new");
    expect(await readlink(path)).toBe("dotfiles/real.json");
    expect(await readFile(join(directory, "dotfiles/real.json"), "utf8")).toBe("new");
  });

  it("that is a link to nothing yet is made there", async () => {
    const path = join(directory, "config.json");
    await symlink("later/real.json", path);
    await replaceFile(path, () => "new");
    expect(await readFile(join(directory, "later/real.json"), "utf8")).toBe("new");
  });

  it.each([
    ["is a directory", "CREDENTIALS_INVALID"],
    ["lies below a file", "TARGET_UNWRITABLE"],
  ])("that %s cannot be written, and nothing is left behind", async (why, code) => {
    const path = join(directory, "sub", "auth.json");
    if (why === "is a directory") await mkdir(path, { recursive: true });
    else await writeFile(join(directory, "sub"), "");
    await expect(replaceFile(path, () => "new")).rejects.toMatchObject({
      code,
      message: expect.stringContaining(path),
    });
    expect((await readdir(directory, { recursive: true })).filter((name) => name.includes("skillctl"))).toEqual([]);
  });
});

function fail(): never {
  throw new Error("this one fails");
}
