/**
 * A disk that fails when a change is in the journal already, and is only to be put in its place: whoever asked is told that it
 * failed, and it is made when the disk works again. What is decided meanwhile is decided on what there will be.
 */
import { readdir, unlink, utimes } from "node:fs/promises";
import { join } from "node:path";

import { describe, expect, it, onTestFinished } from "vitest";

import type { Digest } from "../../../oci/index.ts";
import { nodeFileSystem } from "../../../store/layout/file-system.ts";
import { failingFileSystem, type FileOperation } from "../../../store/testing/failing-file-system.ts";
import { makeImage } from "../../../store/testing/images.ts";
import { temporaryDirectory } from "../../../../test/fixtures/temporary-directory.ts";
import { backup } from "../../maintenance/backup.ts";
import { fsck } from "../../maintenance/fsck.ts";
import { gc } from "../../maintenance/gc.ts";
import { fsFixture } from "../testing/fs-fixture.ts";
import { incoming, listOf, storeImage } from "../testing/images.ts";
import type { RegistryStorage, RepositoryMetadata } from "../types.ts";
import { createFsStorage } from "./index.ts";

const NAME = "examples/hello-world";
const { killed, open, pathTo } = fsFixture();

interface World {
  readonly storage: RegistryStorage;
  readonly repository: RepositoryMetadata;
  /** Lets an operation fail on paths with this in them; `undefined`: none. */
  readonly breaks: (operation: FileOperation, part: string | undefined) => void;
}

async function world(): Promise<World> {
  let [broken, where]: [FileOperation, string | undefined] = ["unlink", undefined];
  const fs = failingFileSystem((operation, path) =>
    where !== undefined && operation === broken && path.includes(where) ? "EIO" : undefined,
  );
  const storage = await open({ fs });
  return {
    storage,
    repository: storage.metadata.repository(NAME),
    breaks: (operation, part) => void ([broken, where] = [operation, part]),
  };
}

/** Makes what the journal keeps two minutes old. */
async function agedJournal(): Promise<void> {
  const [segment = ""] = (await readdir(pathTo("work/journal"))).toSorted().slice(-1);
  const past = Date.now() / 1000 - 120;
  await utimes(pathTo("work/journal", segment), past, past);
}

async function digests(repository: RepositoryMetadata, remembered = false): Promise<Digest[]> {
  const manifests = await listOf(repository.manifests({ remembered }));
  return manifests.map(({ descriptor }) => descriptor.digest).toSorted();
}

/** What whoever opens the registry next finds of it. */
async function afterwards({ storage }: World): Promise<RegistryStorage> {
  await storage.close();
  return open();
}

it("a manifest that is put again after a delete that failed stays", async () => {
  const its = await world();
  const { repository, storage, breaks } = its;
  const image = await storeImage(storage, NAME, "one");
  breaks("unlink", "/manifests/");
  await expect(repository.deleteManifest(image.manifest.digest)).rejects.toMatchObject({ code: "STORE_UNWRITABLE" });
  breaks("unlink", undefined);
  await repository.putManifest(incoming(image));
  await storeImage(storage, NAME, "two");
  expect(await digests(repository)).toContain(image.manifest.digest);
  const next = await afterwards(its);
  expect(await digests(next.metadata.repository(NAME))).toContain(image.manifest.digest);
});

it("a tag that is set after a delete that failed names what is there", async () => {
  const its = await world();
  const { repository, storage, breaks } = its;
  const image = await storeImage(storage, NAME, "one", { tag: "x" });
  const { digest } = image.manifest;
  breaks("unlink", "/manifests/");
  await expect(repository.deleteManifest(digest)).rejects.toMatchObject({ code: "STORE_UNWRITABLE" });
  breaks("unlink", undefined);
  await expect(repository.moveTags([{ tag: "y", to: digest }])).rejects.toMatchObject({ code: "BLOB_MISSING" });
  await repository.putManifest(incoming(image), { tag: "z", to: digest });
  const next = await afterwards(its);
  const again = next.metadata.repository(NAME);
  expect(await listOf(again.tags())).toEqual(["z"]);
  expect((await again.manifest(digest))?.descriptor.digest).toBe(digest);
  expect(await listOf(fsck(next))).toEqual([]);
});

