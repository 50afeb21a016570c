/**
 * What a repository's metadata must do, whatever keeps it: one part of the storage contract. It is long because it is one
 * list, to be read from top to bottom.
 */
import { expect } from "vitest";

import { digestOf, type Digest } from "../../../oci/index.ts";
import { makeImage } from "../../../store/testing/images.ts";
import type { PageOptions, RegistryStorage } from "../types.ts";
import type { Case } from "./contract.ts";
import { incoming, listOf, storeBlob, storeImage } from "./images.ts";

const NAME = "examples/hello-world";
const ABSENT = digestOf("absent");

async function tagsOf(storage: RegistryStorage, name = NAME): Promise<Record<string, Digest | undefined>> {
  const repository = storage.metadata.repository(name);
  const names = await listOf(repository.tags());
  return Object.fromEntries(await Promise.all(names.map(async (tag) => [tag, await repository.tag(tag)] as const)));
}

export const repositoryCases: Readonly<Record<string, Case>> = {
  "has the blobs that it was given, and no other's": async ({ storage, now }) => {
    const digest = await storeBlob(storage, NAME, "one");
    const repository = storage.metadata.repository(NAME);
    expect(await repository.hasBlob(digest)).toBe(true);
    expect(await repository.hasBlob(ABSENT)).toBe(false);
    expect(await storage.metadata.repository("examples/other").hasBlob(digest)).toBe(false);
    expect(await listOf(repository.blobs())).toEqual([{ digest, linked: now() }]);
  },
  "lets go of a blob": async ({ storage, now, pass }) => {
    const digest = await storeBlob(storage, NAME, "one");
    const repository = storage.metadata.repository(NAME);
    pass(1000);
    expect(await repository.touchBlob(digest)).toBe(true);
    expect(await repository.touchBlob(ABSENT)).toBe(false);
    expect(await repository.unlinkBlob(digest, { before: now() - 1 })).toBe(false);
    expect(await repository.hasBlob(digest)).toBe(true);
    expect(await repository.unlinkBlob(digest, { before: now() })).toBe(true);
    expect(await repository.hasBlob(digest)).toBe(false);
    await repository.linkBlob(digest);
    expect(await repository.unlinkBlob(digest)).toBe(true);
    expect(await repository.unlinkBlob(digest)).toBe(false);
    expect(await storage.blobs.stat(digest)).toBeDefined();
  },
  "keeps a blob that is touched, whoever lets go of it at this moment": async ({ storage, now, pass }) => {
    const digest = await storeBlob(storage, NAME, "one");
    const repository = storage.metadata.repository(NAME);
    for (let round = 0; round < 30; round += 1) {
      await repository.linkBlob(digest);
      pass(1000);
      const before = now() - 1;
      const [touched, removed] = await Promise.all([
        repository.touchBlob(digest),
        repository.unlinkBlob(digest, { before }),
      ]);
      expect(removed).toBe(!touched);
      expect(await repository.hasBlob(digest)).toBe(touched);
    }
  },
  "keeps a manifest with what is known of it": async ({ storage, now }) => {
    const repository = storage.metadata.repository(NAME);
    const image = makeImage("one");
    expect(await repository.manifest(image.manifest.digest)).toBeUndefined();
    await repository.putManifest(incoming(image));
    const stored = { descriptor: image.manifest, stored: now() };
    expect(await repository.manifest(image.manifest.digest)).toMatchObject(stored);
    expect(await listOf(repository.manifests())).toEqual([{ ...incoming(image), stored: now() }]);
    expect(await listOf(repository.manifests({ unless: (digest) => digest === image.manifest.digest }))).toEqual([]);
    expect(await listOf(repository.manifests({ unless: () => false }))).toHaveLength(1);
    expect(await storage.metadata.repository("examples/other").manifest(image.manifest.digest)).toBeUndefined();
  },
  "keeps the time of a manifest that is put again": async ({ storage, now, pass }) => {
    const image = await storeImage(storage, NAME, "one", { tag: "1.0.0" });
    const stored = now();
    pass(1000);
    await storeImage(storage, NAME, "one", { tag: "latest" });
    const repository = storage.metadata.repository(NAME);
    expect(await repository.manifest(image.manifest.digest)).toMatchObject({ stored });
    const digest = image.manifest.digest;
    expect(await tagsOf(storage)).toEqual({ "1.0.0": digest, latest: digest });
  },
  "keeps what a referrer's annotations say, in whatever characters": async ({ storage }) => {
    const { manifest: subject } = await storeImage(storage, NAME, "one");
    const annotations = {
      nul: "a\0b",
      "k\0": "\u0001",
      half: "\ud800",
      other: "\udc00",
      quoted: String.raw`"\u0000\"`,
    };
    const image = makeImage("signature", { subject, annotations });
    const repository = storage.metadata.repository(NAME);
    await repository.putManifest(incoming({ ...image, manifest: { ...image.manifest, annotations } }, subject));
    expect(await listOf(repository.referrers(subject.digest))).toMatchObject([{ descriptor: { annotations } }]);
  },
  "takes what a manifest put again says now": async ({ storage }) => {
    const image = await storeImage(storage, NAME, "one");
    const repository = storage.metadata.repository(NAME);
    const descriptor = { ...image.manifest, mediaType: "application/vnd.docker.distribution.manifest.v2+json" };
    await repository.putManifest({ ...incoming(image), descriptor });
    expect(await repository.manifest(image.manifest.digest)).toMatchObject({ descriptor });
  },
  "moves tags": async ({ storage }) => {
    const [one, two] = [await storeImage(storage, NAME, "one"), await storeImage(storage, NAME, "two")];
    const repository = storage.metadata.repository(NAME);
    await repository.moveTags([{ tag: "latest", to: one.manifest.digest }]);
    expect(await repository.tag("latest")).toBe(one.manifest.digest);
    await repository.moveTags([
      { tag: "latest", to: two.manifest.digest },
      { tag: "1.0.0", to: one.manifest.digest },
    ]);
    expect(await tagsOf(storage)).toEqual({ "1.0.0": one.manifest.digest, latest: two.manifest.digest });
    await repository.moveTags([{ tag: "latest", to: undefined }]);
    expect(await repository.tag("latest")).toBeUndefined();
    expect(await tagsOf(storage)).toEqual({ "1.0.0": one.manifest.digest });
  },
  "moves all tags or none": async ({ storage }) => {
    const one = await storeImage(storage, NAME, "one", { tag: "1.0.0" });
    const { digest } = one.manifest;
    const repository = storage.metadata.repository(NAME);
    const moves = [
      { tag: "2.0.0", to: digest },
      { tag: "1.0.0", to: undefined, expect: ABSENT },
    ];
    await expect(repository.moveTags(moves)).rejects.toMatchObject({ code: "CONFLICT" });
    const dangling = [
      { tag: "2.0.0", to: digest },
      { tag: "3.0.0", to: ABSENT },
    ];
    await expect(repository.moveTags(dangling)).rejects.toMatchObject({ code: "BLOB_MISSING" });
    expect(await tagsOf(storage)).toEqual({ "1.0.0": digest });
  },
  "moves a tag only from where it is expected": async ({ storage }) => {
    const [one, two] = [await storeImage(storage, NAME, "one"), await storeImage(storage, NAME, "two")];
    const repository = storage.metadata.repository(NAME);
    const move = async (to: Digest | undefined, expected: Digest | null): Promise<void> =>
      repository.moveTags([{ tag: "1.0.0", to, expect: expected }]);
    await expect(move(one.manifest.digest, two.manifest.digest)).rejects.toMatchObject({ code: "CONFLICT" });
    await move(one.manifest.digest, null);
    await expect(move(two.manifest.digest, null)).rejects.toMatchObject({ code: "CONFLICT" });
    await move(two.manifest.digest, one.manifest.digest);
    await expect(move(undefined, one.manifest.digest)).rejects.toMatchObject({ code: "CONFLICT" });
    await move(undefined, two.manifest.digest);
    expect(await tagsOf(storage)).toEqual({});
  },
  "keeps a manifest with its tag or not at all": async ({ storage }) => {
    const repository = storage.metadata.repository(NAME);
    const [one, two] = [makeImage("one"), makeImage("two")];
    const tag = "1.0.0";
    await repository.putManifest(incoming(one), { tag, to: one.manifest.digest, expect: null });
    const put = repository.putManifest(incoming(two), { tag, to: two.manifest.digest, expect: null });
    await expect(put).rejects.toMatchObject({ code: "CONFLICT" });
    expect(await repository.manifest(two.manifest.digest)).toBeUndefined();
    expect(await tagsOf(storage)).toEqual({ [tag]: one.manifest.digest });
  },
  "lets one of many win a tag that nobody had": async ({ storage }) => {
    const repository = storage.metadata.repository(NAME);
    const images = Array.from({ length: 20 }, (_, at) => makeImage(`image ${at}`));
    const outcomes = await Promise.allSettled(
      images.map(async (image) =>
        repository.putManifest(incoming(image), { tag: "1.0.0", to: image.manifest.digest, expect: null }),
      ),
    );
    const winners = images.filter((_, at) => outcomes[at]?.status === "fulfilled");
    expect(winners).toHaveLength(1);
    expect(await repository.tag("1.0.0")).toBe(winners[0]?.manifest.digest);
    expect(await listOf(repository.manifests())).toHaveLength(1);
  },
  "removes a manifest with its tags": async ({ storage }) => {
    const one = await storeImage(storage, NAME, "one", { tag: "1.0.0" });
    const two = await storeImage(storage, NAME, "two", { tag: "2.0.0" });
    const repository = storage.metadata.repository(NAME);
    await repository.moveTags([{ tag: "latest", to: one.manifest.digest }]);
    expect(await repository.deleteManifest(one.manifest.digest)).toEqual(["1.0.0", "latest"]);
    expect(await repository.deleteManifest(one.manifest.digest)).toBeUndefined();
    expect(await repository.manifest(one.manifest.digest)).toBeUndefined();
    expect(await tagsOf(storage)).toEqual({ "2.0.0": two.manifest.digest });
    const back = repository.moveTags([{ tag: "1.0.0", to: one.manifest.digest }]);
    await expect(back).rejects.toMatchObject({ code: "BLOB_MISSING" });
  },
  "lists manifests to whoever asks again and again as it does to others": async ({ storage }) => {
    const repository = storage.metadata.repository(NAME);
    const listed = async (remembered: boolean): Promise<Digest[]> =>
      (await listOf(repository.manifests({ remembered }))).map(({ descriptor }) => descriptor.digest).toSorted();
    expect(await listed(true)).toEqual([]);
    const [one, two] = [await storeImage(storage, NAME, "one"), await storeImage(storage, NAME, "two")];
    const both = [one.manifest.digest, two.manifest.digest].toSorted();
    expect(await listed(true)).toEqual(both);
    const third = await storeImage(storage, NAME, "three");
    expect(await listed(true)).toEqual([...both, third.manifest.digest].toSorted());
    await repository.deleteManifest(third.manifest.digest);
    expect(await listed(true)).toEqual(both);
    expect(await listed(false)).toEqual(both);
    const move = { tag: "1.0.0", to: third.manifest.digest, expect: one.manifest.digest };
    await expect(repository.putManifest(incoming(third), move)).rejects.toMatchObject({ code: "CONFLICT" });
    expect(await listed(true)).toEqual(both);
    await storage.metadata.repository("examples/other").deleteManifest(one.manifest.digest);
    expect(await listed(true)).toEqual(both);
  },
  "lists tags in byte order, page by page": async ({ storage }) => {
    const tags = ["1.0.0", "1.0.0-draft", "10.0.0", "Latest", "latest", "LATEST", "_x", "a.b", "a_b", "Z".repeat(128)];
    const { manifest } = await storeImage(storage, NAME, "one");
    const repository = storage.metadata.repository(NAME);
    await repository.moveTags(tags.map((tag) => ({ tag, to: manifest.digest })));
    const list = async (options?: PageOptions): Promise<string[]> => listOf(repository.tags(options));
    const sorted = tags.toSorted();
    expect(await list()).toEqual(sorted);
    expect(await list({ limit: 3 })).toEqual(sorted.slice(0, 3));
    expect(await list({ last: sorted[2] ?? "", limit: 3 })).toEqual(sorted.slice(3, 6));
    expect(await list({ last: "1.0.0-", limit: 2 })).toEqual(["1.0.0-draft", "10.0.0"]);
    expect(await list({ last: "zzz" })).toEqual([]);
    expect(await list({ limit: 0 })).toEqual([]);
    for (const tag of tags) expect(await repository.tag(tag)).toBe(manifest.digest);
    expect(await repository.tag("lATEST")).toBeUndefined();
  },
  "shows tags as they are after each change": async ({ storage }) => {
    const { manifest } = await storeImage(storage, NAME, "one", { tag: "b" });
    const repository = storage.metadata.repository(NAME);
    const list = async (): Promise<string[]> => listOf(repository.tags());
    expect(await list()).toEqual(["b"]);
    await repository.moveTags([{ tag: "a", to: manifest.digest }]);
    expect(await list()).toEqual(["a", "b"]);
    await repository.moveTags([
      { tag: "c", to: manifest.digest },
      { tag: "b", to: undefined },
      { tag: "never", to: undefined },
    ]);
    expect(await list()).toEqual(["a", "c"]);
    await repository.deleteManifest(manifest.digest);
    expect(await list()).toEqual([]);
  },
  "lists referrers of a subject, there or not": async ({ storage }) => {
    const subject = makeImage("subject").manifest;
    const repository = storage.metadata.repository(NAME);
    expect(await listOf(repository.referrers(subject.digest))).toEqual([]);
    const first = await storeImage(storage, NAME, "first", { subject });
    const second = await storeImage(storage, NAME, "second", { subject, annotations: { key: "value" } });
    await storeImage(storage, NAME, "unrelated");
    await storeImage(storage, "examples/other", "elsewhere", { subject });
    const digests = [first, second].map(({ manifest }) => manifest.digest).toSorted();
    const listed = await listOf(repository.referrers(subject.digest));
    expect(listed.map(({ descriptor }) => descriptor.digest)).toEqual(digests);
    expect(listed[0]?.subject).toBe(subject.digest);
    await repository.deleteManifest(first.manifest.digest);
    const left = await listOf(repository.referrers(subject.digest));
    expect(left.map(({ descriptor }) => descriptor.digest)).toEqual([second.manifest.digest]);
  },
  "keeps repositories apart whose names begin alike": async ({ storage }) => {
    const names = ["a", "a/b", "a/b/c", "a-b", "ab", "b/a"];
    for (const name of names) await storeImage(storage, name, name, { tag: name.replaceAll("/", "_") });
    expect(await listOf(storage.metadata.repositories())).toEqual(names.toSorted());
    for (const name of names) {
      expect(await listOf(storage.metadata.repository(name).tags())).toEqual([name.replaceAll("/", "_")]);
    }
    expect(await listOf(storage.metadata.repositories({ limit: 2 }))).toEqual(["a", "a-b"]);
    expect(await listOf(storage.metadata.repositories({ last: "a-b", limit: 2 }))).toEqual(["a/b", "a/b/c"]);
    expect(await listOf(storage.metadata.repositories({ last: "aa" }))).toEqual(["ab", "b/a"]);
  },
  "forgets a repository that holds nothing any more": async ({ storage }) => {
    expect(await listOf(storage.metadata.repositories())).toEqual([]);
    const image = await storeImage(storage, NAME, "one", { tag: "1.0.0" });
    const repository = storage.metadata.repository(NAME);
    await repository.deleteManifest(image.manifest.digest);
    expect(await listOf(storage.metadata.repositories())).toEqual([NAME]);
    for (const { digest } of await listOf(repository.blobs())) await repository.unlinkBlob(digest);
    expect(await listOf(storage.metadata.repositories())).toEqual([]);
    await storeImage(storage, NAME, "two");
    expect(await listOf(storage.metadata.repositories())).toEqual([NAME]);
  },
  "lets one decide on several tags while the others wait": async ({ storage }) => {
    const { manifest } = await storeImage(storage, NAME, "one", { tag: "count-0" });
    const { digest } = manifest;
    await Promise.all(
      Array.from({ length: 10 }, async () => {
        const repository = storage.metadata.repository(NAME);
        await repository.exclusively(async (held) => {
          const [tag = ""] = await listOf(held.tags());
          const next = `count-${Number(tag.slice("count-".length)) + 1}`;
          await held.moveTags([
            { tag, to: undefined, expect: digest },
            { tag: next, to: digest, expect: null },
          ]);
        });
      }),
    );
    expect(await tagsOf(storage)).toEqual({ "count-10": digest });
  },
  "goes on when one that was alone failed": async ({ storage }) => {
    const repository = storage.metadata.repository(NAME);
    const work = repository.exclusively(async () => Promise.reject(new Error("changed its mind")));
    await expect(work).rejects.toThrow("changed its mind");
    await storeImage(storage, NAME, "one", { tag: "1.0.0" });
    expect(Object.keys(await tagsOf(storage))).toEqual(["1.0.0"]);
  },
  "is still there after a restart": async ({ storage, reopen, now }) => {
    if (reopen === undefined) return;
    const one = await storeImage(storage, NAME, "one", { tag: "1.0.0" });
    const two = await storeImage(storage, NAME, "two", { tag: "2.0.0", subject: one.manifest });
    await storage.metadata.repository(NAME).moveTags([
      { tag: "Latest", to: two.manifest.digest },
      { tag: "2.0.0", to: undefined },
    ]);
    const gone = await storeImage(storage, NAME, "gone", { tag: "0.1.0" });
    await storage.metadata.repository(NAME).deleteManifest(gone.manifest.digest);
    const again = await reopen();
    expect(await tagsOf(again)).toEqual({ "1.0.0": one.manifest.digest, Latest: two.manifest.digest });
    const repository = again.metadata.repository(NAME);
    expect(await repository.manifest(one.manifest.digest)).toMatchObject({ descriptor: one.manifest, stored: now() });
    expect(await repository.manifest(gone.manifest.digest)).toBeUndefined();
    expect(await repository.hasBlob(one.layer.digest)).toBe(true);
    expect(await listOf(repository.referrers(one.manifest.digest))).toHaveLength(1);
    expect(await listOf(again.metadata.repositories())).toEqual([NAME]);
  },
};
