/** A layout directory of its own for every test of a file, and the handful of things that tests do to it from outside. */
import { readFile, utimes } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach } from "vitest";

import type { Descriptor, Digest, JsonObject } from "../../oci/index.ts";
import { LayoutStore, type LayoutOptions } from "../layout/store.ts";
import { temporaryDirectory } from "../../../test/fixtures/temporary-directory.ts";
import { pushImage } from "./images.ts";

export interface LayoutFixture {
  /** A path in the directory; the directory itself without names. */
  readonly pathTo: (...names: readonly string[]) => string;
  readonly open: (options?: LayoutOptions) => Promise<LayoutStore>;
  readonly blobPath: (digest: Digest) => string;
  /** Makes a blob look as if it had not been touched for some hours. */
  readonly age: (digest: Digest, hours: number) => Promise<void>;
  readonly readIndex: () => Promise<{ readonly manifests: readonly JsonObject[] } & JsonObject>;
  /** Pushes an image and tags it. */
  readonly tagged: (store: LayoutStore, name: string, tag: string) => Promise<Descriptor>;
}

/** Declares the directory for the tests of a file. */
export function layoutFixture(): LayoutFixture {
  let directory = "";
  let remove = async (): Promise<void> => undefined;
  beforeEach(async () => {
    ({ path: directory, remove } = await temporaryDirectory());
  });
  afterEach(async () => remove());

  const pathTo = (...names: readonly string[]): string => join(directory, ...names);
  const blobPath = (digest: Digest): string => pathTo("blobs", ...digest.split(":"));
  return {
    pathTo,
    blobPath,
    open: async (options = {}) => LayoutStore.open(directory, options),
    age: async (digest, hours) => {
      const time = Date.now() / 1000 - hours * 3600;
      await utimes(blobPath(digest), time, time);
    },
    readIndex: async () => JSON.parse(await readFile(pathTo("index.json"), "utf8")) as never,
    tagged: async (store, name, tag) => {
      const { manifest } = await pushImage(store.repository(name), `${name} ${tag}`);
      await store.repository(name).tag(manifest, tag);
      return manifest;
    },
  };
}
