/** Writers and collectors that get in each other's way as much as they can. */
import { expect } from "vitest";

import { readAll } from "../../src/content/index.ts";
import { digestOf } from "../../src/oci/index.ts";
import { fsck, gc } from "../../src/registry/maintenance/index.ts";
import { bytesOf, contentOf, incoming, listOf } from "../../src/registry/storage/testing/images.ts";
import type { RegistryStorage } from "../../src/registry/storage/types.ts";
import { makeImage } from "../../src/store/testing/images.ts";
import { report, seededRandom } from "./soak.ts";

const WRITERS = 4;

export interface CollectedLoad {
  /** Writers take turns with these. */
  readonly servers: readonly RegistryStorage[];
  /** Opened apart from them: it shares nothing with them but what they store. */
  readonly collector: RegistryStorage;
  readonly seconds: number;
  /** Milliseconds: longer than a push takes, and short enough for content to become garbage between two uses. */
  readonly grace: number;
}

/** Pushes, moves and deletes the same images while garbage is collected; fails when anything is missing, ever. */
export async function pushWhileCollecting({ servers, collector, seconds, grace }: CollectedLoad): Promise<void> {
  const end = Date.now() + seconds * 1000;
  const counts = { pushes: 0, removed: 0, unlinked: 0, collections: 0 };
  const collect = async (): Promise<void> => {
    while (Date.now() < end) {
      const { removed, unlinked } = await gc(collector, { grace });
      counts.removed += removed.length;
      counts.unlinked += unlinked;
      counts.collections += 1;
    }
  };
  const write = async (_: unknown, writer: number): Promise<void> => {
    const random = seededRandom(writer);
    const server = servers[writer % servers.length];
    while (server !== undefined && Date.now() < end) {
      const name = `examples/r${Math.floor(random() * 2)}`;
      const text = `image ${Math.floor(random() * 12)}`;
      await pushAsClientsDo(server, name, text);
      counts.pushes += 1;
      await checkImage(server, name, text);
      if (random() < 0.7) await server.metadata.repository(name).deleteManifest(makeImage(text).manifest.digest);
      if (random() < 0.1) await new Promise((resolve) => setTimeout(resolve, grace * 1.5));
    }
  };
  await Promise.all([collect(), collect(), ...Array.from({ length: WRITERS }).map(write)]);
  expect(await listOf(fsck(collector))).toEqual([]);
  report(JSON.stringify(counts));
  expect(counts.pushes).toBeGreaterThan(seconds);
  expect(counts.removed).toBeGreaterThan(0);
  expect(counts.unlinked).toBeGreaterThan(0);
}

/** What is there already is not sent again: it is touched, and then counted on. */
async function pushAsClientsDo(storage: RegistryStorage, name: string, text: string): Promise<void> {
  const image = makeImage(text);
  const repository = storage.metadata.repository(name);
  const parts = [JSON.stringify({ text }), `layer of ${text}`];
  for (const part of parts) {
    const digest = digestOf(part);
    if ((await repository.touchBlob(digest)) && (await storage.blobs.touch(digest))) continue;
    const { id } = await storage.blobs.uploads.begin(name);
    await storage.blobs.uploads.append(id, 0, contentOf(part));
    await storage.blobs.uploads.finish(id, digest);
    await repository.linkBlob(digest);
  }
  for (const digest of incoming(image).references) {
    const isThere = (await repository.touchBlob(digest)) && (await storage.blobs.touch(digest));
    if (!isThere) throw new Error(`${digest} went while ${text} was pushed to ${name}`);
  }
  await storage.blobs.put(image.manifest.digest, image.manifestBytes);
  await repository.putManifest(incoming(image), { tag: text.replace(" ", "-"), to: image.manifest.digest });
}

/** Somebody else may delete the manifest, but as long as it is there, so are its blobs. */
async function checkImage(storage: RegistryStorage, name: string, text: string): Promise<void> {
  const image = makeImage(text);
  const repository = storage.metadata.repository(name);
  try {
    expect(await readAll(storage.blobs.read(image.layer.digest))).toEqual(bytesOf(`layer of ${text}`));
    expect(await repository.hasBlob(image.config.digest)).toBe(true);
  } catch (error) {
    if ((await repository.manifest(image.manifest.digest)) !== undefined) throw error;
  }
}
