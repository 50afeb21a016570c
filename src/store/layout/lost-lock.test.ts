/** A lock that was taken from somebody who seemed dead: suspended, in another container, for longer than a lease. */
import { writeFile } from "node:fs/promises";

import { describe, expect, it } from "vitest";

import { bytesOf, describeBytes, listOf } from "../testing/images.ts";
import { layoutFixture } from "../testing/layout-fixture.ts";
import { nodeFileSystem, type FileSystem } from "./file-system.ts";

const { age, open, pathTo, tagged } = layoutFixture();

/** Nobody can look at anybody else. */
const processOf = (self: string) => ({
  self,
  liveness: (owner: string) => (owner === self ? ("alive" as const) : ("unknown" as const)),
});
const later = (): number => Date.now() + 61_000;

/** A file system of a process that is suspended at the first `operation` on a path that matches, until it is woken. */
function suspended(operation: "rename" | "unlink" | "link", isThere: (path: string) => boolean) {
  let wake = (): void => undefined;
  const woken = new Promise<void>((resolve) => (wake = resolve));
  let arrive = (): void => undefined;
  const reached = new Promise<void>((resolve) => (arrive = resolve));
  let [isArmed, isAsleep] = [false, false];
  const pause = async (now: string, path: string): Promise<void> => {
    if (isArmed && now === operation && isThere(path)) {
      [isArmed, isAsleep] = [false, true];
      arrive();
    }
    if (isAsleep) await woken;
  };
  const fs: FileSystem = {
    ...nodeFileSystem,
    link: async (existing, path) => {
      await nodeFileSystem.link(existing, path);
      await pause("link", path);
    },
    readFile: async (path, limit) => pause("readFile", path).then(async () => nodeFileSystem.readFile(path, limit)),
    rename: async (from, to) => pause("rename", to).then(() => nodeFileSystem.rename(from, to)),
    unlink: async (path) => pause("unlink", path).then(() => nodeFileSystem.unlink(path)),
  };
  return { fs, reached, wake: () => wake(), arm: () => (isArmed = true) };
}

/** The code with which something failed, or `done`. */
async function codeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => "done",
    (error: { code: string }) => error.code,
  );
}

describe("who lost the lock while suspended", () => {
  it("does not write over what its successor saved", async () => {
    await tagged(await open(), "examples/a", "1.0.0");
    const sleeper = suspended("link", (path) => path.endsWith(".skillimage/lock"));
    const store = await open({ fs: sleeper.fs, processes: processOf("sleeper") });
    const image = await tagged(store, "examples/a", "2.0.0");
    sleeper.arm();
    const outcome = codeOf(store.repository("examples/a").tag(image, "late"));
    await sleeper.reached;
    // It has read nothing yet, so this alone would be harmless; the point is that it may not write at all.
    await tagged(await open({ processes: processOf("other"), now: later }), "examples/a", "3.0.0");
    sleeper.wake();
    expect(await outcome).toBe("STORE_LOCKED");
    expect(await listOf((await open()).repository("examples/a").tags())).toEqual(["1.0.0", "2.0.0", "3.0.0"]);
  });

  it("does not write over what its successor saved, when it had read before", async () => {
    await tagged(await open(), "examples/a", "1.0.0");
    const sleeper = suspended("unlink", (path) => path.endsWith("index.previous.json"));
    const store = await open({ fs: sleeper.fs, processes: processOf("sleeper") });
    const image = await tagged(store, "examples/a", "2.0.0");
    const repository = store.repository("examples/a");
    sleeper.arm();
    const outcome = codeOf(repository.tag(image, "late"));
    await sleeper.reached;
    await tagged(await open({ processes: processOf("other"), now: later }), "examples/a", "3.0.0");
    sleeper.wake();
    expect(await outcome).toBe("STORE_LOCKED");
    expect(await listOf((await open()).repository("examples/a").tags())).toContain("3.0.0");
  });

  it("does not write over what its successor saved, when it was rebuilding a damaged index", async () => {
    await tagged(await open(), "examples/a", "1.0.0");
    await writeFile(pathTo("index.json"), '{"schemaVersion":2,"mani');
    const sleeper = suspended("link", (path) => path.includes("damaged-"));
    sleeper.arm();
    const outcome = codeOf((await open({ fs: sleeper.fs, processes: processOf("sleeper") })).fsck({ repair: true }));
    await sleeper.reached;
    await tagged(await open({ processes: processOf("other"), now: later }), "examples/a", "2.0.0");
    sleeper.wake();
    expect(await outcome).toBe("STORE_LOCKED");
    expect(await listOf((await open()).repository("examples/a").tags())).toContain("2.0.0");
  });

  it("does not remove what was told to be there since", async () => {
    const blobs = Array.from({ length: 20 }, (_, at) => `blob ${at}`).map((text) => ({
      text,
      blob: describeBytes(bytesOf(text)),
    }));
    const store = await open();
    for (const { text, blob } of blobs) {
      await store.repository("examples/a").push(blob, bytesOf(text));
      await age(blob.digest, 5);
    }
    const sleeper = suspended("unlink", (path) => path.startsWith(pathTo("blobs")));
    const collector = await open({ fs: sleeper.fs, processes: processOf("sleeper") });
    sleeper.arm();
    const outcome = codeOf(collector.gc());
    await sleeper.reached;
    const pusher = (await open({ processes: processOf("other"), now: later })).repository("examples/a");
    const told: boolean[] = [];
    for (const { blob } of blobs) told.push(await pusher.exists(blob));
    sleeper.wake();
    expect(await outcome).toBe("STORE_LOCKED");
    const kept: boolean[] = [];
    for (const { blob } of blobs) kept.push(await pusher.exists(blob));
    // Only those that it was removing when it was suspended are gone, and cannot be otherwise.
    expect(told.filter((wasThere, at) => wasThere && kept[at] === false).length).toBeLessThanOrEqual(16);
    expect(kept.filter(Boolean).length).toBeGreaterThanOrEqual(4);
  });
});