it("a blob that is linked after an unlinking that failed is linked", async () => {
  const its = await world();
  const { repository, storage, breaks } = its;
  const { layer } = await storeImage(storage, NAME, "one");
  breaks("unlink", "/_/blobs/");
  await expect(repository.unlinkBlob(layer.digest)).rejects.toMatchObject({ code: "STORE_UNWRITABLE" });
  breaks("unlink", undefined);
  await repository.linkBlob(layer.digest);
  await storeImage(storage, NAME, "two");
  expect(await repository.hasBlob(layer.digest)).toBe(true);
});

it("whoever decides alone sees what was put late", async () => {
  const { repository, storage, breaks } = await world();
  const one = makeImage("one");
  breaks("rename", "/tags/");
  const late = storeImage(storage, NAME, "one", { tag: "1.0.0" });
  await expect(late).rejects.toMatchObject({ code: "STORE_UNWRITABLE" });
  breaks("rename", undefined);
  const { digest } = one.manifest;
  await repository.exclusively(async (held) => {
    expect(await held.tag("1.0.0")).toBe(digest);
    expect(await digests(held, true)).toEqual([digest]);
    const move = held.moveTags([{ tag: "1.0.0", to: digest, expect: null }]);
    await expect(move).rejects.toMatchObject({ code: "CONFLICT" });
  });
});

it("while the disk fails, nothing is decided, and what is remembered is what the disk has", async () => {
  const { repository, storage, breaks } = await world();
  const base = await storeImage(storage, NAME, "base");
  const image = await storeImage(storage, NAME, "one", { tag: "x", subject: base.manifest });
  breaks("unlink", "/tags/");
  const remove = repository.deleteManifest(image.manifest.digest);
  await expect(remove).rejects.toMatchObject({ code: "STORE_UNWRITABLE" });
  await digests(repository, true);
  breaks("unlink", "/referrers/");
  await expect(storeImage(storage, NAME, "two")).rejects.toMatchObject({ code: "STORE_UNWRITABLE" });
  const decide = repository.exclusively(async () => "decided");
  await expect(decide).rejects.toMatchObject({ code: "STORE_UNWRITABLE" });
  expect(await digests(repository, true)).toEqual(await digests(repository));
  breaks("unlink", undefined);
  await storeImage(storage, NAME, "two");
  expect(await digests(repository, true)).toEqual(await digests(repository));
  expect(await listOf(fsck(storage))).toEqual([]);
});

it("an unlinking that fails while somebody waits to link the same blob does not undo the link", async () => {
  const { repository, storage, breaks } = await world();
  const { layer } = await storeImage(storage, NAME, "one");
  breaks("unlink", "/_/blobs/");
  const unlinking = repository.unlinkBlob(layer.digest);
  const linking = repository.linkBlob(layer.digest);
  const [, linked] = await Promise.allSettled([unlinking, linking]);
  breaks("unlink", undefined);
  await storeImage(storage, NAME, "two");
  expect([linked.status, await repository.hasBlob(layer.digest)]).not.toEqual(["fulfilled", false]);
});

it("a rename that was made, though the disk said that it failed, counts as made", async () => {
  let isToFail = true;
  const rename = async (from: string, to: string): Promise<void> => {
    await nodeFileSystem.rename(from, to);
    if (!isToFail || !to.includes("/manifests/")) return;
    isToFail = false;
    throw Object.assign(new Error("EIO"), { code: "EIO" });
  };
  const storage = await open({ fs: { ...nodeFileSystem, rename } });
  await expect(storeImage(storage, NAME, "one")).rejects.toMatchObject({ code: "STORE_UNWRITABLE" });
  const { manifest } = await storeImage(storage, NAME, "one", { tag: "1.0.0" });
  expect(await storage.metadata.repository(NAME).tag("1.0.0")).toBe(manifest.digest);
  expect(await listOf(fsck(storage))).toEqual([]);
});

it("a repository that came late is listed, and what it holds is counted", async () => {
  const { storage, breaks } = await world();
  await storeImage(storage, NAME, "base");
  expect(await listOf(storage.metadata.repositories())).toEqual([NAME]);
  const before = await storage.metadata.usage("examples");
  breaks("rename", "/manifests/");
  const late = storeImage(storage, "examples/new", "one", { tag: "1.0.0" });
  await expect(late).rejects.toMatchObject({ code: "STORE_UNWRITABLE" });
  await storage.metadata.usage("examples", { fresh: true });
  breaks("rename", undefined);
  await storage.metadata.repository(NAME).exclusively(async () => undefined);
  expect(await listOf(storage.metadata.repositories())).toEqual([NAME, "examples/new"]);
  const { bytes } = await storage.metadata.usage("examples");
  expect(bytes).toBeGreaterThan(before.bytes);
  await storage.close();
  expect((await (await open()).metadata.usage("examples")).bytes).toBe(bytes);
});

