import { createHash } from "node:crypto";
import { cp, lstat, mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";

import { readAll } from "../../../content/index.ts";
import { digestOf } from "../../../oci/index.ts";
import { nodeFileSystem } from "../../../store/layout/file-system.ts";
import { failingFileSystem, type Fault } from "../../../store/testing/failing-file-system.ts";
import { makeImage } from "../../../store/testing/images.ts";
import { fsFixture } from "../testing/fs-fixture.ts";
import { bytesOf, contentOf, incoming, listOf, storeBlob, storeImage } from "../testing/images.ts";

const NAME = "examples/hello-world";
const { open, pathTo, blobPath, files } = fsFixture();

describe("a tag whose file is a symbolic link", () => {
  it("names nothing, rather than fail, and the next push takes its place", async () => {
    const storage = await open();
    const { manifest } = await storeImage(storage, NAME, "one", { tag: "latest" });
    await storage.close();
    const path = pathTo(`repositories/${NAME}/_/tags/latest`);
    await rm(path);
    await symlink("/etc/hostname", path);
    const repository = (await open()).metadata.repository(NAME);
    expect(await repository.tag("latest")).toBeUndefined();
    await repository.moveTags([{ tag: "latest", to: manifest.digest, expect: null }]);
    expect(await repository.tag("latest")).toBe(manifest.digest);
    expect((await lstat(path)).isFile()).toBe(true);
  });
});

describe("the directory", () => {
  it("becomes a registry when it is absent or empty", async () => {
    await open();
    expect(await readFile(pathTo("registry.json"), "utf8")).toBe('{"version":1}\n');
  });

  it("is refused when it holds something else, and left as it is", async () => {
    await writeFile(pathTo("notes.txt"), "mine");
    await expect(open()).rejects.toMatchObject({ code: "TARGET_EXISTS" });
    await expect(open({ purpose: "maintain" })).rejects.toMatchObject({ code: "TARGET_EXISTS" });
    expect(await files()).toEqual(["notes.txt"]);
  });

  it("is not made a registry by a command that looks after one", async () => {
    await expect(open({ purpose: "maintain" })).rejects.toMatchObject({ code: "NOT_FOUND" });
    expect(await files()).toEqual([]);
  });

  it.each(['{"version":2}', "{", "null"])("is refused when its version file says %s", async (text) => {
    await writeFile(pathTo("registry.json"), text);
    await expect(open()).rejects.toMatchObject({ code: "STORE_CORRUPT" });
  });

  it("has the files that docs/registry-layout.md says", async () => {
    const storage = await open();
    const image = await storeImage(storage, NAME, "one", { tag: "Latest" });
    const signature = await storeImage(storage, NAME, "two", { subject: image.manifest });
    const { id } = await storage.blobs.uploads.begin(NAME);
    await storage.close();
    const hex = (digest: string): string => digest.slice("sha256:".length);
    const blobs = [image, signature].flatMap((each) => [each.config, each.layer, each.manifest]);
    const directory = `repositories/${NAME}/_`;
    expect(await files()).toEqual(
      [
        "registry.json",
        `uploads/${id}.data`,
        `uploads/${id}.json`,
        ...blobs.map(({ digest }) => `blobs/sha256/${hex(digest).slice(0, 2)}/${hex(digest)}`),
        ...[image, signature].flatMap(({ config, layer, manifest }) => [
          `${directory}/blobs/sha256/${hex(config.digest)}`,
          `${directory}/blobs/sha256/${hex(layer.digest)}`,
          `${directory}/manifests/sha256/${hex(manifest.digest)}.json`,
        ]),
        `${directory}/referrers/sha256/${hex(image.manifest.digest)}/sha256-${hex(signature.manifest.digest)}`,
        `${directory}/tags/latest=1`,
      ].toSorted(),
    );
    expect(await readFile(pathTo(directory, "tags", "latest=1"), "utf8")).toBe(`${image.manifest.digest}\n`);
  });

  it("is used by one server at a time", async () => {
    const storage = await open();
    await expect(open({ lockTimeout: 20 })).rejects.toMatchObject({
      code: "STORE_LOCKED",
      message: expect.stringContaining(String(process.pid)),
    });
    await storage.close();
    await storeImage(await open(), NAME, "one");
  });

  it("is taken over at once from a server that was killed", async () => {
    const dead = { self: "first", liveness: () => "alive" as const };
    const alive = { self: "second", liveness: (owner: string) => (owner === "first" ? "dead" : "alive") as "dead" };
    await storeImage(await open({ processes: dead }), NAME, "one", { tag: "1.0.0" });
    const storage = await open({ processes: alive, lockTimeout: 0 });
    expect(await listOf(storage.metadata.repository(NAME).tags())).toEqual(["1.0.0"]);
  });

  it("can be looked at beside a server, which alone changes repositories", async () => {
    const server = await open();
    const beside = await open({ purpose: "maintain" });
    const image = await storeImage(server, NAME, "one", { tag: "1.0.0" });
    const repository = beside.metadata.repository(NAME);
    expect(await repository.tag("1.0.0")).toBe(image.manifest.digest);
    await server.metadata.repository(NAME).moveTags([{ tag: "2.0.0", to: image.manifest.digest }]);
    expect(await listOf(repository.tags())).toEqual(["1.0.0", "2.0.0"]);
    const change = repository.moveTags([{ tag: "1.0.0", to: undefined }]);
    await expect(change).rejects.toMatchObject({ code: "STORE_LOCKED" });
  });

  it("is free for a server that starts while somebody looks after it", async () => {
    await (await open()).close();
    const beside = await open({ purpose: "maintain" });
    const server = await open({ lockTimeout: 0 });
    await storeImage(server, NAME, "one", { tag: "1.0.0" });
    expect(await listOf(beside.metadata.repository(NAME).tags())).toEqual(["1.0.0"]);
    await beside.close();
    await storeImage(server, NAME, "two", { tag: "2.0.0" });
  });
});

describe("a crash", () => {
  it("does not undo what the journal says, however little of it was put in its place", async () => {
    const storage = await open();
    const { manifest } = await storeImage(storage, NAME, "one", { tag: "1.0.0" });
    await storage.metadata.repository(NAME).moveTags([
      { tag: "2.0.0", to: manifest.digest },
      { tag: "1.0.0", to: undefined },
    ]);
    await cp(pathTo("work", "journal"), pathTo("saved"), { recursive: true });
    await storage.close();
    await rm(pathTo("repositories"), { recursive: true });
    await rm(pathTo("work", "journal"), { recursive: true });
    await cp(pathTo("saved"), pathTo("work", "journal"), { recursive: true });
    await rm(pathTo("saved"), { recursive: true });

    const again = await open();
    expect(await listOf(again.metadata.repository(NAME).tags())).toEqual(["2.0.0"]);
    expect(await again.metadata.repository(NAME).manifest(manifest.digest)).toBeDefined();
    await again.close();
    expect((await files()).filter((path) => path.startsWith("work/"))).toEqual([]);
  });

  it("is no way to write elsewhere: a journal with paths of its own is not obeyed", async () => {
    await (await open()).close();
    await mkdir(pathTo("work", "journal"), { recursive: true });
    for (const path of ["../escaped", "/tmp/escaped", "a/../../escaped", "a//b", ".hidden/x"]) {
      const json = JSON.stringify([{ write: path, text: "x" }]);
      const line = `${createHash("sha256").update(json).digest("hex").slice(0, 16)} ${json}\n`;
      await writeFile(pathTo("work", "journal", "0000000001.log"), line);
      await (await open()).close();
      expect(await files()).toEqual(["registry.json"]);
    }
  });

  it("leaves temporary files and halves of uploads, which the next start removes", async () => {
    const storage = await open();
    const { id } = await storage.blobs.uploads.begin(NAME);
    await storage.close();
    await writeFile(pathTo("uploads", `${"a".repeat(32)}.data`), "no session");
    await writeFile(pathTo("uploads", `${"b".repeat(32)}.json`), "\0\0\0\0");
    await writeFile(pathTo("uploads", `${"b".repeat(32)}.data`), "of nobody");
    const dead = "1-1-1-abcdef-12345678-0";
    await writeFile(pathTo("work", "tmp", `${dead}.0123456789abcdef`), "unfinished");
    const processes = { self: "me", liveness: (owner: string) => (owner === dead ? "dead" : "alive") as "dead" };
    const again = await open({ processes });
    expect((await files()).filter((path) => /^(?:uploads|work\/tmp)/.test(path))).toEqual([
      `uploads/${id}.data`,
      `uploads/${id}.json`,
    ]);
    expect(await again.blobs.uploads.find(id)).toBeDefined();
  });
});

describe("a collector that was killed", () => {
  it("loses nothing that it had in its hands", async () => {
    const storage = await open();
    const digest = await storeBlob(storage, NAME, "one");
    await mkdir(pathTo("work", "trash"), { recursive: true });
    const grab = async (): Promise<void> =>
      nodeFileSystem.rename(blobPath(digest), pathTo("work", "trash", `${digest.replace(":", "-")}.0123456789abcdef`));
    for (const look of [
      async () => storage.blobs.stat(digest),
      async () => storage.blobs.touch(digest),
      async () => readAll(storage.blobs.read(digest)),
      async () => listOf(storage.blobs.list()),
    ]) {
      await grab();
      expect(await look()).toBeTruthy();
      expect(await readAll(storage.blobs.read(digest))).toEqual(bytesOf("one"));
    }
    expect(await listOf(storage.blobs.list())).toHaveLength(1);
    expect((await files()).filter((path) => path.startsWith("work/trash"))).toEqual([]);
  });
});

describe("a failing disk", () => {
  it.each([
    ["ENOSPC", 0],
    ["EROFS", 1],
    ["EMFILE", 2],
    ["EIO", 3],
  ])("says STORE_UNWRITABLE on %s, at whatever step, and loses nothing", async (code, first) => {
    let countdown = Infinity;
    const writes = new Set(["create", "append", "write", "sync", "rename", "makeDirectory", "syncDirectory", "touch"]);
    // The lock is not what this is about.
    const fault: Fault = (operation, path) =>
      writes.has(operation) && !path.endsWith("lock") && --countdown < 0 ? code : undefined;
    const fs = failingFileSystem(fault);
    const acknowledged = new Map<string, string>();
    for (let step = first; step < 60; step += 4) {
      const storage = await open({ fs });
      const tag = `step-${step}`;
      countdown = step;
      try {
        const image = await storeImage(storage, NAME, tag, { tag });
        acknowledged.set(tag, image.manifest.digest);
      } catch (error) {
        expect(error).toMatchObject({ code: code === "EROFS" ? expect.any(String) : "STORE_UNWRITABLE" });
      }
      countdown = Infinity;
      const again = await storeImage(storage, NAME, `${tag} again`, { tag: `${tag}-again` }).catch(() => undefined);
      if (again !== undefined) acknowledged.set(`${tag}-again`, again.manifest.digest);
      await storage.close();
      const fresh = await open();
      const repository = fresh.metadata.repository(NAME);
      for (const [each, digest] of acknowledged) expect(await repository.tag(each)).toBe(digest);
      await fresh.close();
    }
    expect(acknowledged.size).toBeGreaterThan(10);
  });

  it.each(["EROFS", "EACCES"])("says on %s how another registry is named, and speaks of no store", async (code) => {
    const fs = failingFileSystem((operation) => (operation === "makeDirectory" ? code : undefined));
    await expect(open({ fs })).rejects.toMatchObject({
      code: "STORE_UNWRITABLE",
      hint: expect.stringMatching(/^(?!.*store).*registry.*--root/),
    });
  });

  it("goes on after it had no room, without a restart", async () => {
    let isFull = false;
    const fs = failingFileSystem((operation) => (isFull && operation === "write" ? "ENOSPC" : undefined));
    const storage = await open({ fs });
    const repository = storage.metadata.repository(NAME);
    const one = await storeImage(storage, NAME, "one", { tag: "1.0.0" });
    isFull = true;
    const move = repository.moveTags([{ tag: "2.0.0", to: one.manifest.digest }]);
    await expect(move).rejects.toMatchObject({ code: "STORE_UNWRITABLE" });
    await expect(storage.blobs.put(digestOf("x"), bytesOf("x"))).rejects.toMatchObject({ code: "STORE_UNWRITABLE" });
    const { id } = await storage.blobs.uploads.begin(NAME).catch(() => ({ id: "" }));
    expect(id).toBe("");
    expect(await repository.tag("2.0.0")).toBeUndefined();
    expect(await listOf(repository.tags())).toEqual(["1.0.0"]);
    isFull = false;
    await storeImage(storage, NAME, "two", { tag: "2.0.0" });
    expect(await listOf(repository.tags())).toEqual(["1.0.0", "2.0.0"]);
    await storage.close();
    expect((await files()).filter((path) => path.startsWith("work/"))).toEqual([]);
  });

  it("shows a change that came late, when it failed at the last step", async () => {
    let isFailing = false;
    const fs = failingFileSystem((operation, path) =>
      isFailing && operation === "rename" && path.includes("/tags/") ? "EIO" : undefined,
    );
    const storage = await open({ fs });
    const repository = storage.metadata.repository(NAME);
    const [one, two] = [await storeImage(storage, NAME, "one", { tag: "1.0.0" }), makeImage("two")];
    isFailing = true;
    const put = repository.putManifest(incoming(two), { tag: "1.0.0", to: two.manifest.digest });
    await expect(put).rejects.toMatchObject({ code: "STORE_UNWRITABLE" });
    expect(await repository.tag("1.0.0")).toBe(one.manifest.digest);
    isFailing = false;
    await repository.moveTags([{ tag: "other", to: one.manifest.digest }]);
    expect(await repository.tag("1.0.0")).toBe(two.manifest.digest);
    await storage.close();
    expect(await (await open()).metadata.repository(NAME).tag("1.0.0")).toBe(two.manifest.digest);
  });
});

describe("many at once", () => {
  it("flushes changes that come together together", async () => {
    let syncs = 0;
    const fs = failingFileSystem((operation, path) => {
      if (operation === "sync" && path.includes("/journal/")) syncs += 1;
      return undefined;
    });
    const storage = await open({ fs });
    const repository = storage.metadata.repository(NAME);
    const images = Array.from({ length: 200 }, (_, at) => makeImage(`image ${at}`));
    await Promise.all(
      images.map(async (image, at) =>
        repository.putManifest(incoming(image), { tag: `${at}`, to: image.manifest.digest }),
      ),
    );
    expect(await listOf(repository.tags())).toHaveLength(200);
    expect(syncs).toBeLessThan(40);
  });

  it("keeps no file open for an upload under way", async () => {
    let openFiles = 0;
    const counting = failingFileSystem(() => undefined);
    const count = async (file: ReturnType<typeof counting.open>): ReturnType<typeof counting.open> => {
      const opened = await file;
      openFiles += 1;
      return { ...opened, close: async () => ((openFiles -= 1), opened.close()) };
    };
    const fs = {
      ...counting,
      open: async (path: string) => count(counting.open(path)),
      create: async (path: string) => count(counting.create(path)),
      append: async (path: string) => count(counting.append(path)),
    };
    const storage = await open({ fs });
    const uploads = await Promise.all(Array.from({ length: 100 }, async () => storage.blobs.uploads.begin(NAME)));
    await Promise.all(uploads.map(async ({ id }) => storage.blobs.uploads.append(id, 0, contentOf("some", "thing"))));
    expect(openFiles).toBe(0);
  });

  it("reads a list of tags once, however small the pages", async () => {
    let lists = 0;
    const fs = failingFileSystem((operation, path) => {
      if (operation === "list" && path.endsWith("/tags")) lists += 1;
      return undefined;
    });
    const storage = await open({ fs });
    const { manifest } = await storeImage(storage, NAME, "one");
    const repository = storage.metadata.repository(NAME);
    await repository.moveTags(Array.from({ length: 1000 }, (_, at) => ({ tag: `t${at}`, to: manifest.digest })));
    let [last, count] = ["", 0];
    for (;;) {
      const page = await listOf(repository.tags({ last, limit: 10 }));
      count += page.length;
      if (page.length === 0) break;
      last = page.at(-1) ?? "";
    }
    expect(count).toBe(1000);
    expect(lists).toBe(1);
  });
});
