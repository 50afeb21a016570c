import { readdir, rm, writeFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";

import type { Descriptor, Digest } from "../../oci/index.ts";
import { bytesOf, contentOf, describeBytes, listOf, pushImage, pushIndex } from "../testing/images.ts";
import { layoutFixture } from "../testing/layout-fixture.ts";

const { age, blobPath, open, pathTo, readIndex, tagged } = layoutFixture();

describe("garbage collection", () => {
  const blobs = async (): Promise<string[]> => (await readdir(pathTo("blobs", "sha256"))).sort();
  const hexOf = (...descriptors: Descriptor[]): string[] => descriptors.map(({ digest }) => digest.slice(7)).sort();

  it("removes what nothing refers to and says how much", async () => {
    const store = await open();
    const kept = await tagged(store, "examples/a", "1.0.0");
    const gone = await pushImage(store.repository("examples/a"), "gone");
    const all = [gone.manifest, gone.config, gone.layer];
    for (const { digest } of all) await age(digest, 2);
    const bytes = all.reduce((sum, { size }) => sum + size, 0);
    const dry = await store.gc({ dryRun: true });
    expect(dry).toMatchObject({ bytes, temporaries: 0 });
    expect(await blobs()).toHaveLength(6);
    const report = await store.gc();
    expect(new Set(report.removed)).toEqual(new Set(all.map(({ digest }) => digest)));
    expect(report).toMatchObject({ bytes });
    expect(await store.fsck()).toEqual([]);
    expect(await store.repository("examples/a").resolve("1.0.0")).toEqual(kept);
    expect(await blobs()).toHaveLength(3);
  });

  it("leaves what was pushed a moment ago, with what it refers to", async () => {
    const store = await open();
    const { config, layer } = await pushImage(store.repository("examples/a"), "in flight");
    await age(config.digest, 2);
    await age(layer.digest, 2);
    expect((await store.gc()).removed).toEqual([]);
  });

  it("counts as kept for their youth only what nothing else keeps, and not the referrers of an image", async () => {
    const store = await open();
    const repository = store.repository("examples/a");
    const subject = await tagged(store, "examples/a", "1.0.0");
    await pushImage(repository, "record", { subject });
    expect(await store.gc({ dryRun: true })).toMatchObject({ removed: [], kept: 0 });
    await pushImage(repository, "in flight");
    expect(await store.gc()).toMatchObject({ removed: [], kept: 3 });
  });

  it("leaves old content that somebody has just found to be present", async () => {
    const store = await open();
    const repository = store.repository("examples/a");
    const old = describeBytes(bytesOf("old"));
    for (const meet of [
      async () => repository.push(old, bytesOf("old")),
      async () => repository.exists(old),
      async () => repository.ingest("x/y", contentOf("old")),
    ]) {
      await repository.push(old, bytesOf("old"));
      await age(old.digest, 2);
      await meet();
      expect((await store.gc()).removed).toEqual([]);
    }
  });

  it("keeps archived manifests and the referrers of what is kept, theirs too", async () => {
    const store = await open();
    const repository = store.repository("examples/a");
    const image = await pushImage(repository, "archived");
    const signature = await pushImage(repository, "signature", { subject: image.manifest });
    const stamp = await pushImage(repository, "stamp", { subject: signature.manifest });
    await repository.retag([{ name: image.manifest.digest, to: image.manifest }]);
    for (const hex of await blobs()) await age(`sha256:${hex}` as Digest, 2);
    expect((await store.gc()).removed).toEqual([]);
    await repository.delete(image.manifest);
    expect((await store.gc()).removed).toHaveLength(9);
    expect(await listOf(repository.referrers(image.manifest))).toEqual([]);
    expect(stamp.manifest.digest).not.toBe(signature.manifest.digest);
    expect((await readIndex()).manifests).toEqual([]);
  });

  it("keeps the parts of an index, but not those it never had", async () => {
    const store = await open();
    const repository = store.repository("examples/a");
    const [one, two] = [await pushImage(repository, "one"), await pushImage(repository, "two")];
    await repository.tag(await pushIndex(repository, [one.manifest, two.manifest]), "1.0.0");
    await rm(blobPath(two.manifest.digest));
    for (const hex of await blobs()) await age(`sha256:${hex}` as Digest, 2);
    await store.gc();
    for (const hex of hexOf(one.manifest, one.config, one.layer)) expect(await blobs()).toContain(hex);
  });

  it("keeps the parts of a manifest that another image calls a layer", async () => {
    const store = await open();
    const repository = store.repository("examples/a");
    const image = await pushImage(repository, "real");
    const layer = { ...image.manifest, mediaType: "application/vnd.oci.image.layer.v1.tar" };
    const bytes = bytesOf(JSON.stringify({ schemaVersion: 2, config: image.config, layers: [layer] }));
    const trick = describeBytes(bytes, image.manifest.mediaType);
    await repository.push(trick, bytes);
    await repository.tag(trick, "0-trick");
    await repository.tag(await pushIndex(repository, [image.manifest]), "1.0.0");
    for (const hex of await blobs()) await age(`sha256:${hex}` as Digest, 2);
    expect((await store.gc()).removed).toEqual([]);
  });

  it("keeps what the manifests of other tools name, of kinds that nobody here knows", async () => {
    const store = await open();
    const repository = store.repository("examples/a");
    const image = await pushImage(repository, "named");
    const payload = describeBytes(bytesOf("payload"));
    await repository.push(payload, bytesOf("payload"));
    const inner = bytesOf(JSON.stringify({ blobs: [payload], more: { deep: [image.manifest] } }));
    const outer = bytesOf(JSON.stringify({ manifests: [describeBytes(inner, "x/unknown")] }));
    const foreign = describeBytes(outer, "application/vnd.oci.artifact.manifest.v1+json");
    await repository.push(describeBytes(inner), inner);
    await repository.push(foreign, outer);
    await repository.tag(foreign, "1.0.0");
    for (const hex of await blobs()) await age(`sha256:${hex}` as Digest, 2);
    expect((await store.gc()).removed).toEqual([]);
    await repository.untag("1.0.0");
    expect((await store.gc()).removed).toHaveLength(6);
  });

  it("removes nothing when a manifest is damaged or missing", async () => {
    const store = await open();
    const { digest } = await tagged(store, "examples/a", "1.0.0");
    const gone = await pushImage(store.repository("examples/a"), "gone");
    await age(gone.layer.digest, 2);
    await age(gone.manifest.digest, 2);
    await writeFile(blobPath(digest), "{}");
    await expect(store.gc()).rejects.toMatchObject({ code: "STORE_CORRUPT" });
    await rm(blobPath(digest));
    await expect(store.gc()).rejects.toMatchObject({ code: "STORE_CORRUPT" });
    expect(await blobs()).toHaveLength(5);
    await store.fsck({ repair: true });
    expect((await store.gc()).removed).toHaveLength(2);
  });
});
