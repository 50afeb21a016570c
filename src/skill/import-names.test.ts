/** What an archive's index may call its images. */
import { describe, expect, it } from "vitest";

import { writeTar, type LayerFile } from "../archive/index.ts";
import { describeManifest, digestOf, encodeManifest, MediaType, parseReference } from "../oci/index.ts";
import type { Descriptor } from "../oci/index.ts";
import { LayoutStore, MemoryStore, type Content } from "../store/index.ts";
import { failingFileSystem } from "../store/testing/failing-file-system.ts";
import { exportImages, importImages } from "./index.ts";
import { collect } from "./testing/collect.ts";
import { release } from "./testing/release.ts";
import { temporaryDirectory } from "./testing/skill-directory.ts";

async function* inChunks(bytes: Uint8Array): Content {
  for (let at = 0; at < bytes.byteLength; at += 65_536) yield bytes.subarray(at, at + 65_536);
}

function file(path: string, bytes: Uint8Array): LayerFile {
  return { path, executable: false, size: bytes.byteLength, open: () => inChunks(bytes) };
}

/** An archive of whatever blobs these are, with this index. */
async function archiveOf(blobs: readonly LayerFile[], manifests: readonly unknown[]): Promise<() => Content> {
  const index = file("index.json", encodeManifest({ schemaVersion: 2, manifests }));
  const archive = Buffer.concat(await collect(writeTar([...blobs, index])));
  return () => inChunks(archive);
}

const named = ({ mediaType, digest, size }: Descriptor, name: string): unknown => ({
  mediaType,
  digest,
  size,
  annotations: { "org.opencontainers.image.ref.name": name },
});

/** The content of two published images of one version, and what they are. */
async function twoImages() {
  const stores = [new MemoryStore(), new MemoryStore()];
  const blobs = new Map<string, LayerFile>();
  const images: Descriptor[] = [];
  for (const [at, store] of stores.entries()) {
    await release(store, { description: `Of ${at}.` }, "published");
    const repository = store.repository("examples/greeter");
    const image = await repository.resolve("1.0.0");
    const manifest = JSON.parse(Buffer.concat(await collect(repository.fetch(image))).toString()) as {
      readonly config: Descriptor;
      readonly layers: readonly Descriptor[];
    };
    for (const each of [image, manifest.config, ...manifest.layers]) {
      const bytes = Buffer.concat(await collect(repository.fetch(each)));
      blobs.set(each.digest, file(`blobs/${each.digest.replace(":", "/")}`, bytes));
    }
    images.push(image);
  }
  const [one, two] = images as [Descriptor, Descriptor];
  return { one, two, blobs: [...blobs.values()] };
}

describe("import", () => {
  it.each([
    ["examples/greeter:1.0.0", "examples/greeter:1.0.0"],
    ["examples/greeter:1.0.0", "examples/greeter:latest"],
  ])("refuses two images that would get one name: %s, %s", async (first, second) => {
    const { one, two, blobs } = await twoImages();
    const store = new MemoryStore();
    const archive = await archiveOf(blobs, [named(one, first), named(two, second)]);
    await expect(importImages(store, archive)).rejects.toMatchObject({ code: "REFERENCE_AMBIGUOUS" });
    expect(await collect(store.repository("examples/greeter").tags())).toEqual([]);
  });

  it("takes one image under one name twice", async () => {
    const { one, blobs } = await twoImages();
    const store = new MemoryStore();
    const name = "examples/greeter:1.0.0";
    await importImages(store, await archiveOf(blobs, [named(one, name), named(one, "examples/greeter:latest")]));
    expect((await store.repository("examples/greeter").resolve("latest")).digest).toBe(one.digest);
  });

  it.each(["examples/greeter@", "examples/greeter:1.0.0@"])(
    "refuses a name whose digest is another image's: %s",
    async (name) => {
      const { one, two, blobs } = await twoImages();
      const store = new MemoryStore();
      const archive = await archiveOf(blobs, [named(one, name + two.digest)]);
      await expect(importImages(store, archive)).rejects.toMatchObject({ code: "REFERENCE_INVALID" });
      expect(await collect(store.repositories())).toEqual([]);
    },
  );

  it("refuses thousands of names of one index of thousands, before all of that is gone through", async () => {
    const members = Array.from({ length: 2500 }, (_, at) => ({
      mediaType: "text/plain",
      digest: digestOf(Buffer.from(`${at}`)),
      size: 1,
    }));
    const { descriptor, bytes } = describeManifest(
      { schemaVersion: 2, mediaType: MediaType.index, manifests: members },
      MediaType.index,
    );
    const names = Array.from({ length: 2500 }, (_, at) => named(descriptor, `examples/skill-${at}:1.0.0`));
    const blob = file(`blobs/sha256/${descriptor.digest.slice(7)}`, bytes);
    const archive = await archiveOf([blob], names);
    await expect(importImages(new MemoryStore(), archive)).rejects.toMatchObject({ code: "ARCHIVE_LIMIT" });
  });

  it("refuses other content for a version that is archived here, unless forced", async () => {
    const { two, blobs } = await twoImages();
    const store = new MemoryStore();
    await release(store, { description: "Of 0." }, "archived");
    const archive = await archiveOf(blobs, [named(two, "examples/greeter:1.0.0")]);
    await expect(importImages(store, archive)).rejects.toMatchObject({ code: "PUBLISHED_IMMUTABLE" });
    expect(await collect(store.repository("examples/greeter").tags())).toEqual([]);
    await importImages(store, archive, { force: true });
    expect(await collect(store.repository("examples/greeter").tags())).toEqual(["1.0.0", "latest"]);
  });

  it("takes what export made of many images", async () => {
    const store = new MemoryStore();
    const names = [];
    for (const version of ["1.0.0", "1.1.0"]) names.push(await release(store, { version }, "published"));
    const archive = Buffer.concat(await collect(exportImages(store, names.map(parseReference))));
    const imported = await importImages(new MemoryStore(), () => inChunks(archive));
    expect(imported.map(({ reference }) => reference)).toEqual(names);
  });

  it("names the images of many repositories in a few writes of the index", async () => {
    let writes = 0;
    const fs = failingFileSystem((operation, path) => {
      if (operation === "rename" && path.endsWith("/index.json")) writes += 1;
      return undefined;
    });
    const { one, blobs } = await twoImages();
    const names = Array.from({ length: 64 }, (_, at) => `examples/skill-${at}:1.0.0`);
    const archive = await archiveOf(
      blobs,
      names.map((name) => named(one, name)),
    );
    const store = await LayoutStore.open(await temporaryDirectory(), { fs });
    const imported = await importImages(store, archive);
    expect(imported.map(({ reference }) => reference)).toEqual(names);
    // Each name, and the latest of each repository.
    expect(await collect(store.repository("examples/skill-63").tags())).toEqual(["1.0.0", "latest"]);
    expect(writes).toBeLessThan(16);
  });
});

it("an archive without a byte is called empty", async () => {
  const nothing = async function* (): AsyncGenerator<Uint8Array> {};
  await expect(importImages(new MemoryStore(), nothing)).rejects.toMatchObject({
    code: "ARCHIVE_INVALID",
    message: "the archive is empty",
  });
});