it("a repository of which all came late is listed once it is there", async () => {
  const { storage, breaks } = await world();
  await storeImage(storage, NAME, "base");
  await listOf(storage.metadata.repositories());
  const { manifest, manifestBytes } = makeImage("one");
  await storage.blobs.put(manifest.digest, manifestBytes);
  const alone = { descriptor: manifest, references: [] };
  const added = storage.metadata.repository("examples/new");
  breaks("rename", "/manifests/");
  await expect(added.putManifest(alone)).rejects.toMatchObject({ code: "STORE_UNWRITABLE" });
  breaks("rename", undefined);
  await added.putManifest(alone);
  expect(await listOf(storage.metadata.repositories())).toEqual([NAME, "examples/new"]);
});

it("whoever lost the registry to another process makes nothing late", async () => {
  const { storage, repository, breaks } = await world();
  const { manifest } = await storeImage(storage, NAME, "one", { tag: "x" });
  breaks("unlink", "/tags/");
  await expect(repository.deleteManifest(manifest.digest)).rejects.toMatchObject({ code: "STORE_UNWRITABLE" });
  breaks("unlink", undefined);
  await unlink(pathTo("work/lock"));
  const other = await open();
  await storeImage(other, NAME, "one", { tag: "x" });
  const move = repository.moveTags([{ tag: "y", to: manifest.digest }]);
  await expect(move).rejects.toMatchObject({ code: "STORE_LOCKED" });
  await other.close();
  const next = (await open()).metadata.repository(NAME);
  expect(await listOf(next.tags())).toEqual(["x"]);
  expect(await next.manifest(manifest.digest)).toBeDefined();
});

describe("what the journal could not write", () => {
  it("is not done, whenever the server is killed", async () => {
    const { storage, repository, breaks } = await world();
    const image = await storeImage(storage, NAME, "one", { tag: "x" });
    const { digest } = image.manifest;
    breaks("sync", "/journal/");
    await expect(repository.deleteManifest(digest)).rejects.toMatchObject({ code: "STORE_UNWRITABLE" });
    breaks("sync", undefined);
    await repository.putManifest(incoming(image), { tag: "y", to: digest });
    const next = await killed();
    expect(await listOf(next.metadata.repository(NAME).tags())).toEqual(["x", "y"]);
    expect(await next.metadata.repository(NAME).manifest(digest)).toBeDefined();
    expect(await listOf(fsck(next))).toEqual([]);
  });

  it("is forgotten when the journal is cleared", async () => {
    const { storage, repository, breaks } = await world();
    const { manifest } = await storeImage(storage, NAME, "one");
    breaks("sync", "/journal/");
    const put = repository.moveTags([{ tag: "x", to: manifest.digest }]);
    await expect(put).rejects.toMatchObject({ code: "STORE_UNWRITABLE" });
    breaks("sync", undefined);
    await expect.poll(async () => readdir(pathTo("work/journal")), { timeout: 20_000 }).toEqual([]);
    await repository.moveTags([{ tag: "y", to: manifest.digest }]);
    expect(await listOf(repository.tags())).toEqual(["y"]);
    expect(await listOf((await killed()).metadata.repository(NAME).tags())).toEqual(["y"]);
  });

  it("is not done in part either, of what many asked for at once", async () => {
    let isCut = false;
    const create: typeof nodeFileSystem.create = async (path) => {
      const file = await nodeFileSystem.create(path);
      if (!path.includes("/journal/")) return file;
      const write = async (bytes: Uint8Array): Promise<void> => {
        if (!isCut || new TextDecoder().decode(bytes).split("\n").length < 4) return file.write(bytes);
        isCut = false;
        await file.write(bytes.subarray(0, bytes.byteLength - 5));
        throw Object.assign(new Error("ENOSPC"), { code: "ENOSPC" });
      };
      return { ...file, write };
    };
    const storage = await open({ fs: { ...nodeFileSystem, create } });
    const repository = storage.metadata.repository(NAME);
    const one = (await storeImage(storage, NAME, "one")).manifest.digest;
    const two = (await storeImage(storage, NAME, "two")).manifest.digest;
    const tags = ["a", "b", "c", "d"];
    await repository.moveTags(tags.map((tag) => ({ tag, to: one })));
    isCut = true;
    const moved = await Promise.allSettled(tags.map(async (tag) => repository.moveTags([{ tag, to: two }])));
    const rejected = tags.filter((_, at) => moved[at]?.status === "rejected");
    expect(rejected.length).toBeGreaterThan(1);
    for (const tag of rejected) await repository.moveTags([{ tag, to: one }]);
    const next = (await killed()).metadata.repository(NAME);
    for (const tag of rejected) expect([tag, await next.tag(tag)]).toEqual([tag, one]);
  });

  it("keeps everything from being decided until it is taken away", async () => {
    const { storage, repository, breaks } = await world();
    const { manifest } = await storeImage(storage, NAME, "one");
    breaks("sync", "/journal/");
    for (let attempt = 0; attempt < 2; attempt += 1) {
      const put = repository.moveTags([{ tag: "x", to: manifest.digest }]);
      await expect(put).rejects.toMatchObject({ code: "STORE_UNWRITABLE" });
    }
    const next = (await killed()).metadata.repository(NAME);
    await repository.exclusively(async () => undefined).catch(() => undefined);
    breaks("sync", undefined);
    await repository.moveTags([{ tag: "y", to: manifest.digest }]);
    expect(await listOf(repository.tags())).toEqual(["y"]);
    expect(await listOf((await killed()).metadata.repository(NAME).tags())).toEqual(["y"]);
    // Before that, nobody has been told anything that does not hold.
    expect(await next.manifest(manifest.digest)).toBeDefined();
  });
});

