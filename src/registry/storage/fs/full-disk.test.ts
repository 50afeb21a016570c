import { mkdir, unlink, writeFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";

import { digestOf } from "../../../oci/index.ts";
import type { FileSystem } from "../../../store/layout/file-system.ts";
import { failingFileSystem } from "../../../store/testing/failing-file-system.ts";
import { gc } from "../../maintenance/index.ts";
import { encodeChanges } from "./changes.ts";
import { fsFixture } from "../testing/fs-fixture.ts";
import { storeBlob, storeImage } from "../testing/images.ts";

const NAME = "examples/hello-world";
const { open, pathTo } = fsFixture();

describe("a disk without room for anything", () => {
  const later = (): number => Date.now() + 7_200_000;
  const full = (): FileSystem => failingFileSystem((operation) => (operation === "create" ? "ENOSPC" : undefined));

  it("can be cleaned, beside a server and without one", async () => {
    const server = await open();
    await storeImage(server, NAME, "one", { tag: "1.0.0" });
    const garbage = await storeBlob(server, NAME, "garbage");
    const beside = await open({ purpose: "maintain", fs: full() });
    expect(await gc(beside, { now: later })).toMatchObject({ removed: [garbage] });
    await storeBlob(server, NAME, "garbage");
    await server.close();
    const alone = await open({ purpose: "maintain", fs: full() });
    expect(await gc(alone, { now: later })).toMatchObject({ removed: [garbage] });
  });

  it("is not cleaned while changes of a server that died are still to be made", async () => {
    await (await open()).close();
    await mkdir(pathTo("work", "journal"), { recursive: true });
    await writeFile(pathTo("work", "journal", "0000000001.log"), encodeChanges([{ remove: "a/_/tags/x" }]));
    await expect(open({ purpose: "maintain", fs: full() })).rejects.toMatchObject({ code: "STORE_UNWRITABLE" });
  });

  it("can be cleaned after a server died that could not write its journal any more", async () => {
    let isFull = false;
    const fs = failingFileSystem((operation, path) =>
      isFull && operation === "write" && path.includes("/journal/") ? "ENOSPC" : undefined,
    );
    await (await open()).close();
    const server = await open({ fs });
    isFull = true;
    await expect(storeBlob(server, NAME, "garbage")).rejects.toMatchObject({ code: "STORE_UNWRITABLE" });
    // Killed: its journal stays, and its lock goes with it.
    await unlink(pathTo("work", "lock"));
    const alone = await open({ purpose: "maintain", fs: full() });
    expect(await gc(alone, { now: later })).toMatchObject({ removed: [digestOf("garbage")] });
  });
});
