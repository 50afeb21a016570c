/** A registry that is closed, while some of its work is still under way, and what whoever opens it next can rely on. */
import { unlink } from "node:fs/promises";

import { describe, expect, it, onTestFinished, vi } from "vitest";

import { nodeFileSystem, type FileSystem } from "../../../store/layout/file-system.ts";
import { failingFileSystem } from "../../../store/testing/failing-file-system.ts";
import { fsFixture } from "../testing/fs-fixture.ts";
import { gate, type Gate } from "../testing/gate.ts";
import { storeImage } from "../testing/images.ts";
import type { RegistryStorage } from "../types.ts";

const NAME = "examples/hello-world";
const { killed, open, pathTo } = fsFixture();

describe("a registry that is closed", () => {
  it("does not make what is under way once somebody else has it", async () => {
    let held: Gate | undefined;
    const create: FileSystem["create"] = async (path) => {
      if (path.includes("/tmp/")) await held?.pass();
      return nodeFileSystem.create(path);
    };
    const storage = await open({ fs: { ...nodeFileSystem, create } });
    const one = (await storeImage(storage, NAME, "one", { tag: "x" })).manifest.digest;
    const two = (await storeImage(storage, NAME, "two")).manifest.digest;
    const three = (await storeImage(storage, NAME, "three")).manifest.digest;
    held = gate();
    const late = storage.metadata.repository(NAME).moveTags([{ tag: "x", to: two, expect: one }]);
    const refused = expect(late).rejects.toMatchObject({ code: "STORE_LOCKED" });
    await held.reached;
    // Its client is gone, so nobody waits for it.
    await storage.close();
    const repository = (await open()).metadata.repository(NAME);
    await repository.moveTags([{ tag: "x", to: three, expect: one }]);
    held.open();
    await refused;
    expect(await repository.tag("x")).toBe(three);
    expect(await (await killed()).metadata.repository(NAME).tag("x")).toBe(three);
  });

  it("lets go of it though the disk does not let it close its journal", async () => {
    let [isToFail, part]: [boolean, string | undefined] = [false, undefined];
    const create: FileSystem["create"] = async (path) => {
      const file = await nodeFileSystem.create(path);
      const close = async (): Promise<void> => {
        await file.close();
        if (isToFail && path.includes("/journal/")) throw Object.assign(new Error("EIO"), { code: "EIO" });
      };
      return { ...file, close };
    };
    const fs = failingFileSystem(
      (operation, path) => (part !== undefined && operation === "rename" && path.includes(part) ? "EIO" : undefined),
      { ...nodeFileSystem, create },
    );
    const storage = await open({ fs });
    const { manifest } = await storeImage(storage, NAME, "one");
    // With a change that is kept, the journal is not cleared before.
    part = "/tags/x";
    const moved = storage.metadata.repository(NAME).moveTags([{ tag: "x", to: manifest.digest }]);
    await expect(moved).rejects.toMatchObject({ code: "STORE_UNWRITABLE" });
    isToFail = true;
    await expect(storage.close()).rejects.toMatchObject({ code: "EIO" });
    const next = await open({ lockTimeout: 0 });
    expect(await next.metadata.repository(NAME).tag("x")).toBe(manifest.digest);
  });
});

describe("whoever lost a registry", () => {
  it("acknowledges nothing any more, though it has not heard of it", async () => {
    const storage = await open();
    const repository = storage.metadata.repository(NAME);
    const one = (await storeImage(storage, NAME, "one", { tag: "x" })).manifest.digest;
    const two = (await storeImage(storage, NAME, "two")).manifest.digest;
    const three = (await storeImage(storage, NAME, "three")).manifest.digest;
    // It was suspended for so long that somebody else took it for dead.
    await unlink(pathTo("work", "lock"));
    const other = (await open()).metadata.repository(NAME);
    await other.moveTags([{ tag: "x", to: two, expect: one }]);
    const moved = repository.moveTags([{ tag: "x", to: three, expect: one }]);
    await expect(moved).rejects.toMatchObject({ code: "STORE_LOCKED" });
    expect(await other.tag("x")).toBe(two);
  });
});

describe("the journal", () => {
  it("is cleared where that failed once, though nobody writes any more", async () => {
    let fails = 1;
    const fs = failingFileSystem((operation, path) =>
      operation === "unlink" && path.includes("/journal/") && fails-- > 0 ? "EIO" : undefined,
    );
    await isCleared(await open({ fs }), async () => undefined);
    expect(fails).toBeLessThan(1);
  });

  it("is cleared where a directory could not be opened once to be flushed", async () => {
    let fails = 1;
    const fs = failingFileSystem((operation, path) =>
      operation === "syncDirectory" && path.endsWith("/_/tags") && fails-- > 0 ? "EMFILE" : undefined,
    );
    await isCleared(await open({ fs }), async () => undefined);
    expect(fails).toBeLessThan(1);
  });

  it("is cleared where that took longer than until it was due again", async () => {
    let held: Gate | undefined = gate();
    const { reached, open: goOn } = held;
    const syncDirectory: FileSystem["syncDirectory"] = async (path) => {
      const first = path.endsWith("/_/tags") ? held : undefined;
      if (first !== undefined) held = undefined;
      await first?.pass();
      await nodeFileSystem.syncDirectory(path);
    };
    const storage = await open({ fs: { ...nodeFileSystem, syncDirectory } });
    await isCleared(storage, async (digest) => {
      await vi.advanceTimersByTimeAsync(2000);
      await reached;
      await storage.metadata.repository(NAME).moveTags([{ tag: "y", to: digest }]);
      await vi.advanceTimersByTimeAsync(2000);
      goOn();
    });
  });

  async function isCleared(
    storage: RegistryStorage,
    meanwhile: (digest: Awaited<ReturnType<typeof storeImage>>["manifest"]["digest"]) => Promise<void>,
  ): Promise<void> {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    onTestFinished(() => void vi.useRealTimers());
    const { manifest } = await storeImage(storage, NAME, "one", { tag: "x" });
    await meanwhile(manifest.digest);
    const look = async (): Promise<void> => {
      await vi.advanceTimersByTimeAsync(500);
      expect(await nodeFileSystem.list(pathTo("work/journal"))).toEqual([]);
    };
    await vi.waitFor(look, { timeout: 60_000, interval: 10 });
  }

  it("goes on in another file where the disk says of one that it was not made, though it was", async () => {
    let isToFail = false;
    const create: FileSystem["create"] = async (path) => {
      const file = await nodeFileSystem.create(path);
      if (!isToFail || !path.includes("/journal/")) return file;
      isToFail = false;
      await file.close();
      throw Object.assign(new Error("EIO"), { code: "EIO" });
    };
    const storage = await open({ fs: { ...nodeFileSystem, create } });
    isToFail = true;
    await expect(storeImage(storage, NAME, "one")).rejects.toMatchObject({ code: "STORE_UNWRITABLE" });
    const { manifest } = await storeImage(storage, NAME, "one", { tag: "x" });
    expect(await (await killed()).metadata.repository(NAME).tag("x")).toBe(manifest.digest);
  });
});
