import { describe, expect, it } from "vitest";

import type { Digest } from "../../../oci/index.ts";
import type { Disk } from "../../../store/layout/disk.ts";
import { failingFileSystem } from "../../../store/testing/failing-file-system.ts";
import { fsFixture } from "../testing/fs-fixture.ts";
import { listOf, storeImage } from "../testing/images.ts";
import type { RegistryStorage } from "../types.ts";
import { ManifestDigests } from "./manifest-lists.ts";
import { RegistryPaths } from "./paths.ts";

const NAME = "examples/hello-world";
const { open } = fsFixture();

async function listed({ metadata }: RegistryStorage, remembered: boolean): Promise<Digest[]> {
  const manifests = await listOf(metadata.repository(NAME).manifests({ remembered }));
  return manifests.map(({ descriptor }) => descriptor.digest).toSorted();
}

describe("the manifests of a repository that are remembered", () => {
  it("are read from the disk once, however often a push asks for them", async () => {
    let looks = 0;
    const fs = failingFileSystem((operation, path) => {
      if (operation === "list" && path.includes("manifests")) looks += 1;
      return undefined;
    });
    const storage = await open({ fs });
    await storeImage(storage, NAME, "first");
    await listed(storage, true);
    const before = looks;
    for (const text of ["second", "third", "fourth"]) {
      await storeImage(storage, NAME, text);
      await listed(storage, true);
    }
    expect(looks).toBe(before);
    expect(await listed(storage, true)).toEqual(await listed(storage, false));
  });

  it("are those of the disk after a change that failed at whatever step", async () => {
    let countdown = Infinity;
    const writes = new Set(["create", "append", "write", "sync", "rename", "syncDirectory"]);
    const fs = failingFileSystem((operation) => (writes.has(operation) && --countdown < 0 ? "EIO" : undefined));
    const failed: number[] = [];
    for (let step = 0; step < 40; step += 1) {
      const storage = await open({ fs });
      const { manifest } = await storeImage(storage, NAME, `before ${step}`);
      await listed(storage, true);
      countdown = step;
      const put = storeImage(storage, NAME, `put ${step}`, { tag: "1.0.0" });
      await put.catch(() => failed.push(step));
      countdown = Math.max(0, countdown);
      const remove = storage.metadata.repository(NAME).deleteManifest(manifest.digest);
      await remove.catch(() => failed.push(step));
      countdown = Infinity;
      const remembered = await listed(storage, true);
      expect(remembered).toEqual(await listed(storage, false));
      await storage.close();
      const fresh = await open();
      expect(await listed(fresh, false)).toEqual(expect.arrayContaining(remembered));
      await fresh.close();
    }
    expect(failed.length).toBeGreaterThan(20);
  });

  it("are read each time where another process may change them", async () => {
    const owner = await open();
    const reader = await open({ purpose: "maintain" });
    await storeImage(owner, NAME, "first");
    expect(await listed(reader, true)).toHaveLength(1);
    await storeImage(owner, NAME, "second");
    expect(await listed(reader, true)).toHaveLength(2);
  });

  it("stay within their bound while they grow", async () => {
    const paths = new RegistryPaths("/registry");
    const digest = (number: number): Digest => `sha256:${number.toString(16).padStart(64, "0")}` as Digest;
    let looks = 0;
    const list = async (directory: string): Promise<string[]> => {
      if (!directory.endsWith("sha256")) return [];
      looks += 1;
      return [`${digest(0).slice("sha256:".length)}.json`];
    };
    const lists = new ManifestDigests({ paths, fs: { list } } as unknown as Disk<RegistryPaths>, true);
    await Promise.all([lists.of("a"), lists.of("a"), lists.of("b")]);
    for (let number = 1; number < 150_000; number += 1) {
      lists.add("a", digest(number));
      lists.add("b", digest(number));
    }
    looks = 0;
    expect((await lists.of("b")).size + (await lists.of("a")).size).toBe(150_001);
    expect(looks).toBe(1);
  });
});
