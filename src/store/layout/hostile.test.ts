/** Attacks by whoever made the directory that is opened as a store. */
import { execFileSync } from "node:child_process";
import { mkdir, readdir, rename, rm, stat, symlink, utimes, writeFile } from "node:fs/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { temporaryDirectory } from "../../../test/fixtures/temporary-directory.ts";
import { readAll } from "../../content/index.ts";
import { LayoutStore } from "../index.ts";
import { bytesOf, describeBytes, listOf, pushImage } from "../testing/images.ts";
import { layoutFixture } from "../testing/layout-fixture.ts";
import { machineProcesses } from "./processes.ts";

const { blobPath, open, pathTo, tagged } = layoutFixture();
const dead = { self: "me", liveness: (owner: string) => (owner === "me" ? ("alive" as const) : ("dead" as const)) };

let elsewhere: Awaited<ReturnType<typeof temporaryDirectory>>;
beforeEach(async () => {
  elsewhere = await temporaryDirectory();
});
afterEach(async () => elsewhere.remove());

describe("a directory of the store that is a link to elsewhere", () => {
  it.each([".skillimage", ".skillimage/tmp", "blobs", "blobs/sha256"])(
    "is neither written nor swept: %s",
    async (path) => {
      await tagged(await open(), "examples/a", "1.0.0");
      const linked = pathTo(path);
      const target = `${elsewhere.path}/target`;
      await rename(linked, target);
      await symlink(target, linked);
      const temporary = path === ".skillimage" ? `${target}/tmp` : target;
      await writeFile(`${temporary}/other.00112233445566ff`, "precious");
      await utimes(`${temporary}/other.00112233445566ff`, 0, 0);
      const before = await readdir(target, { recursive: true });

      const store = await open({ processes: dead });
      expect(await listOf(store.repositories())).toEqual(["examples/a"]);
      expect(await store.fsck()).toContainEqual(expect.objectContaining({ kind: "layout-invalid", path: linked }));
      const refused = { code: "STORE_CORRUPT" };
      await expect(tagged(store, "examples/a", "2.0.0")).rejects.toMatchObject(refused);
      await expect(store.gc({ grace: 0 })).rejects.toMatchObject(refused);
      await expect(store.fsck({ repair: true })).rejects.toMatchObject(refused);
      expect(await readdir(target, { recursive: true })).toEqual(before);
    },
  );

  it("is allowed for the store itself, which is where the user said", async () => {
    await symlink(pathTo(), `${elsewhere.path}/store`);
    const store = await LayoutStore.open(`${elsewhere.path}/store`);
    await tagged(store, "examples/a", "1.0.0");
    expect(await store.fsck()).toEqual([]);
    expect(await listOf((await open()).repositories())).toEqual(["examples/a"]);
  });
});

describe("a temporary file that is none", () => {
  it("is not removed when it is old, a link or a directory", async () => {
    await tagged(await open(), "examples/a", "1.0.0");
    const owner = machineProcesses.self.replace(/^(\d+)-\d+/, "$1-1");
    const names = ["diary.txt", `${owner}.txt`, `${owner}.0011223344556600`, `${owner}.0011223344556601`];
    const [diary = "", text = "", link = "", directory = ""] = names.map((name) => pathTo(".skillimage", "tmp", name));
    for (const path of [diary, text]) await writeFile(path, "").then(async () => utimes(path, 0, 0));
    await symlink("/etc/passwd", link);
    await mkdir(directory);
    const store = await open();
    await tagged(store, "examples/a", "2.0.0");
    await store.gc({ grace: 0 });
    expect((await readdir(pathTo(".skillimage", "tmp"))).sort()).toEqual(names.sort());
  });
});

describe("a blob that is no regular file", () => {
  it("is absent when it is a link, and a push takes its place", async () => {
    const store = await open();
    const repository = store.repository("examples/a");
    const { layer } = await pushImage(repository, "one");
    const path = blobPath(layer.digest);
    await rename(path, `${elsewhere.path}/content`);
    await symlink(`${elsewhere.path}/content`, path);
    await utimes(`${elsewhere.path}/content`, 1, 1);
    expect(await repository.exists(layer)).toBe(false);
    await expect(readAll(repository.fetch(layer))).rejects.toMatchObject({ code: "NOT_FOUND" });
    expect(await store.fsck()).toMatchObject([{ kind: "stray-file", path }]);
    await repository.push(layer, bytesOf("layer of one"));
    expect(await readAll(repository.fetch(layer))).toEqual(bytesOf("layer of one"));
    expect((await stat(`${elsewhere.path}/content`)).mtimeMs).toBe(1000);
  });

  it.skipIf(process.platform === "win32")("does not hold up a reader when it is a pipe", async () => {
    const repository = (await open()).repository("examples/a");
    const empty = describeBytes(new Uint8Array());
    await repository.push(empty, new Uint8Array());
    await rm(blobPath(empty.digest));
    execFileSync("mkfifo", [blobPath(empty.digest)]);
    expect(await repository.exists(empty)).toBe(false);
    await expect(readAll(repository.fetch(empty))).rejects.toMatchObject({ code: "NOT_FOUND" });
  });
});

describe("an index that is no regular file", () => {
  it.skipIf(process.platform === "win32")("does not hold up a reader when it is a pipe", async () => {
    await tagged(await open(), "examples/a", "1.0.0");
    await rm(pathTo("index.json"));
    execFileSync("mkfifo", [pathTo("index.json")]);
    const entries = (await open()).entries();
    await expect(entries).rejects.toMatchObject({
      code: "FILE_UNREADABLE",
      message: expect.stringContaining("not a regular file") as string,
    });
  });

  it("is not followed when it is a link", async () => {
    await tagged(await open(), "examples/a", "1.0.0");
    await rename(pathTo("index.json"), `${elsewhere.path}/index.json`);
    await symlink(`${elsewhere.path}/index.json`, pathTo("index.json"));
    await expect((await open()).entries()).rejects.toMatchObject({ code: "FILE_UNREADABLE" });
  });
});
