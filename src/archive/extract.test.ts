import {
  chmod,
  chown,
  lstat,
  lutimes,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rm,
  symlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";

import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { gzipped, inPieces, rawTar, type RawEntry } from "../../test/fixtures/raw-tar.ts";
import { extractLayers } from "./extract.ts";
import type { LayerSource } from "./types.ts";

let room: string;
let target: string;

beforeEach(async () => {
  room = await realpath(await mkdtemp(join(tmpdir(), "extract-")));
  target = join(room, "skill");
});

afterEach(async () => {
  await rm(room, { recursive: true, force: true });
});

function layer(...entries: RawEntry[]): LayerSource {
  return { content: inPieces(gzipped(rawTar(...entries))), compression: "gzip" };
}

async function modeOf(...path: string[]): Promise<string> {
  return ((await lstat(join(target, ...path))).mode & 0o7777).toString(8);
}

const everything = async (): Promise<string[]> => (await readdir(room, { recursive: true })).toSorted();

describe("unpacking", () => {
  test("puts files and directories with clamped modes, whatever the umask", async () => {
    const umask = process.umask(0o077);
    try {
      const seen: string[] = [];
      const entries = [
        { name: "a/run.sh", mode: "0004777\0", content: "#!" },
        { name: "a/b/c", content: "text", mode: "0000600\0" },
        { name: "empty/", type: "5" },
      ];
      const summary = await extractLayers([layer(...entries)], target, {
        onEntry: (entry) => seen.push(`${entry.type} ${entry.path}`),
      });
      expect(summary).toEqual({ files: 2, size: 6 });
      expect(seen).toEqual(["file a/run.sh", "file a/b/c", "directory empty"]);
    } finally {
      process.umask(umask);
    }
    expect(await everything()).toEqual([
      "skill",
      "skill/a",
      "skill/a/b",
      "skill/a/b/c",
      "skill/a/run.sh",
      "skill/empty",
    ]);
    expect(await Promise.all([modeOf(), modeOf("a"), modeOf("a", "run.sh"), modeOf("a", "b", "c")])).toEqual([
      "755",
      "755",
      "755",
      "644",
    ]);
    expect(await readFile(join(target, "a", "b", "c"), "utf8")).toBe("text");
  });

  test("lets a later layer replace files of an earlier one", async () => {
    const first = layer({ name: "d/", type: "5" }, { name: "d/a", content: "old" }, { name: "b", content: "kept" });
    const second = layer({ name: "d/", type: "5" }, { name: "d/a", content: "newer", mode: "0000755\0" });
    expect(await extractLayers([first, second], target)).toEqual({ files: 2, size: 9 });
    expect(await readFile(join(target, "d", "a"), "utf8")).toBe("newer");
    expect(await modeOf("d", "a")).toBe("755");
  });

  test("makes missing parents and follows the user's own links above them", async () => {
    await mkdir(join(room, "real"));
    await symlink(join(room, "real"), join(room, "link"));
    await extractLayers([layer({ name: "f" })], join(room, "link", "x", "y", "skill"));
    expect((await readdir(join(room, "real"), { recursive: true })).toSorted()).toEqual([
      "x",
      "x/y",
      "x/y/skill",
      "x/y/skill/f",
    ]);
  });

  test("fills an empty directory", async () => {
    await mkdir(target, { mode: 0o700 });
    await extractLayers([layer({ name: "f" })], target);
    expect(await everything()).toEqual(["skill", "skill/f"]);
  });
});

describe("an existing target", () => {
  beforeEach(async () => {
    await mkdir(target);
    await writeFile(join(target, "mine"), "mine");
  });

  test("is not overwritten", async () => {
    await expect(extractLayers([layer({ name: "f" })], target)).rejects.toMatchObject({ code: "TARGET_EXISTS" });
    expect(await everything()).toEqual(["skill", "skill/mine"]);
  });

  test("is replaced as a whole when asked", async () => {
    await extractLayers([layer({ name: "f" })], target, { replace: true });
    expect(await everything()).toEqual(["skill", "skill/f"]);
  });

  test("is put back when the new one cannot take its place", async () => {
    // The content disappears under the rename: the only step that can fail once the old directory has been moved away.
    const onEntry = (): void => void breakStaging();
    const slow: LayerSource = { content: lingering(gzipped(rawTar({ name: "f" }))), compression: "gzip" };
    await expect(extractLayers([slow], target, { replace: true, onEntry })).rejects.toThrow();
    expect(await everything()).toEqual(["skill", "skill/mine"]);
    expect(await readFile(join(target, "mine"), "utf8")).toBe("mine");
  });

  test("that is a file is not replaced", async () => {
    await expect(extractLayers([layer({ name: "f" })], join(target, "mine"), { replace: true })).rejects.toMatchObject({
      code: "TARGET_EXISTS",
    });
    expect(await readFile(join(target, "mine"), "utf8")).toBe("mine");
  });

  async function breakStaging(): Promise<void> {
    const staging = (await readdir(room)).find((name) => name.startsWith(".skillctl-"));
    if (staging !== undefined) await rm(join(room, staging, "content"), { recursive: true });
  }
});

describe("when it fails", () => {
  test("the staging directory is private while it lasts, and gone after a failure", async () => {
    const modes: string[] = [];
    const look = async (): Promise<void> => {
      for (const name of await readdir(room))
        if (name.startsWith(".skillctl-")) modes.push(((await lstat(join(room, name))).mode & 0o777).toString(8));
    };
    const broken: LayerSource = {
      content: lingering(gzipped(rawTar({ name: "f" }, { name: "../f" }))),
      compression: "gzip",
    };
    await expect(extractLayers([broken], target, { onEntry: () => void look() })).rejects.toMatchObject({
      code: "ARCHIVE_REFUSED",
    });
    expect(await everything()).toEqual([]);
    expect(new Set(modes)).toEqual(new Set(modes.length === 0 ? [] : ["700"]));
  });

  test("an abort in the middle leaves nothing, not even the parents that were made", async () => {
    const controller = new AbortController();
    const entries = Array.from({ length: 50 }, (_, index) => ({ name: `d${index}/f`, content: "x".repeat(1000) }));
    const options = { signal: controller.signal, onEntry: () => controller.abort() };
    await expect(extractLayers([layer(...entries)], join(room, "a", "b", "skill"), options)).rejects.toMatchObject({
      code: "ABORTED",
    });
    expect(await everything()).toEqual([]);
  });

  test("a wrong diff_id leaves nothing", async () => {
    const wrong = { ...layer({ name: "f" }), diffId: `sha256:${"1".repeat(64)}` as never };
    await expect(extractLayers([wrong], target)).rejects.toMatchObject({ code: "DIGEST_MISMATCH" });
    expect(await everything()).toEqual([]);
  });

  test("a source that breaks off leaves nothing and keeps its error", async () => {
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield gzipped(rawTar({ name: "f" })).subarray(0, 20);
      await Promise.reject(new Error("connection lost"));
    }
    await expect(extractLayers([{ content: broken(), compression: "gzip" }], target)).rejects.toThrow(
      "connection lost",
    );
    expect(await everything()).toEqual([]);
  });

  test("a parent that may not be written is named", async () => {
    await chmod(room, 0o555);
    // Root may write any directory but those of the kernel.
    const forbidden = process.getuid?.() === 0 ? "/sys/skill" : target;
    await expect(extractLayers([layer({ name: "f" })], forbidden)).rejects.toMatchObject({ code: "TARGET_UNWRITABLE" });
    await chmod(room, 0o755);
  });
});

