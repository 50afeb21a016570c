/** Waiting for a lock that somebody holds who lives. */
import { readdir, rm, writeFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";

import type { Descriptor } from "../../oci/index.ts";
import { bytesOf, contentOf, describeBytes } from "../testing/images.ts";
import { layoutFixture } from "../testing/layout-fixture.ts";
import type { Repository } from "../types.ts";
import { nodeFileSystem, type FileSystem } from "./file-system.ts";
import { machineProcesses } from "./processes.ts";
import type { LayoutStore } from "./store.ts";

const { blobPath, open, pathTo, tagged } = layoutFixture();

async function locked(purpose = "write"): Promise<void> {
  const record = { id: "0".repeat(36), owner: machineProcesses.self, purpose, since: "2025-01-01T00:00:00.000Z" };
  await writeFile(pathTo(".skillimage", "lock"), JSON.stringify(record));
}

/** Calls `whenWaited` once somebody has tried to take the lock in vain. */
function watched(whenWaited: () => void): FileSystem {
  return {
    ...nodeFileSystem,
    link: async (existing, path) =>
      nodeFileSystem.link(existing, path).catch((error: unknown) => {
        whenWaited();
        throw error;
      }),
  };
}

describe("who waits for the lock", () => {
  const waits: [string, (store: LayoutStore, signal: AbortSignal) => Promise<unknown>][] = [
    ["to collect garbage", async (store, signal) => store.gc({ signal })],
    ["to repair", async (store, signal) => store.fsck({ repair: true, signal })],
  ];

  it.each(waits)("%s is not held back when they cancel", async (_, work) => {
    await tagged(await open(), "examples/a", "1.0.0");
    await locked();
    const controller = new AbortController();
    const store = await open({ fs: watched(() => controller.abort()), lockTimeout: 20_000 });
    await expect(work(store, controller.signal)).rejects.toMatchObject({ code: "ABORTED" });
  });

  const looks: [string, (repository: Repository, blob: Descriptor, signal: AbortSignal) => Promise<unknown>][] = [
    ["to be sure of a blob", async (repository, blob, signal) => repository.exists(blob, { signal })],
    [
      "to push a blob that is there",
      async (repository, blob, signal) => repository.push(blob, bytesOf("blob"), { signal }),
    ],
    [
      "to store a blob that is there",
      async (repository, { mediaType }, signal) => repository.ingest(mediaType, contentOf("blob"), { signal }),
    ],
  ];

  it.each(looks)("%s during a sweep is not held back when they cancel", async (_, look) => {
    const store = await open();
    const blob = describeBytes(bytesOf("blob"));
    await store.repository("examples/a").push(blob, bytesOf("blob"));
    await locked("sweep");
    const controller = new AbortController();
    const repository = (await open({ fs: watched(() => controller.abort()), lockTimeout: 20_000 })).repository(
      "examples/a",
    );
    await expect(look(repository, blob, controller.signal)).rejects.toMatchObject({ code: "ABORTED" });
  });

  it("to replace a damaged blob is not held back when they cancel", async () => {
    const store = await open();
    const blob = describeBytes(bytesOf("blob"));
    await store.repository("examples/a").push(blob, bytesOf("blob"));
    await writeFile(blobPath(blob.digest), "blub");
    await locked();
    const controller = new AbortController();
    const repository = (await open({ fs: watched(() => controller.abort()), lockTimeout: 20_000 })).repository(
      "examples/a",
    );
    const push = repository.push(blob, bytesOf("blob"), { signal: controller.signal });
    await expect(push).rejects.toMatchObject({ code: "ABORTED" });
    expect(await readdir(pathTo(".skillimage", "tmp"))).toEqual([]);
  });

  it("in vain, to replace a damaged blob, leaves nothing half-done behind", async () => {
    const store = await open({ lockTimeout: 20 });
    const blob = describeBytes(bytesOf("blob"));
    await store.repository("examples/a").push(blob, bytesOf("blob"));
    await writeFile(blobPath(blob.digest), "blub");
    await locked();
    const push = store.repository("examples/a").push(blob, bytesOf("blob"));
    await expect(push).rejects.toMatchObject({ code: "STORE_LOCKED" });
    const ingest = store.repository("examples/a").ingest(blob.mediaType, contentOf("blob"));
    await expect(ingest).rejects.toMatchObject({ code: "STORE_LOCKED" });
    expect(await readdir(pathTo(".skillimage", "tmp"))).toEqual([]);
  });

  it("does not wait for longer when the clock is set back meanwhile", { timeout: 5000 }, async () => {
    await tagged(await open(), "examples/a", "1.0.0");
    await locked();
    let back = 0;
    const fs = watched(() => (back = 86_400_000));
    const store = await open({ fs, lockTimeout: 100, now: () => Date.now() - back });
    await expect(store.repository("examples/a").untag("1.0.0")).rejects.toMatchObject({ code: "STORE_LOCKED" });
    await rm(pathTo(".skillimage", "lock"));
  });
});
