import { appendFile, readdir, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";

import { readAll } from "../../content/index.ts";
import type { Digest } from "../../oci/index.ts";
import { bytesOf, contentOf, listOf, pushImage, pushIndex } from "../testing/images.ts";
import { layoutFixture } from "../testing/layout-fixture.ts";
import { nodeFileSystem, type FileSystem } from "./file-system.ts";

const { age, blobPath, open, pathTo, readIndex, tagged } = layoutFixture();

const plantItems = async (manifests: readonly unknown[]): Promise<void> =>
  writeFile(pathTo("index.json"), JSON.stringify({ schemaVersion: 2, manifests }));

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

  it("is healed by pushing again when a byte was added to a manifest", async () => {
    const repository = (await open()).repository("examples/rot");
    const { manifest, manifestBytes } = await pushImage(repository, "one");
    await repository.tag(manifest, "1.0.0");
    await appendFile(blobPath(manifest.digest), "\n");
    await repository.push(manifest, manifestBytes);
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
    // The damage is gone then, and the image lacks its layer all the same.
    const missing = { ...issue, kind: "blob-missing", repaired: false };
    expect(await store.fsck({ repair: true })).toMatchObject([{ ...issue, repaired: true }, missing]);
    expect(await store.fsck()).toMatchObject([missing]);
    await repository.push(image.layer, bytesOf("layer of one"));
    expect(await store.fsck()).toEqual([]);
  });
});

describe("fsck", () => {
  it("drops a foreign entry of the wrong size and keeps the tag of the same digest", async () => {
    const store = await open();
    const one = await tagged(store, "examples/a", "1.0.0");
    const twin = { ...one, size: one.size + 1, annotations: { "org.opencontainers.image.ref.name": "other" } };
    await plantItems([twin, ...(await readIndex()).manifests]);
    expect(await store.fsck({ repair: true })).toMatchObject([{ kind: "size-wrong", reference: "other" }]);
    expect((await store.entries()).map(({ tag }) => tag)).toEqual(["1.0.0"]);
    expect(await store.fsck()).toEqual([]);
  });

  it("reads indexes of 600 equal indexes, three deep, in no time", async () => {
    const store = await open();
    const repository = store.repository("examples/bomb");
    const image = await pushImage(repository, "one");
    let top = image.manifest;
    for (let level = 0; level < 3; level += 1) {
      top = await pushIndex(
        repository,
        Array.from({ length: 600 }, () => top),
      );
    }
    await repository.tag(top, "1.0.0");
    await repository.tag(image.manifest, "image");
    await rm(blobPath(image.layer.digest));
    await rm(blobPath(image.config.digest));
    const missing = (await store.fsck()).map(({ kind, digest }) => `${kind} ${digest ?? ""}`);
    expect(missing.sort()).toEqual([image.layer, image.config].map(({ digest }) => `blob-missing ${digest}`).sort());
  });

  it("tells of an item that is nested beyond reason", async () => {
    const store = await open();
    await tagged(store, "examples/a", "1.0.0");
    await plantItems(["DEEP"]);
    const text = await readFile(pathTo("index.json"), "utf8");
    await writeFile(pathTo("index.json"), text.replace('"DEEP"', "[".repeat(200_000) + "]".repeat(200_000)));
    expect(await store.fsck()).toMatchObject([{ kind: "entry-invalid" }]);
  });

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
    const repaired = await store.fsck({ repair: true });
    const lost = repaired.filter(({ removed }) => removed === true);
    expect(lost.map(({ kind, reference }) => `${kind} ${reference}`).sort()).toEqual([
      "blob-missing examples/b:1.0.0",
      "size-wrong examples/a:1.0.0",
    ]);
    expect(await store.entries()).toEqual([]);
  });
});

