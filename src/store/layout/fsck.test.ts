import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";

import { readAll } from "../../content/index.ts";
import type { Digest } from "../../oci/index.ts";
import { failingFileSystem } from "../testing/failing-file-system.ts";
import { bytesOf, contentOf, listOf, pushImage } from "../testing/images.ts";
import { layoutFixture } from "../testing/layout-fixture.ts";

const { blobPath, open, pathTo, readIndex, tagged } = layoutFixture();

describe("bit rot", () => {
  const flip = async (digest: Digest): Promise<void> => {
    const bytes = await readFile(blobPath(digest));
    bytes[3] = (bytes[3] ?? 0) ^ 1;
    await writeFile(blobPath(digest), bytes);
  };

  it("is noticed by reading and healed by pushing again, also when the size is the same", async () => {
    const repository = (await open()).repository("examples/rot");
    const { layer, manifest, manifestBytes } = await pushImage(repository, "one");
    await flip(layer.digest);
    await flip(manifest.digest);
    await expect(readAll(repository.fetch(layer))).rejects.toMatchObject({ code: "DIGEST_MISMATCH" });
    await repository.push(layer, bytesOf("layer of one"));
    await repository.push(manifest, manifestBytes);
    expect(await readAll(repository.fetch(layer))).toEqual(bytesOf("layer of one"));
    expect(await readAll(repository.fetch(manifest))).toEqual(manifestBytes);
  });

  it("is noticed and healed when a blob is cut short", async () => {
    const repository = (await open()).repository("examples/rot");
    const { layer } = await pushImage(repository, "one");
    await writeFile(blobPath(layer.digest), "lay");
    expect(await repository.exists(layer)).toBe(false);
    await expect(readAll(repository.fetch(layer))).rejects.toMatchObject({ code: "SIZE_MISMATCH" });
    await repository.ingest(layer.mediaType, contentOf("layer of one"));
    expect(await readAll(repository.fetch(layer))).toEqual(bytesOf("layer of one"));
  });

  it("is found by fsck, which names the image and makes room for a new push", async () => {
    const store = await open();
    const repository = store.repository("examples/rot");
    const image = await pushImage(repository, "one");
    await repository.tag(image.manifest, "1.0.0");
    await flip(image.layer.digest);
    const issue = { kind: "blob-damaged", digest: image.layer.digest, reference: "examples/rot:1.0.0" };
    expect(await store.fsck()).toMatchObject([{ ...issue, repaired: false }]);
    expect(await store.fsck({ repair: true })).toMatchObject([{ ...issue, repaired: true }]);
    expect(await store.fsck()).toMatchObject([{ kind: "blob-missing", digest: image.layer.digest }]);
    await repository.push(image.layer, bytesOf("layer of one"));
    expect(await store.fsck()).toEqual([]);
  });
});

describe("fsck", () => {
  it("tells of stray files, wrong sizes, missing manifests and damaged entries", async () => {
    const store = await open();
    const one = await tagged(store, "examples/a", "1.0.0");
    const two = await tagged(store, "examples/b", "1.0.0");
    const index = await readIndex();
    const manifests = [{ ...index.manifests[0], size: 1 }, ...index.manifests.slice(1), "nonsense"];
    await writeFile(pathTo("index.json"), JSON.stringify({ ...index, manifests }));
    await rm(blobPath(two.digest));
    await writeFile(pathTo("blobs", "sha256", "notes.txt"), "");

    const issues = await store.fsck();
    const kinds = issues.map(({ kind }) => kind).sort();
    expect(kinds).toEqual(["blob-missing", "entry-invalid", "size-wrong", "stray-file"]);
    expect(issues.find(({ kind }) => kind === "size-wrong")).toMatchObject({ digest: one.digest });
    await store.fsck({ repair: true });
    expect(await listOf(store.entries())).toEqual([]);
  });
});

describe("a damaged index", () => {
  const damage = async (): Promise<void> => writeFile(pathTo("index.json"), '{"schemaVersion":2,"mani');

  it("is kept aside and rebuilt from the one before it", async () => {
    const store = await open();
    await tagged(store, "examples/a", "1.0.0");
    await tagged(store, "examples/a", "2.0.0");
    const last = await tagged(store, "examples/a", "3.0.0");
    await damage();
    const names = (await listOf(store.entries())).map(({ repository, tag }) => `${repository}:${tag ?? ""}`);
    expect(names).toEqual(["examples/a:1.0.0", "examples/a:2.0.0", "recovered:"]);
    expect(await store.repository("recovered").resolve(last.digest)).toEqual(last);
    expect((await readdir(pathTo())).filter((name) => name.startsWith("index.json.damaged-"))).toHaveLength(1);
    expect(await store.fsck()).toEqual([]);
  });

  it("is rebuilt from the manifests when there was none before it", async () => {
    const store = await open();
    const one = await tagged(store, "examples/a", "1.0.0");
    await damage();
    await tagged(store, "examples/b", "1.0.0");
    expect(await listOf(store.repositories())).toEqual(["examples/b", "recovered"]);
    expect(await store.repository("recovered").resolve(one.digest)).toEqual(one);
  });

  it("is told of, not touched, in a store that cannot be written", async () => {
    await tagged(await open(), "examples/a", "1.0.0");
    await damage();
    const fs = failingFileSystem((operation) => (operation === "create" ? "EROFS" : undefined));
    await expect(listOf((await open({ fs })).entries())).rejects.toMatchObject({ code: "STORE_CORRUPT" });
    expect(await (await open({ fs })).fsck()).toMatchObject([{ kind: "index-damaged" }]);
  });

  it("is rebuilt when it was lost altogether", async () => {
    const store = await open();
    await tagged(store, "examples/a", "1.0.0");
    await tagged(store, "examples/a", "2.0.0");
    await rm(pathTo("index.json"));
    expect(await listOf(store.repository("examples/a").tags())).toEqual(["1.0.0"]);
  });
});
