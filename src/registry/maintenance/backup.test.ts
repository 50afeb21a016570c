import { mkdir, rm, truncate } from "node:fs/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it, onTestFinished } from "vitest";

import type { Digest } from "../../oci/index.ts";
import { temporaryDirectory } from "../../../test/fixtures/temporary-directory.ts";
import { createFsStorage } from "../storage/fs/index.ts";
import { createMemoryStorage } from "../storage/memory/index.ts";
import { fsFixture } from "../storage/testing/fs-fixture.ts";
import { incoming, listOf, storeBlob, storeImage } from "../storage/testing/images.ts";
import type { RegistryStorage } from "../storage/types.ts";
import { backup } from "./backup.ts";
import { fsck } from "./fsck.ts";
import { gc } from "./gc.ts";
import { restore } from "./restore.ts";
import { contentOf, opened } from "./testing/content.ts";

const NAME = "examples/hello-world";
const { pathTo, open, blobPath } = fsFixture();

it("is a registry like the one that it was made of, and is restored to one", async () => {
  const storage = createMemoryStorage({ now: () => Date.parse("2026-01-01T00:00:00Z") });
  const one = await storeImage(storage, NAME, "one", { tag: "1.0.0" });
  await storeImage(storage, NAME, "signature", { subject: one.manifest });
  await storeImage(storage, "examples/other", "x".repeat(2_000_000), { tag: "Latest" });
  const before = await contentOf(storage);

  const report = await backup(storage, pathTo("backup"));
  expect(report).toMatchObject({ repositories: 2, manifests: 3, tags: 2, blobs: 9, missing: [] });
  const check = async (each: RegistryStorage): Promise<void> => {
    expect(await contentOf(each)).toEqual(before);
    expect(await listOf(fsck(each))).toEqual([]);
  };
  await opened(pathTo("backup"), check);
  await opened(pathTo("restored"), async (target) => {
    expect(await restore(pathTo("backup"), target)).toMatchObject({ manifests: 3, tags: 2, missing: [] });
    await check(target);
  });
});

/** Bytes that are in use. */
function heapInUse(): number {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  return process.memoryUsage().heapUsed;
}

it("holds few of a repository's manifests in memory, however much their annotations say", async () => {
  const storage = await createFsStorage(pathTo("source"));
  const { manifest: subject } = await storeImage(storage, NAME, "one");
  const annotations = { note: "x".repeat(2 * 1024 ** 2) };
  for (let at = 0; at < 32; at += 1) {
    const image = await storeImage(storage, NAME, `signature ${at}`, { subject });
    const said = { ...image, manifest: { ...image.manifest, annotations } };
    await storage.metadata.repository(NAME).putManifest(incoming(said, subject));
  }
  const read = storage.blobs.read.bind(storage.blobs);
  const before = heapInUse();
  let most = before;
  let reads = 0;
  storage.blobs.read = (digest, options) => {
    // To look takes long.
    if ((reads += 1) % 16 === 0) most = Math.max(most, heapInUse());
    return read(digest, options);
  };
  expect(await backup(storage, pathTo("backup"))).toMatchObject({ manifests: 33, missing: [] });
  await storage.close();
  // Of either registry, some are remembered.
  expect(most - before).toBeLessThan(40 * 1024 ** 2);
});

it("copies only what is new the second time, and removes what is gone", async () => {
  const storage = createMemoryStorage();
  const old = await storeImage(storage, NAME, "old", { tag: "1.0.0" });
  const gone = await storeImage(storage, "examples/gone", "gone", { tag: "1.0.0" });
  await backup(storage, pathTo("backup"));
  await storeImage(storage, NAME, "new", { tag: "2.0.0" });
  await storage.metadata.repository(NAME).deleteManifest(old.manifest.digest);
  await storage.metadata.repository("examples/gone").deleteManifest(gone.manifest.digest);
  await gc(storage, { grace: 0, now: () => Date.now() + 1 });
  expect(await backup(storage, pathTo("backup"))).toMatchObject({ blobs: 3, manifests: 1, tags: 1 });
  await opened(pathTo("backup"), async (copy) => {
    await gc(copy, { grace: 0, now: () => Date.now() + 1000 });
    expect(await contentOf(copy)).toEqual(await contentOf(storage));
  });
});

