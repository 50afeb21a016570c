import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pbkdf2 } from "node:crypto";
import { promisify } from "node:util";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { temporaryDirectory } from "../../../test/fixtures/temporary-directory.ts";
import { directFileSystem } from "./direct-file-system.ts";
import { nodeFileSystem, type FileSystem } from "./file-system.ts";

/** Keeps one of the threads busy that calls are handed to. */
async function busyThread(salt: string): Promise<unknown> {
  return promisify(pbkdf2)("password", salt, 200_000, 32, "sha256");
}

const BOTH: readonly (readonly [string, FileSystem])[] = [
  ["directly", directFileSystem],
  ["on other threads", nodeFileSystem],
];

describe.each(BOTH)("the file system of the machine, asked %s", (_, fs) => {
  let directory = "";
  let remove = async (): Promise<void> => undefined;
  beforeEach(async () => {
    ({ path: directory, remove } = await temporaryDirectory());
  });
  afterEach(async () => remove());

  it("reads back what was written, little or much, and goes on where it was", async () => {
    const path = join(directory, "file");
    const much = new Uint8Array(200_000).fill(7);
    const file = await fs.create(path);
    await file.write(new Uint8Array([1, 2, 3]));
    await file.write(much);
    await file.sync();
    await file.close();
    await file.close();
    expect(readFileSync(path).byteLength).toBe(200_003);
    const opened = await fs.open(path);
    const few = new Uint8Array(2);
    expect([await opened.read(few), ...few]).toEqual([2, 1, 2]);
    expect([await opened.read(few, 0), ...few]).toEqual([2, 1, 2]);
    const rest = new Uint8Array(300_000);
    expect(await opened.read(rest)).toBe(200_001);
    expect([rest[0], rest[1]]).toEqual([3, 7]);
    await opened.close();
  });

  it("closes a file when what is being written is written, so that none of it comes into another one", async () => {
    const busy = [1, 2, 3, 4].map(async (salt) => busyThread(`${salt}`));
    const first = await fs.create(join(directory, "first"));
    const writing = first.write(new Uint8Array(1024 * 1024).fill(1)).catch(() => undefined);
    await first.close();
    const second = await fs.create(join(directory, "second"));
    await second.write(new Uint8Array(3).fill(2));
    await Promise.all([writing, ...busy]);
    await second.close();
    expect([...readFileSync(join(directory, "second"))]).toEqual([2, 2, 2]);
    expect(readFileSync(join(directory, "first")).byteLength).toBe(1024 * 1024);
  });

  it("opens no link and no directory, and reads nothing over the limit", async () => {
    const path = join(directory, "file");
    writeFileSync(path, "content");
    symlinkSync(path, join(directory, "link"));
    mkdirSync(join(directory, "directory"));
    await expect(fs.open(join(directory, "link"))).rejects.toMatchObject({ code: "ELOOP" });
    await expect(fs.append(join(directory, "link"))).rejects.toMatchObject({ code: "ELOOP" });
    await expect(fs.open(join(directory, "directory"))).rejects.toMatchObject({ code: "EFTYPE" });
    await expect(fs.readFile(path, 3)).rejects.toMatchObject({ code: "EFBIG" });
    expect(await fs.status(join(directory, "link"))).toMatchObject({ kind: "other" });
  });

  it("tells what is absent and what is taken by its usual code", async () => {
    const path = join(directory, "file");
    expect(await fs.status(path)).toBeUndefined();
    await expect(fs.open(path)).rejects.toMatchObject({ code: "ENOENT" });
    await expect(fs.unlink(path)).rejects.toMatchObject({ code: "ENOENT" });
    await expect(fs.touch(path, 0)).rejects.toMatchObject({ code: "ENOENT" });
    await expect(fs.readFile(path, 9)).rejects.toMatchObject({ code: "ENOENT" });
    await (await fs.create(path)).close();
    await expect(fs.create(path)).rejects.toMatchObject({ code: "EEXIST" });
    await expect(fs.link(path, path)).rejects.toMatchObject({ code: "EEXIST" });
  });
});
