/**
 * What was acknowledged is there after a power cut that takes everything that was not flushed, also where somebody else, who was
 * killed or is not done, made the directories in which it lies.
 */
import { setImmediate } from "node:timers/promises";

import { describe, expect, it } from "vitest";

import { digestOf } from "../../../oci/index.ts";
import type { FileSystem } from "../../../store/layout/file-system.ts";
import { failingFileSystem } from "../../../store/testing/failing-file-system.ts";
import { SimulatedDisk } from "../../../../test/reliability/simulated-disk.ts";
import { gate, type Gate } from "../testing/gate.ts";
import { bytesOf, listOf, storeBlob, storeImage } from "../testing/images.ts";
import type { RegistryStorage } from "../types.ts";
import { createFsStorage } from "./index.ts";

const NAME = "examples/hello-world";

/** Opens the registry as a process of its own, to which all others are dead. */
async function opened(fs: FileSystem, self: string): Promise<RegistryStorage> {
  const processes = { self, liveness: (owner: string) => (owner === self ? ("alive" as const) : ("dead" as const)) };
  return createFsStorage("/registry", { fs, processes });
}

/** The registry after a power cut at this moment. */
async function afterCut(disk: SimulatedDisk): Promise<RegistryStorage> {
  return opened(
    disk.crash(disk.length, () => 0),
    "after the cut",
  );
}

interface Held {
  readonly disk: SimulatedDisk;
  readonly storage: RegistryStorage;
  /** Holds up who flushes this directory from now on; for ever, as one who was killed then, unless the gate is opened. */
  readonly holdAt: (directory: string) => Gate;
}

async function held(): Promise<Held> {
  const disk = new SimulatedDisk();
  let [at, there]: [string | undefined, Gate] = [undefined, gate()];
  const syncDirectory: FileSystem["syncDirectory"] = async (path) => {
    if (path === at) await there.pass();
    await disk.syncDirectory(path);
  };
  const storage = await opened({ ...failingFileSystem(() => undefined, disk), syncDirectory }, "one");
  const holdAt = (directory: string): Gate => {
    [at, there] = [directory, gate()];
    return there;
  };
  return { disk, storage, holdAt };
}

/** Two texts whose digests begin alike, so that their blobs lie in one directory. */
function neighbours(): readonly [string, string] {
  const byPrefix = new Map<string, string>();
  for (let at = 0; ; at += 1) {
    const prefix = digestOf(`n${at}`).slice(7, 9);
    const other = byPrefix.get(prefix);
    if (other !== undefined) return [other, `n${at}`];
    byPrefix.set(prefix, `n${at}`);
  }
}

describe("after a power cut", () => {
  it("the registry opens, whose cut took the directory of what was made and removed since", async () => {
    const disk = new SimulatedDisk();
    const storage = await opened(disk, "one");
    const { manifest } = await storeImage(storage, NAME, "one", { tag: "x" });
    await storage.metadata.repository(NAME).moveTags([{ tag: "x", to: undefined }]);
    const repository = (await afterCut(disk)).metadata.repository(NAME);
    expect(await listOf(repository.tags())).toEqual([]);
    expect(await repository.manifest(manifest.digest)).toBeDefined();
  });

  it("a change is there that the next process played after a kill", async () => {
    const disk = new SimulatedDisk();
    const { manifest } = await storeImage(await opened(disk, "one"), NAME, "one", { tag: "x" });
    await opened(disk, "two");
    expect(await (await afterCut(disk)).metadata.repository(NAME).tag("x")).toBe(manifest.digest);
  });

  it("a change is there whose journal lies in a directory that a killed process made", async () => {
    const { disk, storage, holdAt } = await held();
    const { reached } = holdAt("/registry/work");
    void storeBlob(storage, NAME, "one");
    await reached;
    const { manifest } = await storeImage(await opened(disk, "two"), NAME, "one", { tag: "x" });
    expect(await (await afterCut(disk)).metadata.repository(NAME).tag("x")).toBe(manifest.digest);
  });

  it("a blob is there whose directory a killed process made", async () => {
    const { disk, storage, holdAt } = await held();
    const [one, two] = neighbours();
    await storage.blobs.put(digestOf("first"), bytesOf("first"));
    const { reached } = holdAt("/registry/blobs/sha256");
    void storage.blobs.put(digestOf(one), bytesOf(one));
    await reached;
    const next = await opened(disk, "two");
    await next.blobs.put(digestOf(two), bytesOf(two));
    expect(await (await afterCut(disk)).blobs.stat(digestOf(two))).toBeDefined();
  });

  it("a blob is there whose directory could not be made durable by who made it", async () => {
    const disk = new SimulatedDisk();
    const [one, two] = neighbours();
    let fails = 0;
    const fs = failingFileSystem(
      (operation, path) =>
        operation === "syncDirectory" && path === "/registry/blobs/sha256" && fails-- > 0 ? "EMFILE" : undefined,
      disk,
    );
    const storage = await opened(fs, "one");
    await storage.blobs.put(digestOf("first"), bytesOf("first"));
    fails = 1;
    await expect(storage.blobs.put(digestOf(one), bytesOf(one))).rejects.toMatchObject({ code: "STORE_UNWRITABLE" });
    await storage.blobs.put(digestOf(two), bytesOf(two));
    expect(await (await afterCut(disk)).blobs.stat(digestOf(two))).toBeDefined();
  });

  it("a blob is there whose directory somebody else was still making", async () => {
    const { disk, storage, holdAt } = await held();
    const [one, two] = neighbours();
    await storage.blobs.put(digestOf("first"), bytesOf("first"));
    const { reached, open } = holdAt("/registry/blobs/sha256");
    const first = storage.blobs.put(digestOf(one), bytesOf(one));
    await reached;
    let cut: Promise<RegistryStorage> | undefined;
    const second = storage.blobs.put(digestOf(two), bytesOf(two)).then(() => (cut = afterCut(disk)));
    // Time enough for one who does not wait: this disk is memory.
    for (let turn = 0; turn < 50; turn += 1) await setImmediate();
    open();
    await Promise.all([first, second]);
    expect(await (await cut)?.blobs.stat(digestOf(two))).toBeDefined();
  });
});
