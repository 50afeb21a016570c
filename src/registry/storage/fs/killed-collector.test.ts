/** A collector that was killed when it had a link in its hands: it lies in the trash until somebody asks for it. */
import { mkdir, rename } from "node:fs/promises";

import { expect, it } from "vitest";

import type { Digest } from "../../../oci/index.ts";
import { fsck } from "../../maintenance/fsck.ts";
import { gc } from "../../maintenance/gc.ts";
import { fsFixture } from "../testing/fs-fixture.ts";
import { listOf, storeBlob, storeImage } from "../testing/images.ts";

const NAME = "examples/hello-world";
const { killed, open, pathTo } = fsFixture();

async function leaveInTrash(digest: Digest): Promise<void> {
  const [algorithm = "", hex = ""] = digest.split(":");
  const its = (...names: string[]): string => pathTo("repositories", NAME, "_", ...names);
  await mkdir(its("trash"));
  await rename(its("blobs", algorithm, hex), its("trash", `${algorithm}-${hex}.0123456789abcdef`));
}

it("a blob that it had in its hands is deleted for good", async () => {
  const storage = await open();
  const repository = storage.metadata.repository(NAME);
  const digest = await storeBlob(storage, NAME, "layer");
  await leaveInTrash(digest);
  expect(await repository.unlinkBlob(digest)).toBe(true);
  expect(await repository.hasBlob(digest)).toBe(false);
});

it("a manifest has a blob that was deleted, and pushed again, also after the server was killed", async () => {
  const storage = await open();
  const digest = await storeBlob(storage, NAME, "layer of one");
  await leaveInTrash(digest);
  expect(await storage.metadata.repository(NAME).unlinkBlob(digest)).toBe(true);
  await storeImage(storage, NAME, "one", { tag: "x" });
  await gc(storage);
  const next = await killed();
  expect(await next.metadata.repository(NAME).hasBlob(digest)).toBe(true);
  expect(await listOf(fsck(next))).toEqual([]);
});
