/** A registry's directory of its own for every test of a file, and what tests do to it from outside. */
import { cp, readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, onTestFinished } from "vitest";

import { temporaryDirectory } from "../../../../test/fixtures/temporary-directory.ts";
import { createFsStorage, type FsStorageOptions } from "../fs/index.ts";
import type { RegistryStorage } from "../types.ts";

export interface FsFixture {
  /** A path in the directory; the directory itself without names. */
  readonly pathTo: (...names: readonly string[]) => string;
  /** Opens the registry; it is closed after the test. */
  readonly open: (options?: FsStorageOptions) => Promise<RegistryStorage>;
  /** What whoever opens the registry finds when all processes were killed at this moment: a copy, which is closed after the test. */
  readonly killed: () => Promise<RegistryStorage>;
  readonly blobPath: (digest: string) => string;
  /** Flips a bit of a blob. */
  readonly damage: (digest: string) => Promise<void>;
  /** All files below the directory, by their paths in it. */
  readonly files: () => Promise<string[]>;
}

/** Declares the directory for the tests of a file. */
export function fsFixture(): FsFixture {
  let directory = "";
  let remove = async (): Promise<void> => undefined;
  let opened: RegistryStorage[] = [];
  beforeEach(async () => {
    ({ path: directory, remove } = await temporaryDirectory());
    opened = [];
  });
  afterEach(async () => {
    await Promise.allSettled(opened.map(async (storage) => storage.close()));
    await remove();
  });
  const pathTo = (...names: readonly string[]): string => join(directory, ...names);
  const blobPath = (digest: string): string => {
    const [algorithm = "", hex = ""] = digest.split(":");
    return pathTo("blobs", algorithm, hex.slice(0, 2), hex);
  };
  return {
    pathTo,
    blobPath,
    open: async (options = {}) => {
      const storage = await createFsStorage(directory, options);
      opened.push(storage);
      return storage;
    },
    killed: async () => {
      const { path, remove: removeCopy } = await temporaryDirectory();
      await cp(directory, path, { recursive: true, filter: (each) => !each.endsWith("/work/lock") });
      const storage = await createFsStorage(path);
      onTestFinished(async () => {
        await storage.close();
        await removeCopy();
      });
      return storage;
    },
    damage: async (digest) => {
      const bytes = await readFile(blobPath(digest));
      bytes[0] = (bytes[0] ?? 0) ^ 1;
      await writeFile(blobPath(digest), bytes);
    },
    files: async () => {
      const entries = await readdir(directory, { recursive: true, withFileTypes: true });
      const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
      return paths.map((path) => path.slice(directory.length + 1)).toSorted();
    },
  };
}
