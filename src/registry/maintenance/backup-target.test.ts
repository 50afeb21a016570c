import { mkdir, readdir, symlink, writeFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";

import { createFsStorage } from "../storage/fs/index.ts";
import { createMemoryStorage } from "../storage/memory/index.ts";
import { fsFixture } from "../storage/testing/fs-fixture.ts";
import { listOf, storeImage } from "../storage/testing/images.ts";
import { backup } from "./backup.ts";
import { gc } from "./gc.ts";
import { restore } from "./restore.ts";
import { contentOf, opened } from "./testing/content.ts";

const NAME = "examples/hello-world";
const { pathTo } = fsFixture();

describe("where a backup is not made", () => {
  it("is in a registry that is none, unless it is told to adopt it", async () => {
    await opened(pathTo("mine"), async (mine) => storeImage(mine, "examples/mine", "mine", { tag: "1.0.0" }));
    const storage = createMemoryStorage();
    await storeImage(storage, NAME, "one", { tag: "1.0.0" });
    await expect(backup(storage, pathTo("mine"))).rejects.toMatchObject({
      code: "TARGET_EXISTS",
      hint: expect.stringContaining("--adopt"),
    });
    const namesIn = async (directory: string): Promise<string[]> =>
      opened(directory, async ({ metadata }) => listOf(metadata.repositories()));
    expect(await namesIn(pathTo("mine"))).toEqual(["examples/mine"]);
    await backup(storage, pathTo("mine"), { adopt: true });
    await backup(storage, pathTo("mine"));
    await opened(pathTo("mine"), async (mine) => {
      expect(await mine.metadata.repository(NAME).tag("1.0.0")).toBeDefined();
      expect(await listOf(mine.metadata.repository("examples/mine").tags())).toEqual([]);
    });
  });

  it("is the registry itself, also by way of a link, and adopted or not", async () => {
    const storage = await createFsStorage(pathTo("source"));
    await storeImage(storage, NAME, "one", { tag: "1.0.0" });
    await storage.close();
    await symlink(pathTo("source"), pathTo("link"));
    const source = await createFsStorage(pathTo("source"), { purpose: "maintain" });
    for (const directory of ["source", "link"]) {
      for (const adopt of [false, true]) {
        await expect(backup(source, pathTo(directory), { adopt })).rejects.toMatchObject({
          code: "TARGET_EXISTS",
          message: expect.stringContaining("is the registry itself"),
        });
      }
    }
    expect(await source.marks.read("backup")).toBeUndefined();
    await source.close();
  });

  it("is inside a registry, also by way of a link", async () => {
    const storage = await createFsStorage(pathTo("source"));
    await storeImage(storage, NAME, "one", { tag: "1.0.0" });
    const before = await readdir(pathTo("source"));
    await symlink(pathTo("source"), pathTo("link"));
    for (const directory of ["source/copy", "source/blobs", "source/new/copy", "link/copy"]) {
      await expect(backup(storage, pathTo(directory))).rejects.toMatchObject({
        code: "TARGET_EXISTS",
        message: expect.stringContaining("lies in the registry"),
      });
    }
    expect(await readdir(pathTo("source"))).toEqual(before);
    await storage.close();
  });

  it("is the backup of another registry, also of one at the same place, unless it is told to adopt it", async () => {
    const [one, other] = [createMemoryStorage(), createMemoryStorage()];
    await storeImage(one, NAME, "one", { tag: "1.0.0" });
    await storeImage(other, NAME, "other", { tag: "1.0.0" });
    await backup(one, pathTo("backup"));
    await expect(backup(other, pathTo("backup"))).rejects.toMatchObject({
      code: "TARGET_EXISTS",
      message: expect.stringContaining("is the backup of another registry"),
    });
    await opened(pathTo("backup"), async (copy) => expect(await contentOf(copy)).toEqual(await contentOf(one)));
    await backup(other, pathTo("backup"), { adopt: true });
    await opened(pathTo("backup"), async (copy) => expect(await contentOf(copy)).toEqual(await contentOf(other)));
    await expect(backup(one, pathTo("backup"))).rejects.toMatchObject({ code: "TARGET_EXISTS" });
  });

  it("is the backup of a registry that is empty now, as one is whose disk is not mounted", async () => {
    const storage = createMemoryStorage();
    const { manifest } = await storeImage(storage, NAME, "one", { tag: "1.0.0" });
    await backup(storage, pathTo("backup"));
    await storage.metadata.repository(NAME).deleteManifest(manifest.digest);
    await gc(storage, { grace: 0, now: () => Date.now() + 1 });
    await expect(backup(storage, pathTo("backup"))).rejects.toMatchObject({
      code: "TARGET_EXISTS",
      message: expect.stringContaining("the registry is empty"),
    });
    await opened(pathTo("backup"), async (copy) => {
      expect(await listOf(copy.metadata.repository(NAME).tags())).toEqual(["1.0.0"]);
    });
    const other = createMemoryStorage();
    await expect(backup(other, pathTo("backup"))).rejects.toMatchObject({
      message: expect.stringContaining("the registry is empty"),
    });
    expect(await other.marks.read("id")).toBeUndefined();
    expect(await backup(storage, pathTo("backup"), { adopt: true })).toMatchObject({ repositories: 0 });
  });

  it("is not a directory below one where another program has a file of that name", async () => {
    await mkdir(pathTo("project"));
    await writeFile(pathTo("project", "registry.json"), '{"registry":"elsewhere"}\n');
    const storage = createMemoryStorage();
    await storeImage(storage, NAME, "one", { tag: "1.0.0" });
    expect(await backup(storage, pathTo("project", "backup"))).toMatchObject({ tags: 1 });
  });
});

describe("a backup that was cut off", () => {
  it("is neither restored nor taken for whole before it is made to its end, unless it is all that is left", async () => {
    const storage = createMemoryStorage();
    for (const name of ["examples/a", "examples/b"]) await storeImage(storage, name, name, { tag: "1.0.0" });
    const cut = new AbortController();
    const cutOff = backup(storage, pathTo("backup"), { signal: cut.signal, onRepository: () => cut.abort() });
    await expect(cutOff).rejects.toBeDefined();
    await expect(restore(pathTo("backup"), createMemoryStorage())).rejects.toMatchObject({
      code: "BACKUP_UNFINISHED",
      hint: expect.stringContaining("--incomplete"),
    });
    await opened(pathTo("backup"), async (half) => {
      await expect(backup(half, pathTo("another"))).rejects.toMatchObject({ code: "BACKUP_UNFINISHED" });
    });
    const rest = createMemoryStorage();
    expect(await restore(pathTo("backup"), rest, { incomplete: true })).toMatchObject({ repositories: 1 });
    await backup(storage, pathTo("backup"));
    expect(await restore(pathTo("backup"), createMemoryStorage())).toMatchObject({ repositories: 2 });
  });
});
