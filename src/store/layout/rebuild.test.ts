import { readdir, readFile, rm, writeFile } from "node:fs/promises";
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
        // Once it is known what there is, the disk is full.
        if (operation === "list" && path === pathTo("blobs")) full = true;
        return full && operation === failing ? "ENOSPC" : undefined;
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

  it("lays the damaged one aside once, however often the disk was too full to write another", async () => {
    await tagged(await open(), "examples/a", "1.0.0");
    const damaged = '{"schemaVersion":2,"mani';
    await writeFile(pathTo("index.json"), damaged);
    const aside = async (): Promise<string[]> => (await readdir(pathTo())).filter((name) => name.includes("damaged-"));
    let full = false;
    const fs = failingFileSystem((operation, path) => {
      if (operation === "list" && path === pathTo("blobs")) full = true;
      return full && operation === "write" ? "ENOSPC" : undefined;
    });
    for (let attempt = 0; attempt < 3; attempt++) {
      full = false;
      await expect((await open({ fs })).gc()).rejects.toMatchObject({ code: "STORE_UNWRITABLE" });
    }
    expect(await aside()).toEqual([]);
    await (await open()).gc();
    const [name = "", ...others] = await aside();
    expect(others).toEqual([]);
    expect(await readFile(pathTo(name), "utf8")).toBe(damaged);
  });

  it.each(["EMFILE", "EACCES"])("does not leave out what cannot be read at the moment: %s", async (errno) => {
    const image = await tagged(await open(), "examples/a", "1.0.0");
    await writeFile(pathTo("index.json"), '{"schemaVersion":2,"mani');
    const fs = failingFileSystem((operation, path) =>
      operation === "open" && path === blobPath(image.digest) ? errno : undefined,
    );
    await expect((await open({ fs })).fsck({ repair: true })).rejects.toMatchObject({ code: "FILE_UNREADABLE" });
    const store = await open();
    await store.fsck({ repair: true });
    expect(await store.repository("recovered").resolve(image.digest)).toEqual(image);
  });

  it("goes on without what the disk has lost", async () => {
    const [lost, image] = [
      await tagged(await open(), "examples/a", "1.0.0"),
      await tagged(await open(), "examples/a", "2.0.0"),
    ];
    await writeFile(pathTo("index.json"), '{"schemaVersion":2,"mani');
    await rm(pathTo(".skillimage", "index.previous.json"));
    const fs = failingFileSystem((operation, path) =>
      operation === "read" && path === blobPath(lost.digest) ? "EIO" : undefined,
    );
    const store = await open({ fs });
    await store.fsck({ repair: true });
    expect((await store.entries()).map(({ descriptor }) => descriptor.digest)).toEqual([image.digest]);
  });
});
