/** Tools that know nothing of our lock, as skopeo, write the index in place: who reads meanwhile sees half of it. */
import { readdir } from "node:fs/promises";
import { describe, expect, it } from "vitest";

import { listOf } from "../testing/images.ts";
import { layoutFixture } from "../testing/layout-fixture.ts";
import { nodeFileSystem, type FileSystem } from "./file-system.ts";

const { open, pathTo, tagged } = layoutFixture();

describe("an index that another tool is writing", () => {
  it.each(["half", "nothing"])("is not taken for damaged by a writer who sees %s of it", async (part) => {
    const first = await open();
    for (const tag of ["1.0.0", "2.0.0", "3.0.0"]) await tagged(first, "examples/a", tag);
    let looks = 0;
    const fs: FileSystem = {
      ...nodeFileSystem,
      readFile: async (path, limit) => {
        const bytes = await nodeFileSystem.readFile(path, limit);
        if (path !== pathTo("index.json") || ++looks > 1) return bytes;
        return bytes.subarray(0, part === "half" ? bytes.byteLength / 2 : 0);
      },
    };
    await tagged(await open({ fs }), "examples/a", "4.0.0");
    const store = await open();
    expect(await listOf(store.repository("examples/a").tags())).toEqual(["1.0.0", "2.0.0", "3.0.0", "4.0.0"]);
    expect(await listOf(store.repositories())).toEqual(["examples/a"]);
    expect((await readdir(pathTo())).filter((name) => name.includes("damaged"))).toEqual([]);
  });
});