it("is whole when it is made while the registry changes and garbage is collected", async () => {
  const storage = await open();
  for (let at = 0; at < 20; at += 1) await storeImage(storage, NAME, `image ${at}`, { tag: `${at}` });
  let isOver = false;
  const churn = async (): Promise<void> => {
    for (let round = 0; !isOver; round += 1) {
      const { manifest } = await storeImage(storage, NAME, `churn ${round}`, { tag: "churn" });
      await storage.metadata.repository(NAME).deleteManifest(manifest.digest);
      // Content of deleted manifests goes at once, as if it were old.
      await gc(storage, { grace: 0, now: () => Date.now() + 1 });
    }
  };
  const churning = churn();
  const { path, remove } = await temporaryDirectory();
  try {
    expect((await backup(storage, path)).missing).toEqual([]);
    await opened(path, async (copy) => {
      expect(await listOf(fsck(copy))).toEqual([]);
      expect((await listOf(copy.metadata.repository(NAME).tags())).length).toBeGreaterThanOrEqual(20);
    });
  } finally {
    isOver = true;
    await churning;
    await remove();
  }
});

it("says what it could not copy, and copies the rest", async () => {
  const storage = await createFsStorage(pathTo("source"));
  const [bad, missing] = [
    await storeImage(storage, NAME, "bad", { tag: "bad" }),
    await storeImage(storage, NAME, "missing", { tag: "missing" }),
  ];
  await storeImage(storage, NAME, "good", { tag: "good" });
  const move = (path: string): string => path.replace(pathTo(), pathTo("source"));
  await rm(move(blobPath(missing.layer.digest)));
  await truncate(move(blobPath(bad.layer.digest)), 3);
  const report = await backup(storage, pathTo("backup"));
  expect(report.missing.map(({ manifest = "" }) => manifest).toSorted()).toEqual(
    [bad.manifest.digest, missing.manifest.digest].toSorted(),
  );
  expect(report).toMatchObject({ manifests: 1, tags: 1 });
  await opened(pathTo("backup"), async (copy) => {
    expect(await listOf(copy.metadata.repository(NAME).tags())).toEqual(["good"]);
    expect(await listOf(fsck(copy))).toEqual([]);
  });
  await storage.close();
});

describe("an image that is damaged after it was backed up", () => {
  const setAside = async (storage: RegistryStorage, path: string, digest: Digest): Promise<void> => {
    await truncate(path, 3);
    await storage.blobs.setAside(digest);
  };
  const damages: readonly [string, typeof setAside][] = [
    ["was set aside by scrub", setAside],
    ["was truncated", async (_, path) => truncate(path, 3)],
    ["is absent", async (_, path) => rm(path)],
    [
      "cannot be read",
      async (_, path) => {
        await rm(path);
        await mkdir(path);
      },
    ],
  ];

  it.each(damages)("stays in the backup with its tag, when its layer %s", async (_, damage) => {
    const storage = await open();
    const bad = await storeImage(storage, NAME, "bad", { tag: "bad" });
    await storeImage(storage, NAME, "good", { tag: "good" });
    const before = await contentOf(storage);
    const { path, remove } = await temporaryDirectory();
    onTestFinished(remove);
    await backup(storage, path);
    await damage(storage, blobPath(bad.layer.digest), bad.layer.digest);
    const report = await backup(storage, path);
    expect(report.missing).toMatchObject([{ repository: NAME, manifest: bad.manifest.digest, isKept: true }]);
    expect(report).toMatchObject({ repositories: 1, manifests: 2, tags: 2, blobs: 0 });
    await opened(path, async (copy) => {
      expect(await contentOf(copy)).toEqual(before);
      expect(await listOf(fsck(copy))).toEqual([]);
    });
  });

  it("has in the backup the tag of what the backup can complete, and else the one from before", async () => {
    const storage = await open();
    const repository = storage.metadata.repository(NAME);
    const old = await storeImage(storage, NAME, "old", { tag: "latest" });
    const whole = await storeImage(storage, NAME, "whole", { tag: "whole" });
    const { path, remove } = await temporaryDirectory();
    onTestFinished(remove);
    await backup(storage, path);
    const fresh = await storeImage(storage, NAME, "fresh", { tag: "latest" });
    await repository.moveTags([{ tag: "moved", to: whole.manifest.digest }]);
    await repository.deleteManifest(old.manifest.digest);
    await rm(blobPath(fresh.layer.digest));
    await rm(blobPath(whole.config.digest));
    const report = await backup(storage, path);
    expect(report.missing).toHaveLength(2);
    expect(report).toMatchObject({ manifests: 2, tags: 3 });
    await opened(path, async (copy) => {
      const kept = copy.metadata.repository(NAME);
      expect(await kept.tag("latest")).toBe(old.manifest.digest);
      expect(await kept.tag("moved")).toBe(whole.manifest.digest);
      expect(await listOf(fsck(copy))).toEqual([]);
    });
  });

  it("is kept when what the registry knew of it is gone from under its tag", async () => {
    const storage = await open();
    const { manifest } = await storeImage(storage, NAME, "one", { tag: "1.0.0" });
    await storage.close();
    const { path, remove } = await temporaryDirectory();
    onTestFinished(remove);
    await backup(await open({ purpose: "maintain" }), path);
    await rm(
      pathTo("repositories", NAME, "_", "manifests", "sha256", `${manifest.digest.slice("sha256:".length)}.json`),
    );
    const report = await backup(await open({ purpose: "maintain" }), path);
    expect(report.missing).toMatchObject([{ manifest: manifest.digest, isKept: true }]);
    await opened(path, async (copy) => {
      expect(await copy.metadata.repository(NAME).tag("1.0.0")).toBe(manifest.digest);
    });
  });
});

