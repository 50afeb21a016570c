import { readFile, rm, writeFile } from "node:fs/promises";
import { expect, it } from "vitest";

import { digestOf, MediaType } from "../../oci/index.ts";
import { createMemoryStorage } from "../storage/memory/index.ts";
import { fsFixture } from "../storage/testing/fs-fixture.ts";
import { bytesOf, contentOf, listOf, storeBlob, storeForeignImage, storeImage } from "../storage/testing/images.ts";
import type { RegistryStorage } from "../storage/types.ts";
import { fsck } from "./fsck.ts";
import { gc } from "./gc.ts";

const NAME = "examples/hello-world";
const HOUR = 3_600_000;
const { open, pathTo, damage } = fsFixture();

/** A storage whose clock is set by hand. */
function timed(): { readonly storage: RegistryStorage; readonly now: () => number; pass: (time: number) => void } {
  let time = Date.parse("2026-01-01T00:00:00Z");
  const now = (): number => time;
  return { storage: createMemoryStorage({ now }), now, pass: (by) => (time += by) };
}

it("removes blobs that no manifest refers to, once they are old", async () => {
  const { storage, now, pass } = timed();
  const image = await storeImage(storage, NAME, "kept", { tag: "1.0.0" });
  const digest = await storeBlob(storage, NAME, "garbage");
  expect(await gc(storage, { now })).toEqual({ removed: [], bytes: 0, kept: 0, unlinked: 0, uploads: 0 });
  pass(HOUR + 1);
  expect(await gc(storage, { now })).toEqual({ removed: [digest], bytes: 7, kept: 0, unlinked: 1, uploads: 0 });
  expect(await storage.metadata.repository(NAME).hasBlob(digest)).toBe(false);
  expect((await listOf(storage.blobs.list())).map((blob) => blob.digest).toSorted()).toEqual(
    [image.config.digest, image.layer.digest, image.manifest.digest].toSorted(),
  );
  expect(await listOf(fsck(storage))).toEqual([]);
});

it("keeps manifests without a tag: archived skills, and referrers", async () => {
  const { storage, now, pass } = timed();
  const archived = await storeImage(storage, NAME, "archived");
  await storeImage(storage, NAME, "signature", { subject: archived.manifest });
  await storeImage(storage, NAME, "of a subject elsewhere", {
    subject: { mediaType: MediaType.manifest, digest: digestOf("absent"), size: 1 },
  });
  pass(1000 * HOUR);
  expect(await gc(storage, { now })).toMatchObject({ removed: [], unlinked: 0 });
  expect(await listOf(fsck(storage))).toEqual([]);
});

it("removes what only a deleted manifest referred to, and not what others share", async () => {
  const { storage, now, pass } = timed();
  const one = await storeImage(storage, NAME, "shared", { tag: "1.0.0" });
  const other = await storeImage(storage, "examples/other", "shared");
  const signature = await storeImage(storage, NAME, "signature", { subject: one.manifest });
  pass(2 * HOUR);
  await storage.metadata.repository(NAME).deleteManifest(one.manifest.digest);
  expect(await gc(storage, { now })).toMatchObject({ removed: [], unlinked: 2 });
  expect(await storage.metadata.repository(NAME).hasBlob(one.layer.digest)).toBe(false);
  expect(await storage.metadata.repository("examples/other").hasBlob(one.layer.digest)).toBe(true);
  await storage.metadata.repository("examples/other").deleteManifest(other.manifest.digest);
  const { removed } = await gc(storage, { now });
  expect([...removed].toSorted()).toEqual([one.config, one.layer, one.manifest].map(({ digest }) => digest).toSorted());
  expect(await storage.blobs.stat(signature.layer.digest)).toBeDefined();
});

it("keeps what a push was told to be there", async () => {
  const { storage, now, pass } = timed();
  const [touched, linked] = [await storeBlob(storage, NAME, "touched"), await storeBlob(storage, NAME, "linked")];
  pass(2 * HOUR);
  await storage.blobs.touch(touched);
  await storage.metadata.repository(NAME).touchBlob(touched);
  await storage.metadata.repository(NAME).touchBlob(linked);
  expect(await gc(storage, { now })).toMatchObject({ removed: [], unlinked: 0 });
  expect(await storage.blobs.stat(linked)).toBeDefined();
});

