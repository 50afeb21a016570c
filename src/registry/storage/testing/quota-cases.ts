import { expect } from "vitest";

import { makeImage } from "../../../store/testing/images.ts";
import { gc } from "../../maintenance/gc.ts";
import type { Quota } from "../quota.ts";
import type { RegistryStorage } from "../types.ts";
import type { Case } from "./contract.ts";
import { bytesOf, incoming, storeBlob, storeImage } from "./images.ts";
import { digestOf, type Digest } from "../../../oci/index.ts";

const NAME = "team/a/hello";

/** Stores bytes that no repository has yet. */
async function loose(storage: RegistryStorage, text: string): Promise<Digest> {
  const bytes = bytesOf(text);
  const digest = digestOf(bytes);
  await storage.blobs.put(digest, bytes);
  return digest;
}

const bytes = (namespace: string, limit: number): Quota => ({ namespace, bytes: limit });

export const quotaCases: Readonly<Record<string, Case>> = {
  "counts what repositories hold, by namespace, each blob once in each of them": async ({ storage }) => {
    const { metadata } = storage;
    expect(await metadata.usage("")).toEqual({ bytes: 0, manifests: 0 });
    await storeBlob(storage, "team/a", "12345");
    await storeBlob(storage, "team/a", "12345");
    await storeBlob(storage, "team/a/b", "12345");
    await storeBlob(storage, "team/ab", "123");
    expect(await metadata.usage("team/a")).toEqual({ bytes: 10, manifests: 0 });
    expect(await metadata.usage("team")).toEqual({ bytes: 13, manifests: 0 });
    const image = await storeImage(storage, "other", "one", { tag: "1.0.0" });
    const held = image.config.size + image.layer.size + image.manifest.size;
    expect(await metadata.usage("other")).toEqual({ bytes: held, manifests: 1 });
    await metadata.repository("other").moveTags([{ tag: "latest", to: image.manifest.digest }]);
    await metadata.repository("other").putManifest(incoming(image), { tag: "2.0.0", to: image.manifest.digest });
    expect(await metadata.usage("")).toEqual({ bytes: held + 13, manifests: 1 });
  },
  "refuses a blob for which a namespace has no room, and nothing else": async ({ storage }) => {
    const { metadata } = storage;
    const quotas = [bytes("team/a", 10), bytes("team/b", 1), bytes("", 100)];
    const [first, second, third] = [
      await loose(storage, "123456"),
      await loose(storage, "12345"),
      await loose(storage, "1234"),
    ];
    await metadata.repository(NAME).linkBlob(first, { quotas });
    await expect(metadata.repository("team/a/other").linkBlob(second, { quotas })).rejects.toMatchObject({
      code: "QUOTA_EXCEEDED",
      message: "team/a holds 6 of 10 bytes, which leaves no room for 5 more",
    });
    expect(await metadata.repository("team/a/other").hasBlob(second)).toBe(false);
    await metadata.repository("team/a/other").linkBlob(third, { quotas });
    // What it has already takes no more room.
    await metadata.repository(NAME).linkBlob(first, { quotas });
    await metadata.repository("team/ab").linkBlob(second, { quotas });
    expect(await metadata.usage("team/a")).toEqual({ bytes: 10, manifests: 0 });
  },
  "refuses a manifest beyond the number, and leaves the tag where it was": async ({ storage }) => {
    const repository = storage.metadata.repository(NAME);
    const quotas = [{ namespace: "team", manifests: 1 }];
    const one = await storeImage(storage, NAME, "one", { tag: "1.0.0" });
    const two = makeImage("two");
    await storage.blobs.put(two.manifest.digest, two.manifestBytes);
    const move = { tag: "1.0.0", to: two.manifest.digest };
    await expect(repository.putManifest(incoming(two), move, { quotas })).rejects.toMatchObject({
      code: "QUOTA_EXCEEDED",
    });
    expect(await repository.tag("1.0.0")).toBe(one.manifest.digest);
    expect(await repository.manifest(two.manifest.digest)).toBeUndefined();
    await repository.putManifest(incoming(one), { tag: "2.0.0", to: one.manifest.digest }, { quotas });
    await repository.exclusively(async (held) => {
      await expect(held.putManifest(incoming(two), move, { quotas })).rejects.toMatchObject({ code: "QUOTA_EXCEEDED" });
      await held.moveTags([{ tag: "3.0.0", to: one.manifest.digest }]);
    });
    expect(await repository.tag("3.0.0")).toBe(one.manifest.digest);
  },
  "is not passed by racing pushes to many repositories": async ({ storage }) => {
    const texts = Array.from({ length: 40 }, (_, at) => `${at}`.padEnd(10, "."));
    const digests = await Promise.all(texts.map(async (text) => loose(storage, text)));
    const quotas = [bytes("team", 100), bytes("", 1000)];
    const outcomes = await Promise.allSettled(
      digests.map(async (digest, at) => storage.metadata.repository(`team/r${at % 7}`).linkBlob(digest, { quotas })),
    );
    expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(10);
    expect(await storage.metadata.usage("team")).toEqual({ bytes: 100, manifests: 0 });
  },
  "frees what is deleted, and what the collector takes": async ({ storage, now, pass }) => {
    const quotas = [{ namespace: "team/a", bytes: 1000, manifests: 1 }];
    const repository = storage.metadata.repository(NAME);
    const image = await storeImage(storage, NAME, "one", { tag: "1.0.0" });
    await storage.metadata.usage("");
    await repository.deleteManifest(image.manifest.digest);
    const blobs = image.config.size + image.layer.size;
    expect(await storage.metadata.usage("team/a")).toEqual({ bytes: blobs, manifests: 0 });
    pass(10_000);
    await gc(storage, { grace: 1000, now });
    expect(await storage.metadata.usage("team/a")).toEqual({ bytes: 0, manifests: 0 });
    const again = await storeImage(storage, NAME, "two");
    expect((await repository.manifest(again.manifest.digest))?.descriptor).toMatchObject({ size: again.manifest.size });
    await expect(repository.linkBlob(await loose(storage, "x".repeat(1000)), { quotas })).rejects.toMatchObject({
      code: "QUOTA_EXCEEDED",
    });
  },
  "counts the same when it is opened again": async ({ storage, reopen }) => {
    await storeImage(storage, NAME, "one", { tag: "1.0.0" });
    const usage = await storage.metadata.usage("team");
    expect(usage.manifests).toBe(1);
    if (reopen === undefined) return;
    const again = await reopen();
    expect(await again.metadata.usage("team")).toEqual(usage);
    expect((await again.recount?.()) ?? []).toEqual([]);
  },
};