describe("a staging directory that a crash left", () => {
  const name = (digit: string): string => join(room, `.skillctl-${digit.repeat(24)}`);
  const age = (path: string, hours: number): Promise<void> => {
    const time = Date.now() / 1000 - hours * 3600;
    return lutimes(path, time, time);
  };
  async function leave(digit: string, hours: number, ...parts: string[]): Promise<string> {
    const path = name(digit);
    for (const part of parts) await mkdir(join(path, part), { recursive: true });
    for (const part of parts) await writeFile(join(path, part, "f"), "left");
    await age(path, hours);
    return path;
  }
  const left = async (): Promise<string[]> => (await readdir(room)).filter((each) => each !== "skill").toSorted();

  test("is removed by the next unpacking beside it, a day later", async () => {
    await leave("a", 25, "content/deep");
    await leave("b", 25, "previous");
    await leave("c", 23, "content");
    await extractLayers([layer({ name: "f" })], target);
    expect(await left()).toEqual([basename(name("c"))]);
  });

  test("stays when it holds the only copy of what was to be replaced", async () => {
    await leave("a", 25, "content", "previous");
    await extractLayers([layer({ name: "f" })], target);
    expect(await readdir(room, { recursive: true })).toContain(join(basename(name("a")), "previous", "f"));
  });

  test("is not looked for behind a link, nor under other names, nor is a link in it followed", async () => {
    const precious = join(room, "precious");
    await mkdir(precious);
    await writeFile(join(precious, "file"), "mine");
    await age(precious, 48);
    await symlink(precious, name("a"));
    await age(name("a"), 48);
    const foreign = join(room, ".skillctl-notes");
    await mkdir(foreign);
    await age(foreign, 48);
    const crashed = await leave("b", 0, "content");
    await symlink(precious, join(crashed, "content", "link"));
    await age(crashed, 48);
    await extractLayers([layer({ name: "f" })], target);
    expect(await left()).toEqual([basename(name("a")), ".skillctl-notes", "precious"].toSorted());
    expect(await readFile(join(precious, "file"), "utf8")).toBe("mine");
  });

  test.runIf(process.getuid?.() === 0)("of somebody else stays", async () => {
    const path = await leave("a", 25, "content");
    await chown(path, 65_534, 65_534);
    await extractLayers([layer({ name: "f" })], target);
    expect(await left()).toEqual([basename(path)]);
  });
});

async function* lingering(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes.subarray(0, -4);
  await new Promise((resume) => setTimeout(resume, 100));
  yield bytes.subarray(-4);
}
