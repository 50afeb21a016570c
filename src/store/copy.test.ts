import { describe, expect, it } from "vitest";

import { readAll } from "../content/index.ts";
import { MediaType } from "../oci/index.ts";
import { copy, MemoryStore, type CopyProgress, type Repository } from "./index.ts";
import { bytesOf, describeBytes, listOf, makeImage, pushImage, pushIndex } from "./testing/images.ts";

function repositories(): { from: Repository; to: Repository } {
  return { from: new MemoryStore().repository("examples/a"), to: new MemoryStore().repository("mirror/a") };
}

describe("copy", () => {
  it("brings an image and its tag", async () => {
    const { from, to } = repositories();
    const image = await pushImage(from, "one");
    await from.tag(image.manifest, "1.0.0");
    expect(await copy(from, to, "1.0.0")).toEqual(image.manifest);
    expect(await to.resolve("1.0.0")).toEqual(image.manifest);
    expect(await readAll(to.fetch(image.layer))).toEqual(bytesOf("layer of one"));
  });

  it("gives the copy another tag, or only its digest", async () => {
    const { from, to } = repositories();
    const { manifest } = await pushImage(from, "one");
    await from.tag(manifest, "1.0.0");
    await copy(from, to, "1.0.0", { as: "latest" });
    expect(await listOf(to.tags())).toEqual(["latest"]);
    const other = new MemoryStore().repository("b");
    await copy(from, other, manifest.digest);
    expect(await other.resolve(manifest.digest)).toEqual(manifest);
    expect(await listOf(other.tags())).toEqual([]);
  });

  it("brings every image of an index", async () => {
    const { from, to } = repositories();
    const images = [await pushImage(from, "amd64"), await pushImage(from, "arm64")];
    await from.tag(
      await pushIndex(
        from,
        images.map(({ manifest }) => manifest),
      ),
      "1.0.0",
    );
    await copy(from, to, "1.0.0");
    for (const { layer, manifest } of images) {
      expect(await to.exists(layer)).toBe(true);
      expect(await to.exists(manifest)).toBe(true);
    }
  });

  it("does not send what the target holds", async () => {
    const { from, to } = repositories();
    const image = await pushImage(from, "one");
    await from.tag(image.manifest, "1.0.0");
    await to.push(image.layer, bytesOf("layer of one"));
    const outcomes = async (): Promise<Record<string, string>> => {
      const seen: CopyProgress[] = [];
      await copy(from, to, "1.0.0", { onProgress: (progress) => seen.push(progress) });
      return Object.fromEntries(seen.map(({ descriptor, outcome }) => [descriptor.mediaType, outcome]));
    };
    expect(await outcomes()).toEqual({
      [MediaType.layerGzip]: "present",
      [MediaType.config]: "copied",
      [MediaType.manifest]: "copied",
    });
    expect(new Set(Object.values(await outcomes()))).toEqual(new Set(["present"]));
  });

  it("brings referrers when asked to, and theirs", async () => {
    const { from, to } = repositories();
    const image = await pushImage(from, "one");
    const signature = await pushImage(from, "signature", { subject: image.manifest });
    const stamp = await pushImage(from, "stamp", { subject: signature.manifest });
    await from.tag(image.manifest, "1.0.0");
    await copy(from, to, "1.0.0");
    expect(await listOf(to.referrers(image.manifest))).toEqual([]);
    await copy(from, to, "1.0.0", { referrers: true });
    expect(await listOf(to.referrers(image.manifest))).toMatchObject([{ digest: signature.manifest.digest }]);
    expect(await to.exists(stamp.manifest)).toBe(true);
  });

  it("copies the parts of a manifest that the same index also calls a layer", async () => {
    const { from, to } = repositories();
    const image = await pushImage(from, "one");
    const layer = { ...image.manifest, mediaType: MediaType.layer };
    const bytes = bytesOf(JSON.stringify({ schemaVersion: 2, config: image.config, layers: [layer] }));
    const trick = describeBytes(bytes, MediaType.manifest);
    await from.push(trick, bytes);
    const inner = await pushIndex(from, [image.manifest]);
    await from.tag(await pushIndex(from, [trick, inner]), "1.0.0");
    await copy(from, to, "1.0.0", { concurrency: 1 });
    expect(await to.exists(image.layer)).toBe(true);
  });

  it("leaves the target's tag alone when content is missing", async () => {
    const { from, to } = repositories();
    const old = await pushImage(to, "old");
    await to.tag(old.manifest, "1.0.0");
    const image = await pushImage(from, "one");
    await from.tag(image.manifest, "1.0.0");
    const broken: Repository = Object.assign(Object.create(from) as Repository, {
      resolve: async () => image.manifest,
      fetch: (descriptor: typeof image.layer) =>
        new MemoryStore().repository("x").fetch(descriptor.digest === image.manifest.digest ? descriptor : image.layer),
    });
    await expect(copy(broken, to, "1.0.0")).rejects.toMatchObject({ code: "NOT_FOUND" });
    expect(await to.resolve("1.0.0")).toEqual(old.manifest);
    expect(await to.exists(makeImage("one").manifest)).toBe(false);
  });

  it("stops when it is cancelled", async () => {
    const { from, to } = repositories();
    const image = await pushImage(from, "one");
    await from.tag(image.manifest, "1.0.0");
    const controller = new AbortController();
    const copied = copy(from, to, "1.0.0", { signal: controller.signal, onProgress: () => controller.abort() });
    await expect(copied).rejects.toMatchObject({ code: "ABORTED" });
    expect(await listOf(to.tags())).toEqual([]);
  });
});