it("counts the same repositories as a restore of it", async () => {
  const storage = createMemoryStorage();
  await storeImage(storage, NAME, "one", { tag: "1.0.0" });
  await storeBlob(storage, "examples/no-image", "garbage");
  expect(await backup(storage, pathTo("backup"))).toMatchObject({ repositories: 1 });
  expect(await restore(pathTo("backup"), createMemoryStorage())).toMatchObject({ repositories: 1 });
});

it("is not restored over a registry that holds something, nor from nothing", async () => {
  const storage = createMemoryStorage();
  await expect(restore(pathTo("nothing"), storage)).rejects.toMatchObject({ code: "NOT_FOUND" });
  await storeImage(storage, NAME, "one", { tag: "1.0.0" });
  await backup(storage, pathTo("backup"));
  for (const resume of [false, true]) {
    const restoring = restore(pathTo("backup"), storage, { resume });
    await expect(restoring).rejects.toMatchObject({ code: "TARGET_EXISTS" });
  }
  expect(await listOf(storage.metadata.repository(NAME).tags())).toEqual(["1.0.0"]);
});

it("of an empty registry is told from none", async () => {
  await backup(createMemoryStorage(), pathTo("backup"));
  await expect(restore(pathTo("backup"), createMemoryStorage())).rejects.toMatchObject({
    code: "NOT_FOUND",
    message: expect.stringMatching(/ is of an empty registry$/),
  });
});

describe("a restore that was cut off", () => {
  const begin = async (storage: RegistryStorage): Promise<void> => {
    const source = createMemoryStorage();
    await storeImage(source, "examples/a", "a", { tag: "1.0.0" });
    await storeImage(source, "examples/b", "b", { tag: "1.0.0" });
    await backup(source, pathTo("backup"));
    const cut = new AbortController();
    const restoring = restore(pathTo("backup"), storage, { signal: cut.signal, onRepository: () => cut.abort() });
    await expect(restoring).rejects.toBeDefined();
    expect(await listOf(storage.metadata.repositories())).toEqual(["examples/a"]);
  };

  it("is gone on with when that is asked for, from the same backup", async () => {
    const storage = createMemoryStorage();
    await begin(storage);
    await expect(restore(pathTo("backup"), storage)).rejects.toMatchObject({
      code: "RESTORE_UNFINISHED",
      hint: expect.stringContaining(`skillctl restore ${pathTo("backup")} --resume`),
    });
    await backup(createMemoryStorage(), pathTo("other"));
    const other = restore(pathTo("other"), storage, { resume: true });
    await expect(other).rejects.toMatchObject({ code: "TARGET_EXISTS" });
    expect(await restore(pathTo("backup"), storage, { resume: true })).toMatchObject({ repositories: 2, tags: 2 });
    expect(await listOf(storage.metadata.repositories())).toEqual(["examples/a", "examples/b"]);
    const again = restore(pathTo("backup"), storage, { resume: true });
    await expect(again).rejects.toMatchObject({ code: "TARGET_EXISTS" });
  });

  it("leaves a mark on the disk, and nothing is backed up or restored from what it left", async () => {
    await opened(pathTo("restored"), begin);
    await opened(pathTo("restored"), async (storage) => {
      expect(await storage.marks.read("restoring")).toBe(pathTo("backup"));
      await expect(backup(storage, pathTo("backup"))).rejects.toMatchObject({ code: "RESTORE_UNFINISHED" });
    });
    const restoring = restore(pathTo("restored"), createMemoryStorage());
    await expect(restoring).rejects.toMatchObject({ code: "RESTORE_UNFINISHED" });
    await opened(pathTo("restored"), async (storage) => {
      await restore(pathTo("backup"), storage, { resume: true });
      expect(await storage.marks.read("restoring")).toBeUndefined();
    });
  });
});
