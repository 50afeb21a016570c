import { rm, truncate, writeFile } from "node:fs/promises";
import { expect, it } from "vitest";

import { digestOf } from "../../oci/index.ts";
import { fsFixture } from "../storage/testing/fs-fixture.ts";
import { bytesOf, incoming, listOf, storeForeignImage, storeImage } from "../storage/testing/images.ts";
import { fsck } from "./fsck.ts";

const NAME = "examples/hello-world";
const { open, pathTo, blobPath } = fsFixture();

const inRepository = (...names: readonly string[]): string => pathTo("repositories", NAME, "_", ...names);

/** What is said of a registry with one tagged image and a referrer, after something was done to it. */
async function issuesAfter(
  harm: (
    image: Awaited<ReturnType<typeof storeImage>>,
    signature: Awaited<ReturnType<typeof storeImage>>,
  ) => Promise<void>,
): Promise<{ readonly kind: string; readonly message: string }[]> {
  const storage = await open();
  const image = await storeImage(storage, NAME, "one", { tag: "1.0.0" });
  const signature = await storeImage(storage, NAME, "signature", { subject: image.manifest });
  expect(await listOf(fsck(storage))).toEqual([]);
  await storage.close();
  await harm(image, signature);
  return listOf(fsck(await open()));
}

it("says that a layer is missing", async () => {
  const issues = await issuesAfter(async ({ layer }) => rm(blobPath(layer.digest)));
  expect(issues).toMatchObject([{ kind: "blob-missing", message: expect.stringContaining("is missing") }]);
});

it("says that a repository does not have a layer that its manifest refers to", async () => {
  const issues = await issuesAfter(async ({ layer }) => rm(inRepository("blobs", "sha256", layer.digest.slice(7))));
  expect(issues).toMatchObject([{ kind: "blob-missing", message: expect.stringContaining(`is not in ${NAME}`) }]);
});

it("says that a layer has another size than its manifest says", async () => {
  const issues = await issuesAfter(async ({ layer }) => truncate(blobPath(layer.digest), 3));
  expect(issues).toMatchObject([{ kind: "size-wrong" }]);
});

it("says that a manifest's bytes are missing", async () => {
  const issues = await issuesAfter(async ({ manifest }) => rm(blobPath(manifest.digest)));
  expect(issues).toMatchObject([{ kind: "manifest-missing" }]);
});

it("says that a manifest's bytes are damaged", async () => {
  const issues = await issuesAfter(async ({ manifest }) => truncate(blobPath(manifest.digest), 10));
  expect(issues).toMatchObject([{ kind: "manifest-damaged" }]);
});

it("says that a tag names what is not there", async () => {
  const issues = await issuesAfter(async () => writeFile(inRepository("tags", "2.0.0"), `${digestOf("absent")}\n`));
  expect(issues).toMatchObject([{ kind: "tag-dangling", message: expect.stringContaining(`${NAME}:2.0.0`) }]);
});

it("says that tags name what is not there in a repository that has lost all but them", async () => {
  const issues = await issuesAfter(async () => {
    for (const lost of ["manifests", "blobs"]) await rm(inRepository(lost), { recursive: true });
  });
  expect(issues).toMatchObject([{ kind: "tag-dangling", message: expect.stringContaining(`${NAME}:1.0.0`) }]);
});

it("says that a tag's file is damaged, and goes on", async () => {
  const issues = await issuesAfter(async () => writeFile(inRepository("tags", "1.0.0"), "\0\0\0"));
  expect(issues.map(({ kind }) => kind)).toContain("file");
  expect(issues.some(({ message }) => message.includes("tags/1.0.0 is damaged"))).toBe(true);
});

it("says that a manifest's record is damaged", async () => {
  const issues = await issuesAfter(async ({ manifest }) =>
    writeFile(inRepository("manifests", "sha256", `${manifest.digest.slice(7)}.json`), "{}"),
  );
  expect(issues.some(({ kind, message }) => kind === "file" && message.includes("manifests/sha256"))).toBe(true);
});

it("says that a referrer is not listed", async () => {
  const issues = await issuesAfter(async ({ manifest }) =>
    rm(inRepository("referrers", "sha256", manifest.digest.slice(7)), { recursive: true }),
  );
  expect(issues).toMatchObject([{ kind: "referrer-missing" }]);
});

it("says that files lie there that are none of the registry's", async () => {
  const issues = await issuesAfter(async () => writeFile(inRepository("tags", ".DS_Store"), ""));
  expect(issues).toMatchObject([{ kind: "file", path: inRepository("tags", ".DS_Store") }]);
});

it("says that a manifest is not what is known of it", async () => {
  const storage = await open();
  const image = await storeImage(storage, NAME, "one");
  await storage.metadata.repository(NAME).putManifest({ ...incoming(image), references: [image.config.digest] });
  expect(await listOf(fsck(storage))).toMatchObject([{ kind: "manifest-damaged" }]);
  await storage.blobs.put(digestOf("x"), bytesOf("x"));
  expect(await listOf(fsck(storage))).toHaveLength(1);
});

it("finds nothing wrong with a layer that may not be passed on and was not pushed; with one that was and is gone, it does", async () => {
  const storage = await open();
  await storeForeignImage(storage, NAME, { withLayer: false });
  expect(await listOf(fsck(storage))).toEqual([]);
  const { layer } = await storeForeignImage(storage, NAME, { withLayer: true });
  expect(await listOf(fsck(storage))).toEqual([]);
  await rm(blobPath(layer));
  expect(await listOf(fsck(storage))).toMatchObject([{ kind: "blob-missing", digest: layer }]);
});
