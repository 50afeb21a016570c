/** What a writer has not brought to the disk is nobody's business: not a reader's, and not the next writer's. */
import { describe, expect, it } from "vitest";

import { listOf } from "../testing/images.ts";
import { layoutFixture } from "../testing/layout-fixture.ts";
import { nodeFileSystem, type FileSystem } from "./file-system.ts";

const { open, pathTo, tagged } = layoutFixture();

/** A file system on which one look at the index is held up at its end, and writes of the index fail while `isFull`. */
function heldUp() {
  const state = { isFull: false, holdNext: false };
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  let arrive = (): void => undefined;
  const reached = new Promise<void>((resolve) => (arrive = resolve));
  const fs: FileSystem = {
    ...nodeFileSystem,
    open: async (path) => {
      const file = await nodeFileSystem.open(path);
      if (path !== pathTo("index.json") || !state.holdNext) return file;
      state.holdNext = false;
      return {
        ...file,
        close: async () => {
          await file.close();
          arrive();
          await released;
        },
      };
    },
    rename: async (from, to) => {
      if (state.isFull && to === pathTo("index.json")) throw Object.assign(new Error("full"), { code: "ENOSPC" });
      return nodeFileSystem.rename(from, to);
    },
  };
  return { fs, state, reached, release };
}

describe("a change that could not be saved", () => {
  it("is not seen by who was looking meanwhile, nor saved by whoever writes next", async () => {
    const { fs, state, reached, release } = heldUp();
    const store = await open({ fs });
    const repository = store.repository("examples/a");
    await tagged(store, "examples/a", "1.0.0");
    await tagged(store, "examples/a", "2.0.0");

    state.holdNext = true;
    const looking = listOf(repository.tags());
    await reached;
    state.isFull = true;
    await expect(repository.untag("1.0.0")).rejects.toMatchObject({ code: "STORE_UNWRITABLE" });
    state.isFull = false;
    release();

    expect(await looking).toEqual(["1.0.0", "2.0.0"]);
    expect(await listOf(repository.tags())).toEqual(["1.0.0", "2.0.0"]);
    await tagged(store, "examples/a", "3.0.0");
    expect(await listOf((await open()).repository("examples/a").tags())).toEqual(["1.0.0", "2.0.0", "3.0.0"]);
  });
});
