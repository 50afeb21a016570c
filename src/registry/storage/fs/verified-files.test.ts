/** What is served without being hashed again, and what never is. */
import { writeFile } from "node:fs/promises";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { temporaryDirectory } from "../../../../test/fixtures/temporary-directory.ts";
import { readAll } from "../../../content/index.ts";
import { digestOf, type Digest } from "../../../oci/index.ts";
import { nodeFileSystem, type FileSystem } from "../../../store/layout/file-system.ts";
import { scrub } from "../../maintenance/scrub.ts";
import type { RegistryStorage } from "../types.ts";
import { createFsStorage } from "./index.ts";
import { RegistryPaths } from "./paths.ts";
import { VerifiedFiles } from "./verified-files.ts";

const SIZE = 2 * 1024 * 1024;
const bytes = new Uint8Array(SIZE).map((_, at) => (at * 7) % 251);

describe("a blob on a disk", () => {
  let place: Awaited<ReturnType<typeof temporaryDirectory>>;
  let storage: RegistryStorage;
  let digest: Digest;
  let read = 0;
  /** The machine's, with a count of bytes read; every file is old enough to be remembered. */
  const counting: FileSystem = {
    ...nodeFileSystem,
    open: async (path) => {
      const file = await nodeFileSystem.open(path);
      return {
        ...file,
        read: async (buffer, position) => {
          const count = await file.read(buffer, position);
          read += count;
          return count;
        },
        state: async () => {
          const { id = "" } = (await file.state?.()) ?? {};
          return { id, settled: true };
        },
      };
    },
  };
  beforeEach(async () => {
    place = await temporaryDirectory();
    storage = await createFsStorage(place.path, { fs: counting });
    digest = digestOf(bytes);
    await storage.blobs.put(digest, bytes);
    read = 0;
  });
  afterEach(async () => {
    await storage.close();
    await place.remove();
  });
  const path = (): string => new RegistryPaths(place.path).blob(digest);
  const flip = async (): Promise<void> => {
    const damaged = bytes.slice();
    damaged[SIZE - 1] = 0xff;
    await writeFile(path(), damaged);
  };
  const part = { start: 10, end: 19 };

  it("gives no part of itself away when it is damaged elsewhere", async () => {
    await flip();
    await expect(readAll(storage.blobs.read(digest, { range: part }))).rejects.toMatchObject({
      code: "DIGEST_MISMATCH",
    });
  });
  it("is read whole for its first part, and then no more", async () => {
    expect(await readAll(storage.blobs.read(digest, { range: part }))).toEqual(bytes.subarray(10, 20));
    expect(read).toBe(SIZE + 10);
    for (let time = 0; time < 5; time += 1) await readAll(storage.blobs.read(digest, { range: part }));
    expect(read).toBe(SIZE + 60);
  });
  it("is found out when it is damaged after it was looked at", async () => {
    expect(digestOf(await readAll(storage.blobs.read(digest)))).toBe(digest);
    await flip();
    for (const options of [{}, { range: part }]) {
      await expect(readAll(storage.blobs.read(digest, options))).rejects.toMatchObject({ code: "DIGEST_MISMATCH" });
    }
  });
  it("is found out when it is damaged while it is sent", async () => {
    await readAll(storage.blobs.read(digest));
    const got: Uint8Array[] = [];
    const sending = async (): Promise<void> => {
      for await (const chunk of storage.blobs.read(digest)) {
        if (got.length === 0) await flip();
        got.push(chunk.slice());
      }
    };
    await expect(sending()).rejects.toMatchObject({ code: "DIGEST_MISMATCH" });
    expect(Buffer.concat(got).byteLength).toBeLessThan(SIZE);
  });
  it("is served to its end when it is touched while it is sent", async () => {
    await readAll(storage.blobs.read(digest));
    const got: Uint8Array[] = [];
    for await (const chunk of storage.blobs.read(digest)) {
      if (got.length === 0) await storage.blobs.touch(digest);
      got.push(chunk.slice());
    }
    expect(digestOf(Buffer.concat(got))).toBe(digest);
  });
  it("is always read by a scrub", async () => {
    await readAll(storage.blobs.read(digest));
    read = 0;
    expect(await scrub(storage)).toMatchObject({ blobs: 1, damaged: [] });
    expect(read).toBe(SIZE);
  });
});

describe("files that were looked at", () => {
  const digest = digestOf("one");
  const state = { id: "1", settled: true };
  it("are forgotten after some minutes", () => {
    let now = 0;
    const files = new VerifiedFiles(() => now);
    files.note(digest, state, state);
    expect(files.has(digest, state)).toBe(true);
    expect(files.has(digest, { ...state, id: "2" })).toBe(false);
    now += 600_000;
    expect(files.has(digest, state)).toBe(false);
  });
  it("are not remembered when they changed meanwhile, or so short before that it would not show", () => {
    const files = new VerifiedFiles();
    files.note(digest, state, { ...state, id: "2" });
    files.note(digest, { ...state, settled: false }, state);
    expect(files.has(digest, state)).toBe(false);
  });
});
