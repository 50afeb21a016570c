/** What becomes of a target whose new name does not reach the disk. */
import { mkdir, mkdtemp, readdir, realpath, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { inPieces, rawTar } from "../../test/fixtures/raw-tar.ts";
import { extractLayers } from "./extract.ts";
import type { LayerSource } from "./types.ts";

let room: string;
let target: string;

// The disk fails as soon as the new content is in its place.
vi.mock("./sync.ts", async (load) => {
  const { syncDirectory, syncFile } = await load<typeof import("./sync.ts")>();
  return {
    syncFile,
    syncDirectory: async (path: string) => {
      const isInPlace = await stat(join(target, "f")).catch(() => undefined);
      if (path === room && isInPlace) throw Object.assign(new Error("EIO: injected"), { code: "EIO" });
      return syncDirectory(path);
    },
  };
});

beforeEach(async () => {
  room = await realpath(await mkdtemp(join(tmpdir(), "unsynced-")));
  target = join(room, "skill");
});

afterEach(() => rm(room, { recursive: true }));

function layer(): LayerSource {
  return { content: inPieces(rawTar({ name: "f", content: "new" })), compression: "none" };
}

const everything = async (): Promise<string[]> => (await readdir(room, { recursive: true })).toSorted();

test("a target that is replaced is put back, not lost", async () => {
  await mkdir(target);
  await writeFile(join(target, "mine"), "mine");
  await expect(extractLayers([layer()], target, { replace: true })).rejects.toMatchObject({
    code: "TARGET_UNWRITABLE",
  });
  expect(await everything()).toEqual(["skill", "skill/mine"]);
});

test("a target that was not there is not there", async () => {
  await expect(extractLayers([layer()], target)).rejects.toMatchObject({ code: "TARGET_UNWRITABLE" });
  expect(await everything()).toEqual([]);
});
