/** Figure: 100 blobs of a registry flipped or truncated: 100 found, none served; a push of them heals. */
import { truncate } from "node:fs/promises";
import { expect, it } from "vitest";

import { readAll } from "../../src/content/index.ts";
import { fsck, scrub } from "../../src/registry/maintenance/index.ts";
import { fsFixture } from "../../src/registry/storage/testing/fs-fixture.ts";
import { listOf, storeBlob, storeImage } from "../../src/registry/storage/testing/images.ts";

const NAME = "examples/hello-world";
const { open, damage, blobPath } = fsFixture();

it("finds 100 of 100 damaged blobs, serves none, and a push heals them", async () => {
  const storage = await open();
  const texts = Array.from({ length: 100 }, (_, at) => `image ${at}`);
  const images = await Promise.all(texts.map(async (text) => storeImage(storage, NAME, text)));
  for (const [at, { layer }] of images.entries()) {
    if (at % 2 === 0) await damage(layer.digest);
    else await truncate(blobPath(layer.digest), layer.size - 1);
    const read = readAll(storage.blobs.read(layer.digest));
    await expect(read).rejects.toMatchObject({ code: "DIGEST_MISMATCH" });
  }
  const { blobs, damaged } = await scrub(storage);
  expect(blobs).toBe(300);
  expect(damaged.map(({ digest }) => digest).toSorted()).toEqual(images.map(({ layer }) => layer.digest).toSorted());
  expect(damaged.every(({ isSetAside }) => isSetAside)).toBe(true);
  for (const { layer } of images) expect(await storage.blobs.stat(layer.digest)).toBeUndefined();
  await Promise.all(texts.map(async (text) => storeBlob(storage, NAME, `layer of ${text}`)));
  expect(await scrub(storage)).toMatchObject({ blobs: 300, damaged: [] });
  expect(await listOf(fsck(storage))).toEqual([]);
});
