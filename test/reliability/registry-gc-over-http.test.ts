/**
 * Figure: 0 missing blobs while 8 clients push, pull and delete the same images over HTTP, and the server collects garbage every
 * second, for 15 seconds (soak: 5 minutes).
 */
import { join } from "node:path";

import { afterAll, beforeAll, expect, it } from "vitest";

import { isSkillError } from "../../src/errors.ts";
import { fsck, scrub } from "../../src/registry/maintenance/index.ts";
import { createFsStorage } from "../../src/registry/storage/fs/index.ts";
import { RemoteStore } from "../../src/remote/index.ts";
import { listOf, makeImage, pushImage } from "../../src/store/testing/images.ts";
import { temporaryDirectory } from "../fixtures/temporary-directory.ts";
import { startServer, type ServerProcess } from "./registry-server.ts";
import { figure, report, seededRandom } from "./soak.ts";

const SECONDS = figure(15, 300);
const CLIENTS = 8;
/** Milliseconds: a push that takes longer may lose its blobs before it has its manifest, and is made again. */
const GRACE = 3000;
/** So many that some are garbage for a while before somebody pushes them again. */
const IMAGES = 200;

let server: ServerProcess;
let root: string;
let remove: () => Promise<void>;
beforeAll(async () => {
  const { path, remove: removeAll } = await temporaryDirectory();
  [root, remove] = [join(path, "registry"), removeAll];
  server = await startServer(root, {
    config: { gc: { every: "1s", grace: `${GRACE / 1000}s` }, log: { level: "info", requests: false } },
  });
});
afterAll(async () => {
  server.kill();
  await server.ended;
  await remove();
});

it(`misses no blob in ${SECONDS} seconds`, async () => {
  const end = Date.now() + SECONDS * 1000;
  const counts = { pushes: 0, late: 0, deleted: 0 };
  const client = async (_: unknown, number: number): Promise<void> => {
    const random = seededRandom(number);
    const store = new RemoteStore({ registry: server.host });
    const repository = store.repository(`${server.host}/examples/r${number % 2}`);
    const blobs = `${server.url}/v2/examples/r${number % 2}/blobs/`;
    while (Date.now() < end) {
      const text = `image ${Math.floor(random() * IMAGES)}`;
      const started = performance.now();
      try {
        const { manifest } = await pushImage(repository, text);
        // It may have been deleted meanwhile.
        await unlessGone(async () => repository.tag(manifest, text.replace(" ", "-")));
        counts.pushes += 1;
      } catch (error) {
        if (performance.now() - started < GRACE) throw error;
        counts.late += 1;
        continue;
      }
      const image = makeImage(text);
      const parts = await Promise.all(
        [image.config, image.layer].map(async ({ digest }) => fetch(blobs + digest).then(({ status }) => status)),
      );
      // Another client may have deleted the manifest since; who still finds it finds all of it.
      const isThere = await repository.exists(image.manifest);
      if (isThere) expect(parts).toEqual([200, 200]);
      if (random() < 0.8 && (await unlessGone(async () => repository.delete(image.manifest)))) counts.deleted += 1;
      // Long enough for garbage to become old.
      if (random() < 0.15) await new Promise((resolve) => setTimeout(resolve, GRACE * 1.2));
    }
    await store.close();
  };
  await Promise.all(Array.from({ length: CLIENTS }).map(client));
  const collections = server
    .log()
    .split("\n")
    .filter((line) => line.includes("collected garbage"));
  const removed = collections.reduce((sum, line) => sum + (JSON.parse(line) as { removed: number }).removed, 0);
  report(JSON.stringify({ ...counts, collections: collections.length, removed }));
  const beside = await createFsStorage(root, { purpose: "maintain" });
  expect(await listOf(fsck(beside))).toEqual([]);
  expect((await scrub(beside, { dryRun: true })).damaged).toEqual([]);
  await beside.close();
  await server.end();
  expect(collections.length).toBeGreaterThan(SECONDS / 3);
  expect(removed).toBeGreaterThan(0);
  expect(counts.pushes).toBeGreaterThan(SECONDS * 4);
});

/** Whether it was done; somebody else may have done it before. */
async function unlessGone(work: () => Promise<unknown>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    if (isSkillError(error, "NOT_FOUND")) return false;
    throw error;
  }
}
