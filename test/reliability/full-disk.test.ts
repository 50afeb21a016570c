/**
 * Figure: on a file system of 1 MiB that is filled to the last byte, and with every single disk operation failing in
 * turn (EIO, EMFILE, ENOSPC), every failure is `STORE_UNWRITABLE`, everything acknowledged before stays whole, and the
 * store works again afterwards.
 */
import { execFileSync } from "node:child_process";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { LayoutStore } from "../../src/store/index.ts";
import { temporaryDirectory } from "../fixtures/temporary-directory.ts";
import { failingFileSystem, type FileOperation } from "../../src/store/testing/failing-file-system.ts";
import { contentOf, listOf, pushImage } from "../../src/store/testing/images.ts";
import { describeWhere } from "../tools.ts";
import { canMount } from "./mounts.ts";

let directory: string;
let remove: () => Promise<void>;
beforeEach(async () => {
  ({ path: directory, remove } = await temporaryDirectory());
});
afterEach(async () => remove());

describeWhere(canMount, "only root can mount a file system of 1 MiB", "a full disk", () => {
  it("fails cleanly", async () => {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", directory]);
    try {
      await fillAndRecover();
    } finally {
      execFileSync("umount", [directory]);
    }
  });
});

async function fillAndRecover(): Promise<void> {
  const repository = (await LayoutStore.open(directory)).repository("examples/full");
  const acknowledged: string[] = [];
  const fill = async (): Promise<void> => {
    for (let at = 0; ; at += 1) {
      const { manifest } = await pushImage(repository, `image ${at}`);
      await repository.tag(manifest, `1.0.${at}`);
      acknowledged.push(`1.0.${at}`);
    }
  };
  await expect(fill()).rejects.toMatchObject({ code: "STORE_UNWRITABLE", cause: { code: "ENOSPC" } });
  const large = repository.ingest("x/y", contentOf(new Uint8Array(2 ** 21)));
  await expect(large).rejects.toMatchObject({ code: "STORE_UNWRITABLE", cause: { code: "ENOSPC" } });

  const store = await LayoutStore.open(directory);
  expect(await store.fsck()).toEqual([]);
  expect(new Set(await listOf(store.repository("examples/full").tags()))).toEqual(new Set(acknowledged));
  expect(await readdir(join(directory, ".skillimage", "tmp"))).toEqual([]);
}

describe("a disk that fails once", () => {
  const errnos = ["EIO", "EMFILE", "ENOSPC"];

  it.each(errnos)("fails cleanly at every single operation: %s", async (errno) => {
    const writes = new Set<FileOperation>([
      "create",
      "write",
      "sync",
      "rename",
      "syncDirectory",
      "makeDirectory",
      "unlink",
    ]);
    for (let failAt = 0, failed = true; failed; failAt += 1) {
      const path = join(directory, `${failAt}`);
      const before = (await LayoutStore.open(path)).repository("examples/a");
      await before.tag((await pushImage(before, "before")).manifest, "before");
      let count = 0;
      failed = false;
      const fs = failingFileSystem((operation) => {
        if (!writes.has(operation) || count++ !== failAt) return undefined;
        failed = true;
        return errno;
      });
      const repository = (await LayoutStore.open(path, { fs })).repository("examples/a");
      const outcome = await pushImage(repository, "after").then(
        async ({ manifest }) => repository.tag(manifest, "after").then(() => "done", codeOf),
        codeOf,
      );
      expect(failed ? ["done", "STORE_UNWRITABLE"] : ["done"]).toContain(outcome);
      await checkAfterwards(path, outcome);
    }
  });
});

async function checkAfterwards(path: string, outcome: string): Promise<void> {
  const store = await LayoutStore.open(path);
  const repository = store.repository("examples/a");
  const tags = await listOf(repository.tags());
  expect(tags).toContain("before");
  if (outcome === "done") expect(tags).toContain("after");
  await repository.tag((await pushImage(repository, "again")).manifest, "again");
  expect((await store.fsck()).filter(({ kind }) => kind !== "temporary")).toEqual([]);
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : String(error);
}
