/** A disk has damaged what a repository knows of itself: nobody is told what is not so, and pushing again sets it right. */
import { writeFile } from "node:fs/promises";
import { expect, it } from "vitest";

import type { Digest } from "../../../oci/index.ts";
import { fsck, gc } from "../../maintenance/index.ts";
import type { RegistryStorage, RepositoryMetadata } from "../types.ts";
import { fsFixture } from "../testing/fs-fixture.ts";
import { incoming, listOf, storeImage } from "../testing/images.ts";

const NAME = "examples/hello-world";
const { open, pathTo, blobPath } = fsFixture();

/** A registry with two images, opened after a file of its repository was damaged. */
async function damaged(names: (two: Digest) => readonly string[]): Promise<{
  readonly storage: RegistryStorage;
  readonly repository: RepositoryMetadata;
  readonly one: Awaited<ReturnType<typeof storeImage>>;
  readonly two: Awaited<ReturnType<typeof storeImage>>;
}> {
  const before = await open();
  const one = await storeImage(before, NAME, "one", { tag: "1.0.0" });
  const two = await storeImage(before, NAME, "two", { tag: "2.0.0" });
  await before.close();
  await writeFile(pathTo("repositories", NAME, "_", ...names(two.manifest.digest)), "\0\0\0");
  const storage = await open();
  return { storage, repository: storage.metadata.repository(NAME), one, two };
}

const tagFile = (): readonly string[] => ["tags", "2.0.0"];
const recordFile = (digest: Digest): readonly string[] => ["manifests", "sha256", `${digest.slice(7)}.json`];
const corrupt = { code: "STORE_CORRUPT" };

it("a damaged tag is not readable, and a move takes its place, but not one that expects it to name something", async () => {
  const { storage, repository, two } = await damaged(tagFile);
  const { digest } = two.manifest;
  await expect(repository.tag("2.0.0")).rejects.toMatchObject(corrupt);
  const expecting = repository.moveTags([{ tag: "2.0.0", to: digest, expect: digest }]);
  await expect(expecting).rejects.toMatchObject({ code: "CONFLICT" });
  await repository.putManifest(incoming(two), { tag: "2.0.0", to: digest, expect: null });
  expect(await repository.tag("2.0.0")).toBe(digest);
  expect(await listOf(fsck(storage))).toEqual([]);
});

it("a damaged tag is removed by a move, and hinders nobody who deletes another manifest", async () => {
  const { storage, repository, one } = await damaged(tagFile);
  expect(await repository.deleteManifest(one.manifest.digest)).toEqual(["1.0.0"]);
  await repository.moveTags([{ tag: "2.0.0", to: undefined }]);
  expect(await listOf(repository.tags())).toEqual([]);
  expect(await listOf(fsck(storage))).toEqual([]);
});

it("a damaged record is told of in a list or ends it, and is written again by a push", async () => {
  const { storage, repository, one, two } = await damaged(recordFile);
  const { digest } = two.manifest;
  await expect(repository.manifest(digest)).rejects.toMatchObject(corrupt);
  await expect(listOf(repository.manifests())).rejects.toMatchObject(corrupt);
  const told: Digest[] = [];
  const listed = await listOf(repository.manifests({ onDamaged: (each) => told.push(each) }));
  expect(listed.map(({ descriptor }) => descriptor.digest)).toEqual([one.manifest.digest]);
  expect(told).toEqual([digest]);
  await repository.putManifest(incoming(two), undefined, { quotas: [{ namespace: "", bytes: 1_000_000 }] });
  expect(await repository.manifest(digest)).toMatchObject({ descriptor: { digest } });
  expect(await repository.tag("2.0.0")).toBe(digest);
  expect(await listOf(fsck(storage))).toEqual([]);
});

it("a damaged record is written again by the collector, from the manifest's bytes", async () => {
  const { storage, repository, two } = await damaged(recordFile);
  await expect(gc(storage, { grace: 0, dryRun: true })).rejects.toMatchObject(corrupt);
  expect(await gc(storage, { grace: 0, now: () => Date.now() + 1 })).toMatchObject({ removed: [] });
  const { descriptor } = incoming(two);
  expect(await listOf(repository.manifests())).toContainEqual(expect.objectContaining({ descriptor }));
  expect(await listOf(fsck(storage))).toEqual([]);
});

it("a record that is damaged while it is remembered is written again, too", async () => {
  const storage = await open();
  const { manifest } = await storeImage(storage, NAME, "one", { tag: "1.0.0" });
  const repository = storage.metadata.repository(NAME);
  expect(await repository.manifest(manifest.digest)).toBeDefined();
  await writeFile(pathTo("repositories", NAME, "_", ...recordFile(manifest.digest)), "\0\0\0");
  await gc(storage, { grace: 0, now: () => Date.now() + 1 });
  expect(await listOf(fsck(storage))).toEqual([]);
});

it("a damaged record whose manifest is damaged, too, keeps the collector from working until the manifest is deleted", async () => {
  const { storage, repository, two } = await damaged(recordFile);
  const { digest } = two.manifest;
  await writeFile(blobPath(digest), "\0\0\0");
  await expect(gc(storage, { grace: 0 })).rejects.toMatchObject(corrupt);
  expect(await repository.deleteManifest(digest)).toEqual(["2.0.0"]);
  expect(await listOf(fsck(storage))).toEqual([]);
  expect(await gc(storage, { grace: 0, now: () => Date.now() + 1 })).toMatchObject({
    removed: expect.arrayContaining([digest]),
  });
});
