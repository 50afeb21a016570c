/** What was acknowledged is there after a power cut, also where another process made the directories in which it lies. */
import { createHash } from "node:crypto";

import { describe, expect, it } from "vitest";

import { SimulatedDisk } from "../../../test/reliability/simulated-disk.ts";
import { readAll } from "../../content/index.ts";
import { MediaType, type Digest } from "../../oci/index.ts";
import { failingFileSystem } from "../testing/failing-file-system.ts";
import { bytesOf, describeBytes, listOf, pushImage } from "../testing/images.ts";
import type { FileSystem } from "./file-system.ts";
import { LayoutStore } from "./store.ts";

const STORE = "/data/store";

/** Opens the store as a process of its own, to which all others are dead. */
async function opened(fs: FileSystem, self: string): Promise<LayoutStore> {
  const processes = { self, liveness: (owner: string) => (owner === self ? ("alive" as const) : ("dead" as const)) };
  return LayoutStore.open(STORE, { fs, processes });
}

/** The store after a power cut that takes all that was not flushed. */
async function afterCut(disk: SimulatedDisk): Promise<LayoutStore> {
  return opened(
    disk.crash(disk.length, () => 0),
    "after the cut",
  );
}

/** A process that is killed when it flushes this directory: `reached` resolves then, and nothing goes on. */
function killedAt(
  disk: SimulatedDisk,
  directory: string,
): { readonly fs: FileSystem; readonly reached: Promise<void> } {
  let arrive = (): void => undefined;
  const reached = new Promise<void>((resolve) => (arrive = resolve));
  const syncDirectory: FileSystem["syncDirectory"] = async (path) => {
    if (path === directory) {
      arrive();
      await new Promise(() => undefined);
    }
    await disk.syncDirectory(path);
  };
  return { fs: { ...failingFileSystem(() => undefined, disk), syncDirectory }, reached };
}

async function tagged(store: LayoutStore, tag: string): Promise<void> {
  const { manifest } = await pushImage(store.repository("examples/a"), tag);
  await store.repository("examples/a").tag(manifest, tag);
}

describe("after a power cut", () => {
  it("a tag is there whose store was begun by a process that was killed", async () => {
    const disk = new SimulatedDisk();
    const { fs, reached } = killedAt(disk, "/data");
    void tagged(await opened(fs, "one"), "1.0.0");
    await reached;
    await tagged(await opened(disk, "two"), "2.0.0");
    expect(await listOf((await afterCut(disk)).repository("examples/a").tags())).toEqual(["2.0.0"]);
  });

  it("a blob is there whose algorithm's directory was made by a process that was killed", async () => {
    const disk = new SimulatedDisk();
    await tagged(await opened(disk, "zero"), "1.0.0");
    const { fs, reached } = killedAt(disk, `${STORE}/blobs`);
    const put = async (store: LayoutStore, text: string): Promise<void> =>
      store.repository("examples/a").push(sha512(text), bytesOf(text));
    void put(await opened(fs, "one"), "one");
    await reached;
    await put(await opened(disk, "two"), "two");
    const repository = (await afterCut(disk)).repository("examples/a");
    expect(await readAll(repository.fetch(sha512("two")))).toEqual(bytesOf("two"));
  });

  it("a blob is there that was found where two processes were killed before its algorithm's directory was durable", async () => {
    const disk = new SimulatedDisk();
    await tagged(await opened(disk, "zero"), "1.0.0");
    const put = async (store: LayoutStore): Promise<void> =>
      store.repository("examples/a").push(sha512("one"), bytesOf("one"));
    for (const self of ["one", "two"]) {
      const { fs, reached } = killedAt(disk, `${STORE}/blobs`);
      void put(await opened(fs, self));
      await reached;
    }
    await put(await opened(disk, "three"));
    const repository = (await afterCut(disk)).repository("examples/a");
    expect(await readAll(repository.fetch(sha512("one")))).toEqual(bytesOf("one"));
  });

  it("a tag is there whose layout another tool made, which flushes nothing", async () => {
    const disk = new SimulatedDisk();
    await disk.makeDirectory("/data");
    await disk.syncDirectory("/");
    for (const path of [STORE, `${STORE}/blobs`, `${STORE}/blobs/sha256`]) await disk.makeDirectory(path);
    const file = await disk.create(`${STORE}/oci-layout`);
    await file.write(bytesOf('{"imageLayoutVersion":"1.0.0"}'));
    await file.close();
    const store = await opened(disk, "one");
    await tagged(store, "1.0.0");
    expect(await (await afterCut(disk)).fsck()).toEqual([]);
    expect(await listOf((await afterCut(disk)).repository("examples/a").tags())).toEqual(["1.0.0"]);
  });
});

function sha512(text: string): ReturnType<typeof describeBytes> {
  const digest = `sha512:${createHash("sha512").update(text).digest("hex")}` as Digest;
  return { ...describeBytes(bytesOf(text), MediaType.layerGzip), digest };
}
