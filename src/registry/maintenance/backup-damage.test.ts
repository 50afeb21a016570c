import { rm, truncate, writeFile } from "node:fs/promises";
import { describe, expect, it, onTestFinished } from "vitest";

import { describeManifest, MediaType, type Descriptor, type Digest } from "../../oci/index.ts";
import { temporaryDirectory } from "../../../test/fixtures/temporary-directory.ts";
import { createMemoryStorage } from "../storage/memory/index.ts";
import { fsFixture } from "../storage/testing/fs-fixture.ts";
import { listOf, storeImage } from "../storage/testing/images.ts";
import type { MetadataStorage, RegistryStorage, RepositoryMetadata } from "../storage/types.ts";
import { backup } from "./backup.ts";
import { fsck } from "./fsck.ts";
import { contentOf, opened } from "./testing/content.ts";

const NAME = "examples/hello-world";
const { pathTo, open, blobPath } = fsFixture();

/** An index over images that the repository has. */
async function storeIndex(storage: RegistryStorage, manifests: readonly Descriptor[]): Promise<Descriptor> {
  const document = { schemaVersion: 2, mediaType: MediaType.index, manifests };
  const { descriptor, bytes } = describeManifest(document, MediaType.index);
  await storage.blobs.put(descriptor.digest, bytes);
  const references = manifests.map(({ digest }) => digest);
  await storage.metadata.repository(NAME).putManifest({ descriptor, references });
  return descriptor;
}

describe("what a repository knows of itself and nobody can read", () => {
  const harm = async (...names: readonly string[]): Promise<void> =>
    writeFile(pathTo("repositories", NAME, "_", ...names), "\0\0\0");
  const recordOf = (digest: Digest): readonly string[] => ["manifests", "sha256", `${digest.slice(7)}.json`];

  it("stays in the backup as it was there, and the rest is backed up", async () => {
    const storage = await open();
    const [one, two] = [
      await storeImage(storage, NAME, "one", { tag: "1.0.0" }),
      await storeImage(storage, NAME, "two", { tag: "2.0.0" }),
    ];
    await storage.close();
    const { path, remove } = await temporaryDirectory();
    onTestFinished(remove);
    const before = await contentOf(await open({ purpose: "maintain" }));
    await backup(await open({ purpose: "maintain" }), path);
    const served = await open();
    await storeImage(served, "examples/z", "new", { tag: "1.0.0" });
    await served.close();
    await harm("tags", "1.0.0");
    await harm(...recordOf(two.manifest.digest));
    await truncate(blobPath(two.manifest.digest), 3);
    const report = await backup(await open({ purpose: "maintain" }), path);
    expect(report).toMatchObject({ repositories: 2, manifests: 3, tags: 3 });
    expect(report.missing).toMatchObject([
      { manifest: two.manifest.digest, isKept: true, message: expect.stringContaining("is damaged") },
      { manifest: one.manifest.digest, isKept: true, message: expect.stringContaining("tags/1.0.0 is damaged") },
    ]);
    await opened(path, async (copy) => {
      expect(await contentOf(copy)).toMatchObject(before);
      expect(await listOf(fsck(copy))).toEqual([]);
    });
  });

  it("is left out of a backup that never had it, and an index of which it is a part with it", async () => {
    const storage = await open();
    const part = await storeImage(storage, NAME, "part", { tag: "part" });
    const whole = await storeIndex(storage, [part.manifest]);
    await storeImage(storage, NAME, "good", { tag: "good" });
    await storage.close();
    await harm("tags", "part");
    await harm(...recordOf(part.manifest.digest));
    await truncate(blobPath(part.manifest.digest), 3);
    const { path, remove } = await temporaryDirectory();
    onTestFinished(remove);
    const report = await backup(await open({ purpose: "maintain" }), path);
    expect(report.missing).toMatchObject([
      { manifest: part.manifest.digest, isKept: false },
      { manifest: whole.digest, isKept: false },
      { repository: NAME, isKept: false },
    ]);
    expect(report).toMatchObject({ manifests: 1, tags: 1 });
  });

  it("is read from the manifest's bytes where those are sound, whatever the backup has of it", async () => {
    const storage = await open();
    const { manifest, layer } = await storeImage(storage, NAME, "one", { tag: "1.0.0" });
    await storage.close();
    const { path, remove } = await temporaryDirectory();
    onTestFinished(remove);
    const before = await contentOf(await open({ purpose: "maintain" }));
    await backup(await open({ purpose: "maintain" }), path);
    for (const { digest } of [manifest, layer]) await rm(blobPath(digest).replace(pathTo(), path));
    await harm(...recordOf(manifest.digest));
    expect(await backup(await open({ purpose: "maintain" }), path)).toMatchObject({ missing: [], blobs: 2 });
    await opened(path, async (copy) => {
      expect(await contentOf(copy)).toEqual(before);
      expect(await listOf(fsck(copy))).toEqual([]);
    });
  });

  it("is said to be lost with a layer that is damaged, too, and the rest is backed up", async () => {
    const storage = await open();
    const bad = await storeImage(storage, NAME, "bad", { tag: "bad" });
    await storeImage(storage, NAME, "good", { tag: "good" });
    await storage.close();
    await harm(...recordOf(bad.manifest.digest));
    await truncate(blobPath(bad.layer.digest), 3);
    const { path, remove } = await temporaryDirectory();
    onTestFinished(remove);
    const report = await backup(await open({ purpose: "maintain" }), path);
    expect(report).toMatchObject({ tags: 1, missing: [{ manifest: bad.manifest.digest, isKept: false }] });
    await opened(path, async (copy) => expect(await copy.marks.read("backing-up")).toBeUndefined());
  });

  it("is not kept as it was in a backup that has not all of it", async () => {
    const storage = await open();
    const { manifest, layer } = await storeImage(storage, NAME, "one", { tag: "1.0.0" });
    await storage.close();
    const { path, remove } = await temporaryDirectory();
    onTestFinished(remove);
    await backup(await open({ purpose: "maintain" }), path);
    await rm(blobPath(layer.digest).replace(pathTo(), path));
    await harm(...recordOf(manifest.digest));
    await truncate(blobPath(manifest.digest), 3);
    const { missing } = await backup(await open({ purpose: "maintain" }), path);
    expect(missing).toMatchObject([{ manifest: manifest.digest, isKept: false }]);
  });

  it("is written again in a backup whose own disk damaged it, and what is gone is removed", async () => {
    const source = createMemoryStorage();
    const one = await storeImage(source, NAME, "one", { tag: "1.0.0" });
    await storeImage(source, NAME, "two", { tag: "2.0.0" });
    await backup(source, pathTo());
    for (const names of [["tags", "1.0.0"], ["tags", "2.0.0"], recordOf(one.manifest.digest)]) await harm(...names);
    await source.metadata.repository(NAME).moveTags([{ tag: "2.0.0", to: undefined }]);
    expect((await backup(source, pathTo())).missing).toEqual([]);
    await opened(pathTo(), async (copy) => {
      expect(await contentOf(copy)).toEqual(await contentOf(source));
      expect(await listOf(fsck(copy))).toEqual([]);
    });
  });
});

