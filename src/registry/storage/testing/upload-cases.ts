import { expect } from "vitest";

import { readAll } from "../../../content/index.ts";
import { digestOf } from "../../../oci/index.ts";
import type { Case } from "./contract.ts";
import { bytesOf, contentOf, listOf } from "./images.ts";

const NAME = "examples/hello-world";
const TEXT = "0123456789";
const DIGEST = digestOf(TEXT);

export const uploadCases: Readonly<Record<string, Case>> = {
  "becomes a blob": async ({ storage: { blobs }, now }) => {
    const begun = await blobs.uploads.begin(NAME);
    expect(begun).toEqual({ id: begun.id, repository: NAME, offset: 0, started: now(), touched: now() });
    expect(await blobs.uploads.append(begun.id, 0, contentOf("0123", "456"))).toMatchObject({ offset: 7 });
    expect(await blobs.uploads.append(begun.id, 7, contentOf("789"))).toMatchObject({ offset: 10, repository: NAME });
    const blob = { digest: DIGEST, size: 10, touched: now() };
    expect(await blobs.uploads.finish(begun.id, DIGEST)).toEqual(blob);
    expect(await blobs.stat(DIGEST)).toEqual(blob);
    expect(await readAll(blobs.read(DIGEST))).toEqual(bytesOf(TEXT));
    expect(await blobs.uploads.find(begun.id)).toBeUndefined();
    expect(await listOf(blobs.uploads.list())).toEqual([]);
  },
  "becomes a blob under a sha512 digest": async ({ storage: { blobs } }) => {
    const { id } = await blobs.uploads.begin(NAME);
    await blobs.uploads.append(id, 0, contentOf(TEXT));
    const digest = digestOf(TEXT, "sha512");
    expect(await blobs.uploads.finish(id, digest)).toMatchObject({ digest, size: 10 });
    expect(await readAll(blobs.read(digest))).toEqual(bytesOf(TEXT));
  },
  "becomes an empty blob when nothing was sent": async ({ storage: { blobs } }) => {
    const { id } = await blobs.uploads.begin(NAME);
    expect(await blobs.uploads.finish(id, digestOf(""))).toMatchObject({ size: 0 });
    expect(await readAll(blobs.read(digestOf("")))).toEqual(new Uint8Array());
  },
  "becomes a young blob, however long it took": async ({ storage: { blobs }, now, pass }) => {
    const { id } = await blobs.uploads.begin(NAME);
    await blobs.uploads.append(id, 0, contentOf(TEXT));
    pass(86_400_000);
    expect(await blobs.uploads.finish(id, DIGEST)).toMatchObject({ touched: now() });
    expect(await blobs.stat(DIGEST)).toMatchObject({ touched: now() });
  },
  "makes a blob young that is there already": async ({ storage: { blobs }, now, pass }) => {
    await blobs.put(DIGEST, bytesOf(TEXT));
    const { id } = await blobs.uploads.begin(NAME);
    await blobs.uploads.append(id, 0, contentOf(TEXT));
    pass(86_400_000);
    await blobs.uploads.finish(id, DIGEST);
    expect(await blobs.stat(DIGEST)).toMatchObject({ touched: now() });
  },
  "has an id that cannot be guessed": async ({ storage: { blobs } }) => {
    const ids = new Set<string>();
    for (let at = 0; at < 20; at += 1) ids.add((await blobs.uploads.begin(NAME)).id);
    expect(ids.size).toBe(20);
    for (const id of ids) expect(id).toMatch(/^[0-9a-f-]{32,}$/);
  },
  "is gone when it hashes to something else": async ({ storage: { blobs } }) => {
    const { id } = await blobs.uploads.begin(NAME);
    await blobs.uploads.append(id, 0, contentOf("something else"));
    await expect(blobs.uploads.finish(id, DIGEST)).rejects.toMatchObject({ code: "DIGEST_MISMATCH" });
    expect(await blobs.uploads.find(id)).toBeUndefined();
    expect(await blobs.stat(DIGEST)).toBeUndefined();
    expect(await blobs.stat(digestOf("something else"))).toBeUndefined();
  },
  "goes on only where it ends": async ({ storage: { blobs } }) => {
    const { id } = await blobs.uploads.begin(NAME);
    await blobs.uploads.append(id, 0, contentOf("0123"));
    for (const offset of [0, 3, 5]) {
      const append = blobs.uploads.append(id, offset, contentOf("456"));
      await expect(append).rejects.toMatchObject({ code: "CONFLICT" });
    }
    expect(await blobs.uploads.find(id)).toMatchObject({ offset: 4 });
  },
  "keeps what had arrived when the rest did not": async ({ storage: { blobs } }) => {
    const { id } = await blobs.uploads.begin(NAME);
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield bytesOf("01234");
      throw new Error("the connection broke");
    }
    await expect(blobs.uploads.append(id, 0, broken())).rejects.toThrow("the connection broke");
    expect(await blobs.uploads.find(id)).toMatchObject({ offset: 5 });
    await blobs.uploads.append(id, 5, contentOf("56789"));
    expect(await blobs.uploads.finish(id, DIGEST)).toMatchObject({ size: 10 });
  },
  "takes one append at a time": async ({ storage: { blobs } }) => {
    const { id } = await blobs.uploads.begin(NAME);
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    let begun = (): void => undefined;
    const isUnderWay = new Promise<void>((resolve) => (begun = resolve));
    async function* slow(): AsyncGenerator<Uint8Array> {
      begun();
      await held;
      yield bytesOf(TEXT);
    }
    const first = blobs.uploads.append(id, 0, slow());
    await isUnderWay;
    await expect(blobs.uploads.append(id, 0, contentOf("x"))).rejects.toMatchObject({ code: "CONFLICT" });
    await expect(blobs.uploads.finish(id, DIGEST)).rejects.toMatchObject({ code: "CONFLICT" });
    release();
    expect(await first).toMatchObject({ offset: 10 });
    await blobs.uploads.finish(id, DIGEST);
  },
  "is not larger than its limit": async ({ storage: { blobs } }) => {
    const { id } = await blobs.uploads.begin(NAME);
    await blobs.uploads.append(id, 0, contentOf("0123456789"), { limit: 10 });
    const more = blobs.uploads.append(id, 10, contentOf("x"), { limit: 10 });
    await expect(more).rejects.toMatchObject({ code: "ARCHIVE_LIMIT" });
    expect(await blobs.uploads.find(id)).toMatchObject({ offset: 10 });
  },
  "can be cancelled": async ({ storage: { blobs } }) => {
    const { id } = await blobs.uploads.begin(NAME);
    await blobs.uploads.append(id, 0, contentOf(TEXT));
    expect(await blobs.uploads.cancel(id)).toBe(true);
    expect(await blobs.uploads.cancel(id)).toBe(false);
    expect(await blobs.uploads.find(id)).toBeUndefined();
    await expect(blobs.uploads.append(id, 10, contentOf("x"))).rejects.toMatchObject({ code: "NOT_FOUND" });
    await expect(blobs.uploads.finish(id, DIGEST)).rejects.toMatchObject({ code: "NOT_FOUND" });
  },
  "is not cancelled while somebody goes on with it": async ({ storage: { blobs }, now, pass }) => {
    const { id } = await blobs.uploads.begin(NAME);
    pass(1000);
    await blobs.uploads.append(id, 0, contentOf(TEXT));
    expect(await blobs.uploads.find(id)).toMatchObject({ started: now() - 1000, touched: now() });
    expect(await blobs.uploads.cancel(id, { before: now() - 1 })).toBe(false);
    expect(await blobs.uploads.cancel(id, { before: now() })).toBe(true);
  },
  "is listed while it is under way": async ({ storage: { blobs } }) => {
    const [one, two] = [await blobs.uploads.begin(NAME), await blobs.uploads.begin("examples/other")];
    await blobs.uploads.append(two.id, 0, contentOf("0123"));
    const listed = await listOf(blobs.uploads.list());
    expect(listed.toSorted((a, b) => a.offset - b.offset)).toMatchObject([one, { id: two.id, offset: 4 }]);
  },
  "is not found by an id that is none": async ({ storage: { blobs } }) => {
    for (const id of ["", ".", "..", "../registry.json", "a/b", "x".repeat(300), "%2e%2e", "\0"]) {
      expect(await blobs.uploads.find(id)).toBeUndefined();
      expect(await blobs.uploads.cancel(id)).toBe(false);
      await expect(blobs.uploads.append(id, 0, contentOf("x"))).rejects.toMatchObject({ code: "NOT_FOUND" });
    }
  },
  "goes on after a restart": async ({ storage, reopen }) => {
    if (reopen === undefined) return;
    const { id } = await storage.blobs.uploads.begin(NAME);
    await storage.blobs.uploads.append(id, 0, contentOf("01234"));
    const { blobs } = await reopen();
    expect(await blobs.uploads.find(id)).toMatchObject({ repository: NAME, offset: 5 });
    await blobs.uploads.append(id, 5, contentOf("56789"));
    expect(await blobs.uploads.finish(id, DIGEST)).toMatchObject({ size: 10 });
  },
};
