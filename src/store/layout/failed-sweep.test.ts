/** A sweep that fails has let go of the lock: whoever relies on a blob from then on must not lose it to what was under way. */
import { readdir, writeFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";

import { bytesOf, describeBytes } from "../testing/images.ts";
import { layoutFixture } from "../testing/layout-fixture.ts";
import { nodeFileSystem, type FileSystem } from "./file-system.ts";
import type { LayoutStore } from "./store.ts";

const { age, blobPath, open, pathTo } = layoutFixture();
const blobs = Array.from({ length: 20 }, (_, at) => bytesOf(`blob ${at}`)).map((bytes) => ({
  bytes,
  ...describeBytes(bytes),
}));

/** The first blob cannot be removed, and to remove any other takes a while. */
function slow(): FileSystem {
  let removals = 0;
  return {
    ...nodeFileSystem,
    unlink: async (path) => {
      if (path.startsWith(pathTo("blobs"))) {
        if (++removals === 1) throw Object.assign(new Error("injected"), { code: "EPERM" });
        await sleep(50);
      }
      return nodeFileSystem.unlink(path);
    },
  };
}

const sweeps: [string, (store: LayoutStore) => Promise<unknown>][] = [
  ["a collection", async (store) => store.gc()],
  ["a repair", async (store) => store.fsck({ repair: true })],
];

it.each(sweeps)("%s removes nothing any more once it has failed", async (name, sweep) => {
  const repository = (await open()).repository("examples/a");
  for (const { bytes, ...blob } of blobs) {
    await repository.push(blob, bytes);
    if (name === "a repair") await writeFile(blobPath(blob.digest), "damaged");
    await age(blob.digest, 5);
  }
  await expect(sweep(await open({ fs: slow() }))).rejects.toMatchObject({ code: "STORE_UNWRITABLE" });
  const left = await readdir(pathTo("blobs", "sha256"));
  await sleep(200);
  expect(await readdir(pathTo("blobs", "sha256"))).toEqual(left);
});
