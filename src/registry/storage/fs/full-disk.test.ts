import { mkdir, writeFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";

import type { FileSystem } from "../../../store/layout/file-system.ts";
import { failingFileSystem } from "../../../store/testing/failing-file-system.ts";
import { gc } from "../../maintenance/index.ts";
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
    await writeFile(pathTo("work", "journal", "0000000001.log"), "");
    await expect(open({ purpose: "maintain", fs: full() })).rejects.toMatchObject({ code: "STORE_UNWRITABLE" });
  });
});
