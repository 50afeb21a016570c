import { rm, writeFile } from "node:fs/promises";
import { expect, it } from "vitest";

import { isSkillError } from "../../errors.ts";
import type { Digest } from "../../oci/index.ts";
import { failingFileSystem } from "../../store/testing/failing-file-system.ts";
import { fsFixture } from "../storage/testing/fs-fixture.ts";
import { listOf, storeBlob, storeImage } from "../storage/testing/images.ts";
import { fsck } from "./fsck.ts";
import { scrub } from "./scrub.ts";

const NAME = "examples/hello-world";
const { open, damage, blobPath, files, pathTo } = fsFixture();

it("finds nothing in a sound registry", async () => {
  const storage = await open();
  await storeImage(storage, NAME, "one", { tag: "1.0.0" });
  expect(await scrub(storage)).toMatchObject({ blobs: 3, damaged: [] });
});

it("says who needs a damaged blob, and takes it out of the way until it is pushed again", async () => {
  const storage = await open();
  const { manifest, layer } = await storeImage(storage, NAME, "one", { tag: "1.0.0" });
  await damage(layer.digest);
  const { blobs, damaged } = await scrub(storage);
  expect(blobs).toBe(3);
  const uses = [{ repository: NAME, manifest: manifest.digest }];
  expect(damaged).toMatchObject([{ digest: layer.digest, isSetAside: true, uses }]);
  expect(await storage.blobs.stat(layer.digest)).toBeUndefined();
  expect((await files()).filter((path) => path.startsWith("damaged/"))).toHaveLength(1);
  await storeBlob(storage, NAME, "layer of one");
  expect(await scrub(storage)).toMatchObject({ blobs: 3, damaged: [] });
  expect(await listOf(fsck(storage))).toEqual([]);
});

it("says who needs a damaged blob though what is known of them is damaged, too, as far as their bytes say it", async () => {
  const storage = await open();
  const { manifest, layer } = await storeImage(storage, NAME, "one");
  const lost = await storeImage(storage, NAME, "lost");
  for (const { digest } of [manifest, lost.manifest])
    await writeFile(pathTo("repositories", NAME, "_", "manifests", "sha256", `${digest.slice(7)}.json`), "\0\0\0");
  await rm(blobPath(lost.manifest.digest));
  await damage(layer.digest);
  const uses = [{ repository: NAME, manifest: manifest.digest }];
  expect((await scrub(storage)).damaged).toMatchObject([{ digest: layer.digest, isSetAside: true, uses }]);
});

it("leaves damaged blobs where they are when it runs dry", async () => {
  const storage = await open();
  const { layer } = await storeImage(storage, NAME, "one");
  await damage(layer.digest);
  expect((await scrub(storage, { dryRun: true })).damaged).toMatchObject([{ digest: layer.digest, isSetAside: false }]);
  expect(await storage.blobs.stat(layer.digest)).toBeDefined();
});

it("goes on when the disk cannot read a blob, and says which", async () => {
  let broken: string | undefined;
  const fs = failingFileSystem((operation, path) => (operation === "read" && path === broken ? "EIO" : undefined));
  const storage = await open({ fs });
  const { layer } = await storeImage(storage, NAME, "one");
  broken = blobPath(layer.digest);
  const { blobs, damaged } = await scrub(storage);
  expect(blobs).toBe(3);
  expect(damaged).toMatchObject([{ digest: layer.digest, isSetAside: false }]);
});

it("does not take a blob aside that was healed since it was read", async () => {
  let heal: (() => Promise<void>) | undefined;
  const plain = failingFileSystem(() => undefined);
  const fs = {
    ...plain,
    makeDirectory: async (path: string) => {
      if (path.endsWith("damaged")) await heal?.();
      return plain.makeDirectory(path);
    },
  };
  const storage = await open({ fs });
  const digest: Digest = await storeBlob(storage, NAME, "one");
  await damage(digest);
  heal = async () => {
    await storeBlob(storage, NAME, "one");
  };
  expect(await storage.blobs.setAside(digest)).toBe(false);
  expect((await scrub(storage)).damaged).toEqual([]);
  expect(await storage.blobs.stat(digest)).toBeDefined();
});

it("can be cancelled", async () => {
  const storage = await open();
  await storeImage(storage, NAME, "one");
  const work = scrub(storage, { signal: AbortSignal.abort() });
  await expect(work.catch((error: unknown) => isSkillError(error, "ABORTED"))).resolves.toBe(true);
});
