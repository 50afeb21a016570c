/** What a registry on a disk counts, where the contract of all drivers does not reach: other processes, damage, failing disks. */
import { rm } from "node:fs/promises";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { digestOf } from "../../../oci/index.ts";
import { gc } from "../../maintenance/gc.ts";
import { bytesOf, storeBlob } from "../testing/images.ts";
import type { RegistryStorage } from "../types.ts";
import { temporaryDirectory } from "../../../../test/fixtures/temporary-directory.ts";
import { createFsStorage } from "./index.ts";
import { Ledger } from "./ledger.ts";
import { RegistryPaths } from "./paths.ts";

describe("a registry on a disk with a quota", () => {
  let place: Awaited<ReturnType<typeof temporaryDirectory>>;
  let storage: RegistryStorage;
  beforeEach(async () => {
    place = await temporaryDirectory();
    storage = await createFsStorage(place.path);
  });
  afterEach(async () => {
    await storage.close();
    await place.remove();
  });
  const quotas = [{ namespace: "team", bytes: 10 }];

  it("sees, before it refuses anybody, what a command beside the server has freed", async () => {
    await storeBlob(storage, "team/a", "0123456789");
    expect(await storage.metadata.usage("team")).toMatchObject({ bytes: 10 });
    const beside = await createFsStorage(place.path, { purpose: "maintain" });
    await gc(beside, { grace: 0, now: () => Date.now() + 1000 });
    await beside.close();
    const digest = digestOf("abcdefghij");
    await storage.blobs.put(digest, bytesOf("abcdefghij"));
    await expect
      .poll(
        async () =>
          storage.metadata
            .repository("team/b")
            .linkBlob(digest, { quotas })
            .then(() => "let in", String),
        { timeout: 10_000, interval: 200 },
      )
      .toBe("let in");
  });

  it("counts a blob that a push healed", async () => {
    const digest = await storeBlob(storage, "team/a", "0123456789");
    await storage.close();
    await rm(new RegistryPaths(place.path).blob(digest));
    storage = await createFsStorage(place.path);
    expect(await storage.metadata.usage("team")).toMatchObject({ bytes: 0 });
    await storage.blobs.put(digest, bytesOf("0123456789"));
    await storage.metadata.repository("team/a").linkBlob(digest, { quotas });
    expect(await storage.metadata.usage("team")).toMatchObject({ bytes: 10 });
    expect(await storage.metadata.repository("team/a").unlinkBlob(digest)).toBe(true);
    expect(await storage.metadata.usage("team")).toMatchObject({ bytes: 0 });
  });
});

describe("a ledger", () => {
  const source = (bytes: () => number) => ({
    count: async () => ({ bytes: bytes(), manifests: 0, absent: new Set<never>() }),
    names: async function* () {
      yield "team/a";
    },
  });
  const added = { bytes: 5, manifests: 0 };
  const quotas = [{ namespace: "team", bytes: 10 }];

  it("lets nobody in while it cannot count", async () => {
    let isBroken = true;
    const ledger = new Ledger({
      ...source(() => 0),
      count: async () => {
        if (isBroken) throw new Error("the disk fails");
        return { bytes: 0, manifests: 0, absent: new Set() };
      },
    });
    let written = 0;
    const write = async (): Promise<number> => (written += 1);
    await expect(ledger.adding("team/a", { quotas, added }, write)).rejects.toThrow("the disk fails");
    expect(written).toBe(0);
    isBroken = false;
    await ledger.adding("team/a", { quotas, added }, write);
    expect(await ledger.usage("team")).toMatchObject({ bytes: 5 });
  });

  it("holds the room of a write that failed until the disk was read again", async () => {
    let disk = 0;
    let now = 0;
    const ledger = new Ledger(
      source(() => disk),
      () => now,
    );
    const fail = async (): Promise<never> => {
      disk = 5; // Kept after all.
      throw new Error("the disk fails");
    };
    await expect(ledger.adding("team/a", { quotas, added }, fail)).rejects.toThrow("the disk fails");
    await ledger.adding("team/a", { quotas, added }, async () => (disk = 10));
    await expect(ledger.adding("team/a", { quotas, added }, async () => undefined)).rejects.toMatchObject({
      code: "QUOTA_EXCEEDED",
    });
    disk = 0;
    now += 60_000;
    await ledger.adding("team/a", { quotas, added }, async () => (disk = 5));
    expect(await ledger.usage("team")).toMatchObject({ bytes: 5 });
  });
});
