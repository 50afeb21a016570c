import { mkdir, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";

import { failingFileSystem, type FileOperation } from "../testing/failing-file-system.ts";
import { bytesOf, describeBytes, listOf, pushImage } from "../testing/images.ts";
import { layoutFixture } from "../testing/layout-fixture.ts";
import type { Repository } from "../types.ts";
import { machineProcesses } from "./processes.ts";

const { open, pathTo, tagged } = layoutFixture();
const HEX = "00112233445566ff";

describe("a process that died", () => {
  const dead = { self: "me", liveness: (owner: string) => (owner === "me" ? ("alive" as const) : ("dead" as const)) };

  it("leaves temporary files that the next one who writes removes", async () => {
    await tagged(await open(), "examples/a", "1.0.0");
    const temporary = pathTo(".skillimage", "tmp");
    await writeFile(join(temporary, `other.${HEX}`), "half a blob");
    await writeFile(join(temporary, `me.${HEX}`), "being written");
    const store = await open({ processes: dead });
    await store.entries();
    expect(await readdir(temporary)).toHaveLength(2);
    await tagged(store, "examples/a", "2.0.0");
    expect(await readdir(temporary)).toEqual([`me.${HEX}`]);
  });

  it("leaves a lock that the next one takes over", async () => {
    await tagged(await open(), "examples/a", "1.0.0");
    const record = { id: "0".repeat(36), owner: "other", purpose: "write", since: "2025-01-01T00:00:00.000Z" };
    await writeFile(pathTo(".skillimage", "lock"), JSON.stringify(record));
    await tagged(await open({ processes: dead, lockTimeout: 20_000 }), "examples/a", "2.0.0");
    expect(await readdir(pathTo(".skillimage"))).toEqual(["index.previous.json", "tmp"]);
  });

  it("leaves files whose bytes a collection counts, also before it removes them", async () => {
    await tagged(await open(), "examples/a", "1.0.0");
    await writeFile(pathTo(".skillimage", "tmp", "gone.0123456789abcdef"), "x".repeat(1000));
    const store = await open({ processes: dead });
    const counted = { removed: [], bytes: 1000, temporaries: 1 };
    expect(await store.gc({ dryRun: true })).toMatchObject(counted);
    expect(await store.gc()).toMatchObject(counted);
    expect(await store.gc()).toMatchObject({ bytes: 0, temporaries: 0 });
  });

  it("may have died while taking over from another", async () => {
    await tagged(await open(), "examples/a", "1.0.0");
    const record = { id: "0".repeat(36), owner: "other", purpose: "write", since: "2025-01-01T00:00:00.000Z" };
    const successor = { ...record, id: "1".repeat(36) };
    await writeFile(pathTo(".skillimage", "lock"), JSON.stringify(record));
    await writeFile(pathTo(".skillimage", `lock.after.${record.id}`), JSON.stringify(successor));
    await tagged(await open({ processes: dead, lockTimeout: 20_000 }), "examples/a", "2.0.0");
    expect(await readdir(pathTo(".skillimage"))).toEqual(["index.previous.json", "tmp"]);
  });

  it("is recognised by its number, start and boot", async () => {
    await tagged(await open(), "examples/a", "1.0.0");
    const own = machineProcesses.self;
    const reused = own.replace(/^(\d+)-\d+/, "$1-1");
    const kept = [`${own}.${HEX}`, `${reused}.notes`, `keep-1.${HEX}`, "notes.txt"];
    for (const name of [...kept, `${reused}.${HEX}`]) await writeFile(pathTo(".skillimage", "tmp", name), "");
    for (const name of kept) await utimes(pathTo(".skillimage", "tmp", name), 0, 0);
    await tagged(await open(), "examples/a", "2.0.0");
    expect((await readdir(pathTo(".skillimage", "tmp"))).sort()).toEqual(kept.sort());
  });
});

describe("a lock that somebody holds", () => {
  it("is waited for, then told of", async () => {
    await tagged(await open(), "examples/a", "1.0.0");
    const record = {
      id: "0".repeat(36),
      owner: machineProcesses.self,
      purpose: "write",
      since: "2025-01-01T00:00:00.000Z",
    };
    await writeFile(pathTo(".skillimage", "lock"), JSON.stringify(record));
    const repository = (await open({ lockTimeout: 20 })).repository("examples/a");
    const untag = repository.untag("1.0.0");
    await expect(untag).rejects.toMatchObject({
      code: "STORE_LOCKED",
      message: expect.stringContaining(`${process.pid}`),
    });
    await rm(pathTo(".skillimage", "lock"));
    await repository.untag("1.0.0");
  });

  it("does not hold back a caller who cancels", async () => {
    await tagged(await open(), "examples/a", "1.0.0");
    const record = {
      id: "0".repeat(36),
      owner: machineProcesses.self,
      purpose: "write",
      since: "2025-01-01T00:00:00.000Z",
    };
    await writeFile(pathTo(".skillimage", "lock"), JSON.stringify(record));
    const controller = new AbortController();
    const repository = (await open({ lockTimeout: 20_000 })).repository("examples/a");
    const untag = repository.untag("1.0.0", { signal: controller.signal });
    controller.abort();
    await expect(untag).rejects.toMatchObject({ code: "ABORTED" });
    await rm(pathTo(".skillimage", "lock"));
    expect(await listOf(repository.tags())).toEqual(["1.0.0"]);
    await repository.untag("1.0.0");
  });
});

describe("a disk that fails", () => {
  const work = async (repository: Repository): Promise<void> => {
    const { manifest } = await pushImage(repository, "two");
    await repository.tag(manifest, "2.0.0");
  };
  const faults: [FileOperation, string][] = [
    ["create", "EMFILE"],
    ["write", "ENOSPC"],
    ["write", "EIO"],
    ["sync", "EIO"],
    ["rename", "EIO"],
    ["syncDirectory", "EIO"],
    ["link", "EROFS"],
  ];

  it.each(faults)("makes the operation fail and leaves the old state: %s says %s", async (operation, errno) => {
    const before = await tagged(await open(), "examples/a", "1.0.0");
    let broken = true;
    const fs = failingFileSystem((now) => (broken && now === operation ? errno : undefined));
    const store = await open({ fs, lockTimeout: 100 });
    await expect(work(store.repository("examples/a"))).rejects.toMatchObject({ code: "STORE_UNWRITABLE" });
    broken = false;
    const again = await open();
    expect(await listOf(again.repository("examples/a").tags())).toEqual(["1.0.0"]);
    expect(await again.repository("examples/a").resolve("1.0.0")).toEqual(before);
    expect(await again.fsck()).toEqual([]);
    expect(await readdir(pathTo(".skillimage", "tmp"))).toEqual([]);
    await work(again.repository("examples/a"));
    expect(await listOf(again.repository("examples/a").tags())).toEqual(["1.0.0", "2.0.0"]);
  });

  it("is not believed again after a failed sync of a directory", async () => {
    let failures = 1;
    const fs = failingFileSystem((operation, path) =>
      operation === "syncDirectory" && path.endsWith("sha256") && failures-- > 0 ? "EIO" : undefined,
    );
    await mkdir(pathTo("blobs", "sha256"), { recursive: true });
    const store = await open({ fs });
    const push = async (): Promise<void> => {
      const blob = describeBytes(bytesOf("blob"));
      await store.repository("examples/a").push(blob, bytesOf("blob"));
    };
    await expect(push()).rejects.toMatchObject({ code: "STORE_UNWRITABLE" });
    await expect(push()).rejects.toMatchObject({ code: "STORE_UNWRITABLE" });
  });

  it.each(["EMFILE", "ENFILE", "ENOENT", "EACCES"])(
    "is believed again when a directory could not be opened to be synced: %s",
    async (errno) => {
      let failures = 0;
      const fs = failingFileSystem((operation, path) =>
        operation === "syncDirectory" && path.endsWith("sha256") && failures-- > 0 ? errno : undefined,
      );
      const store = await open({ fs });
      await tagged(store, "examples/a", "1.0.0");
      failures = 1;
      await expect(work(store.repository("examples/a"))).rejects.toMatchObject({ code: "STORE_UNWRITABLE" });
      await work(store.repository("examples/a"));
      expect(await listOf(store.repository("examples/a").tags())).toEqual(["1.0.0", "2.0.0"]);
    },
  );

  it.each([
    ["EACCES", "done"],
    ["EIO", "STORE_UNWRITABLE"],
  ])("need not be readable where the store lies, only sound: %s", async (errno, outcome) => {
    const fs = failingFileSystem((operation, path) =>
      operation === "syncDirectory" && path === dirname(pathTo()) ? errno : undefined,
    );
    const written = work((await open({ fs })).repository("examples/a"));
    await expect(written.then(() => ({ code: "done" })).catch((error: unknown) => error)).resolves.toMatchObject({
      code: outcome,
    });
  });

  it("can still be read when it cannot be written", async () => {
    const manifest = await tagged(await open(), "examples/a", "1.0.0");
    const writes = new Set<FileOperation>(["create", "rename", "link", "unlink", "touch", "makeDirectory"]);
    const fs = failingFileSystem((operation) => (writes.has(operation) ? "EROFS" : undefined));
    const store = await open({ fs });
    const repository = store.repository("examples/a");
    expect(await repository.resolve("1.0.0")).toEqual(manifest);
    expect(await repository.exists(manifest)).toBe(true);
    expect(await store.fsck()).toEqual([]);
    expect((await store.gc({ dryRun: true })).removed).toEqual([]);
    await expect(repository.untag("1.0.0")).rejects.toMatchObject({
      code: "STORE_UNWRITABLE",
      message: expect.stringContaining("read-only"),
    });
  });
});