describe("a collector", () => {
  const later = { now: () => Date.now() + 7_200_000 };

  it("of the server first makes what came late", async () => {
    const { storage, repository, breaks } = await world();
    breaks("rename", "/manifests/");
    await expect(storeImage(storage, NAME, "one", { tag: "x" })).rejects.toMatchObject({ code: "STORE_UNWRITABLE" });
    await expect(gc(storage, later)).rejects.toMatchObject({ code: "STORE_UNWRITABLE" });
    breaks("rename", undefined);
    await gc(storage, later);
    expect(await repository.tag("x")).toBeDefined();
    expect(await listOf(fsck(storage))).toEqual([]);
  });

  it("beside a server leaves everything while that has kept something for long", async () => {
    const { storage, breaks } = await world();
    await storeImage(storage, NAME, "good", { tag: "x" });
    const beside = await createFsStorage(pathTo(), { purpose: "maintain" });
    onTestFinished(async () => beside.close());
    await gc(beside, later);
    breaks("rename", "/manifests/");
    await expect(storeImage(storage, NAME, "one", { tag: "x" })).rejects.toMatchObject({ code: "STORE_UNWRITABLE" });
    await agedJournal();
    await expect(gc(beside, later)).rejects.toMatchObject({ code: "STORE_LOCKED" });
    breaks("rename", undefined);
    await storage.metadata.repository(NAME).exclusively(async () => undefined);
    expect(await listOf(fsck(storage))).toEqual([]);
  });
});

describe("a backup", () => {
  it("does not keep half of a change", async () => {
    const { storage, repository, breaks } = await world();
    const one = (await storeImage(storage, NAME, "one", { tag: "a" })).manifest.digest;
    const two = (await storeImage(storage, NAME, "two")).manifest.digest;
    await repository.moveTags([{ tag: "b", to: one }]);
    breaks("rename", "/tags/b");
    const both = repository.moveTags(["a", "b"].map((tag) => ({ tag, to: two })));
    await expect(both).rejects.toMatchObject({ code: "STORE_UNWRITABLE" });
    await agedJournal();
    const beside = await createFsStorage(pathTo(), { purpose: "maintain" });
    onTestFinished(async () => beside.close());
    const { path, remove } = await temporaryDirectory();
    onTestFinished(remove);
    await expect(backup(beside, join(path, "copy"))).rejects.toMatchObject({ code: "STORE_LOCKED" });
  });
});
