/** A disk that fills up before there is anything to clean away. */
import type { MakeDirectoryOptions } from "node:fs";
import { mkdtemp, readdir, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { inPieces, rawTar } from "../../test/fixtures/raw-tar.ts";
import { extractLayers } from "./extract.ts";

vi.mock("node:fs/promises", async (load) => {
  const original = await load<typeof import("node:fs/promises")>();
  const mkdir = async (path: string, options?: MakeDirectoryOptions): Promise<string | undefined> => {
    if (/\.skillctl-.*content$/.test(path)) throw Object.assign(new Error("injected"), { code: "ENOSPC" });
    return original.mkdir(path, { ...options, recursive: false }) as Promise<undefined>;
  };
  return { ...original, mkdir };
});

let room: string;

beforeEach(async () => {
  room = await realpath(await mkdtemp(join(tmpdir(), "full-")));
});

afterEach(() => rm(room, { recursive: true }));

test.each(["skill", "a/b/skill"])("leaves no staging directory, and no parent that was made: %s", async (path) => {
  const layer = { content: inPieces(rawTar({ name: "f", content: "new" })), compression: "none" as const };
  await expect(extractLayers([layer], join(room, path))).rejects.toMatchObject({ code: "TARGET_UNWRITABLE" });
  expect(await readdir(room)).toEqual([]);
});
