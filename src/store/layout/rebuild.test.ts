import { readdir, rm, writeFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";

import { failingFileSystem } from "../testing/failing-file-system.ts";
import { listOf } from "../testing/images.ts";
import { layoutFixture } from "../testing/layout-fixture.ts";

const { age, blobPath, open, pathTo, tagged } = layoutFixture();

describe("rebuilding an index", () => {
  // As skopeo and umoci leave a layout, and as ours is after its first image: there is no predecessor.
  it.each(["create", "write", "sync", "rename"] as const)(
    "that cannot be written leaves the damaged one, from which another try can tell that something was lost: %s",
    async (failing) => {
      const image = await tagged(await open(), "examples/a", "1.0.0");
      await rm(pathTo(".skillimage"), { recursive: true });
      await writeFile(pathTo("index.json"), '{"schemaVersion":2,"mani');
      await age(image.digest, 5);
      let full = false;
      const fs = failingFileSystem((operation, path) => {
        // Once the damaged index lies aside, the disk is full.
        if (path.includes("damaged-")) {
          full = true;
          return undefined;
        }
        if (!full) return undefined;
        return operation === failing && !path.includes("damaged-") ? "ENOSPC" : undefined;
      });
      await expect((await open({ fs })).fsck({ repair: true })).rejects.toMatchObject({ code: "STORE_UNWRITABLE" });

      const store = await open();
      await expect(store.entries()).rejects.toMatchObject({ code: "STORE_CORRUPT" });
      await store.gc();
      expect(await readdir(pathTo("blobs", "sha256"))).toContain(blobPath(image.digest).split("/").at(-1));
      expect(await store.repository("recovered").resolve(image.digest)).toEqual(image);
      expect(await listOf(store.repositories())).toEqual(["recovered"]);
    },
  );
});