it("forgets uploads that were given up", async () => {
  const { storage, now, pass } = timed();
  const [old, young] = [await storage.blobs.uploads.begin(NAME), await storage.blobs.uploads.begin(NAME)];
  pass(23 * HOUR);
  await storage.blobs.uploads.append(young.id, 0, contentOf("more"));
  pass(2 * HOUR);
  expect(await gc(storage, { now, dryRun: true })).toMatchObject({ uploads: 1 });
  expect(await gc(storage, { now })).toMatchObject({ uploads: 1 });
  expect(await storage.blobs.uploads.find(old.id)).toBeUndefined();
  expect(await storage.blobs.uploads.find(young.id)).toBeDefined();
});

it("only says what it would do when it runs dry", async () => {
  const { storage, now, pass } = timed();
  const digest = await storeBlob(storage, NAME, "garbage");
  pass(2 * HOUR);
  expect(await gc(storage, { now, dryRun: true })).toMatchObject({ removed: [digest], unlinked: 1 });
  expect(await storage.blobs.stat(digest)).toBeDefined();
  expect(await storage.metadata.repository(NAME).hasBlob(digest)).toBe(true);
});

it("removes nothing when neither a manifest's record nor the manifest can be read", async () => {
  const storage = await open();
  const { manifest } = await storeImage(storage, NAME, "one", { tag: "1.0.0" });
  const garbage = await storeBlob(storage, NAME, "garbage");
  const record = pathTo("repositories", NAME, "_", "manifests", "sha256", `${manifest.digest.slice(7)}.json`);
  await writeFile(record, (await readFile(record, "utf8")).slice(0, -20));
  await damage(manifest.digest);
  const now = (): number => Date.now() + 2 * HOUR;
  await expect(gc(storage, { now })).rejects.toMatchObject({ code: "STORE_CORRUPT" });
  expect(await storage.blobs.stat(garbage)).toBeDefined();
  expect(await storage.metadata.repository(NAME).hasBlob(garbage)).toBe(true);
});

it("collects beside a server", async () => {
  const server = await open();
  const image = await storeImage(server, NAME, "kept", { tag: "1.0.0" });
  const digest = await storeBlob(server, NAME, "garbage");
  const beside = await open({ purpose: "maintain" });
  const later = (): number => Date.now() + 2 * HOUR;
  expect(await gc(beside, { now: later })).toMatchObject({ removed: [digest], unlinked: 1 });
  expect(await server.blobs.stat(digest)).toBeUndefined();
  expect(await server.metadata.repository(NAME).hasBlob(digest)).toBe(false);
  await server.blobs.put(digest, bytesOf("garbage"));
  await server.metadata.repository(NAME).linkBlob(digest);
  expect(await server.metadata.repository(NAME).hasBlob(image.layer.digest)).toBe(true);
  expect(await listOf(fsck(server))).toEqual([]);
});

it("keeps a layer that may not be passed on, and was pushed, of a manifest whose record it writes again", async () => {
  const storage = await open();
  const { manifest, layer } = await storeForeignImage(storage, NAME, { withLayer: true });
  await writeFile(pathTo("repositories", NAME, "_", "manifests", "sha256", `${manifest.slice(7)}.json`), "{");
  const now = (): number => Date.now() + 2 * HOUR;
  expect(await gc(storage, { now })).toMatchObject({ removed: [], unlinked: 0 });
  expect(await storage.metadata.repository(NAME).hasBlob(layer)).toBe(true);
  expect(await listOf(fsck(storage))).toEqual([]);
});

it("keeps an image that a tag names, and of which a disk has lost the record", async () => {
  const storage = await open();
  const { manifest } = await storeImage(storage, NAME, "one", { tag: "1.0.0" });
  await storage.close();
  await rm(pathTo("repositories", NAME, "_", "manifests", "sha256", `${manifest.digest.slice(7)}.json`));
  const again = await open();
  const now = (): number => Date.now() + 2 * HOUR;
  expect(await gc(again, { now })).toMatchObject({ removed: [], unlinked: 0 });
  await storeImage(again, NAME, "one");
  expect(await listOf(fsck(again))).toEqual([]);
  await again.metadata.repository(NAME).deleteManifest(manifest.digest);
  expect((await gc(again, { now })).removed).toHaveLength(3);
});