it("keeps the index that it has, with its tag, when an image of the new one cannot be copied", async () => {
  const storage = await open();
  const repository = storage.metadata.repository(NAME);
  const tagged = async (text: string): Promise<{ readonly image: Descriptor; readonly index: Descriptor }> => {
    const image = await storeImage(storage, NAME, text);
    const index = await storeIndex(storage, [image.manifest]);
    await repository.moveTags([{ tag: "1.0.0", to: index.digest }]);
    return { image: image.layer, index };
  };
  const old = await tagged("old");
  const { path, remove } = await temporaryDirectory();
  onTestFinished(remove);
  await backup(storage, path);
  const fresh = await tagged("fresh");
  await repository.deleteManifest(old.index.digest);
  await truncate(blobPath(fresh.image.digest), 3);
  const { missing } = await backup(storage, path);
  expect(missing).toMatchObject([
    { isKept: false },
    { manifest: fresh.index.digest, message: expect.stringContaining("which it lists"), isKept: false },
  ]);
  await opened(path, async (copy) => {
    expect(await copy.metadata.repository(NAME).tag("1.0.0")).toBe(old.index.digest);
    expect(await listOf(fsck(copy))).toEqual([]);
  });
});

it("keeps an image that an index without a tag lists, when the source lost what it knew of it", async () => {
  const storage = await open();
  const image = await storeImage(storage, NAME, "image");
  await storeIndex(storage, [image.manifest]);
  await storage.close();
  const { path, remove } = await temporaryDirectory();
  onTestFinished(remove);
  await backup(await open({ purpose: "maintain" }), path);
  const record = ["manifests", "sha256", `${image.manifest.digest.slice(7)}.json`];
  await rm(pathTo("repositories", NAME, "_", ...record));
  await backup(await open({ purpose: "maintain" }), path);
  await opened(path, async (copy) => {
    expect(await copy.metadata.repository(NAME).manifest(image.manifest.digest)).toBeDefined();
    expect(await listOf(fsck(copy))).toEqual([]);
  });
});

it("has the tag of a repository that never stands still", async () => {
  const inner = createMemoryStorage();
  await storeImage(inner, NAME, "first", { tag: "latest" });
  let round = 0;
  // Whenever manifests were listed, the tag goes on to another.
  const restless = (repository: RepositoryMetadata): RepositoryMetadata =>
    new Proxy(repository, {
      get(target, key) {
        if (key === "manifests") {
          return async function* (options: object) {
            yield* target.manifests(options);
            await storeImage(inner, NAME, `round ${round++}`, { tag: "latest" });
          };
        }
        const value: unknown = Reflect.get(target, key);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
  const metadata: MetadataStorage = {
    repository: (name) => restless(inner.metadata.repository(name)),
    repositories: (options) => inner.metadata.repositories(options),
    usage: async (namespace, options) => inner.metadata.usage(namespace, options),
  };
  const { path, remove } = await temporaryDirectory();
  onTestFinished(remove);
  for (let times = 0; times < 2; times += 1) {
    expect(await backup({ ...inner, metadata }, path)).toMatchObject({ tags: 1, missing: [] });
    await opened(path, async (copy) => {
      expect(await copy.metadata.repository(NAME).tag("latest")).toBeDefined();
      expect(await listOf(fsck(copy))).toEqual([]);
    });
  }
});