describe("a damaged index", () => {
  const TORN = '{"schemaVersion":2,"mani';
  const damage = async (): Promise<void> => writeFile(pathTo("index.json"), TORN);

  it("is kept aside and rebuilt from the one before it", async () => {
    const store = await open();
    await tagged(store, "examples/a", "1.0.0");
    await tagged(store, "examples/a", "2.0.0");
    const last = await tagged(store, "examples/a", "3.0.0");
    await damage();
    await store.fsck({ repair: true });
    const names = (await store.entries()).map(({ repository, tag }) => `${repository}:${tag ?? ""}`);
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

  it("is told of, not touched, by who only reads", async () => {
    await tagged(await open(), "examples/a", "1.0.0");
    await damage();
    const before = await readdir(pathTo());
    await expect((await open()).entries()).rejects.toMatchObject({ code: "STORE_CORRUPT" });
    expect(await (await open()).fsck()).toMatchObject([{ kind: "index-damaged" }]);
    expect(await readFile(pathTo("index.json"), "utf8")).toBe(TORN);
    expect(await readdir(pathTo())).toEqual(before);
  });

  it.each([
    ["is larger than 64 MiB", async () => truncate(pathTo("index.json"), 64 * 1024 ** 2 + 1)],
    ["holds millions of the smallest values", async () => writeFile(pathTo("index.json"), "[0,".repeat(1_300_000))],
    ["is a list", async () => writeFile(pathTo("index.json"), "[]")],
  ])("is one that %s", async (_, spoil) => {
    const store = await open();
    await tagged(store, "examples/a", "1.0.0");
    await spoil();
    await expect(store.entries()).rejects.toMatchObject({
      code: "STORE_CORRUPT",
      hint: expect.stringContaining("fsck --repair") as string,
    });
    await store.fsck({ repair: true });
    expect(await listOf(store.repositories())).toEqual(["recovered"]);
  });

  it("is not one that holds a thousand and one items of another tool's: what is ours is there, and theirs stay", async () => {
    const store = await open();
    await tagged(store, "examples/a", "1.0.0");
    const { manifests } = await readIndex();
    const theirs = Array.from({ length: 1001 }, (_, at) => ({ kind: "theirs", at }));
    await plantItems([...theirs, ...manifests]);
    expect(await listOf(store.repositories())).toEqual(["examples/a"]);
    await tagged(store, "examples/a", "2.0.0");
    expect((await readIndex()).manifests).toEqual(expect.arrayContaining(theirs));
    const issues = await store.fsck();
    expect(issues).toHaveLength(101);
    expect(issues.at(-1)).toMatchObject({
      kind: "entry-invalid",
      message: expect.stringContaining("901 more") as string,
    });
  });

  it("that names an image twice is reported, with the one that counts, and left as it is", async () => {
    const store = await open();
    const one = await tagged(store, "examples/a", "1.0.0");
    const two = await tagged(store, "examples/a", "2.0.0");
    const [first, second] = (await readIndex()).manifests;
    const twin = { ...(second as object), annotations: (first as { annotations: unknown }).annotations };
    await plantItems([first, second, twin]);
    const found = [{ kind: "name-duplicate", reference: "examples/a:1.0.0", repaired: false }];
    for (const repair of [false, true]) expect(await store.fsck({ repair })).toMatchObject(found);
    const [{ message } = { message: "" }] = await store.fsck();
    expect(message).toContain(`${one.digest} counts, ${two.digest} does not`);
    expect(await store.repository("examples/a").resolve("1.0.0")).toEqual(one);
    expect(await store.entries()).toHaveLength(2);
    await store.repository("examples/a").tag(one, "1.0.0");
    expect(await store.fsck()).toEqual([]);
  });

  it("is not the same file as its predecessor while the next one is written, lest a tool that writes in place spoil both", async () => {
    const links: number[] = [];
    const look = async (): Promise<void> => {
      const status = await stat(pathTo("index.json")).catch(() => undefined);
      if (status !== undefined) links.push(status.nlink);
    };
    const fs: FileSystem = {
      ...nodeFileSystem,
      create: async (path) => {
        const file = await nodeFileSystem.create(path);
        return {
          ...file,
          write: async (bytes) => look().then(() => file.write(bytes)),
          sync: async () => look().then(() => file.sync()),
        };
      },
    };
    const store = await open({ fs });
    for (const tag of ["1.0.0", "2.0.0", "3.0.0"]) await tagged(store, "examples/a", tag);
    expect(new Set(links)).toEqual(new Set([1]));
    expect((await stat(pathTo("index.json"))).ino).not.toBe(
      (await stat(pathTo(".skillimage/index.previous.json"))).ino,
    );
  });

  it("is rebuilt when the only one that there ever was is lost, and nothing is garbage for want of it", async () => {
    const image = await tagged(await open(), "examples/a", "1.0.0");
    await rm(pathTo("index.json"));
    await age(image.digest, 5);
    const store = await open();
    const issue = { kind: "index-damaged", message: expect.stringContaining("is missing") as unknown };
    expect(await store.fsck()).toMatchObject([issue]);
    await expect(store.entries()).rejects.toMatchObject({ code: "STORE_CORRUPT" });
    expect(await store.gc()).toMatchObject({ removed: [] });
    expect(await store.repository("recovered").resolve(image.digest)).toEqual(image);
    expect(await store.fsck()).toEqual([]);
  });

  it("is rebuilt when it was lost altogether", async () => {
    const store = await open();
    await tagged(store, "examples/a", "1.0.0");
    await tagged(store, "examples/a", "2.0.0");
    await rm(pathTo("index.json"));
    await tagged(store, "examples/a", "3.0.0");
    expect(await listOf(store.repository("examples/a").tags())).toEqual(["1.0.0", "3.0.0"]);
  });
});
