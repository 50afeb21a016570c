/**
 * Figure: 0 missing blobs while 4 processes push, tag and untag the same images and garbage is collected all the time,
 * for 8 seconds (soak: 3 minutes).
 */
import { afterAll, beforeAll, expect, it } from "vitest";

import { LayoutStore } from "../../src/store/index.ts";
import { temporaryDirectory } from "../fixtures/temporary-directory.ts";
import { figure } from "./soak.ts";
import { startWorker } from "./worker.ts";

const SECONDS = figure(8, 180);
const WRITERS = 4;
/** Milliseconds: longer than most pushes take, and short enough for content to become garbage between two uses. */
const GRACE = 1500;

let directory: string;
let remove: () => Promise<void>;
beforeAll(async () => {
  ({ path: directory, remove } = await temporaryDirectory());
});
afterAll(async () => remove());

it(`eats no push in ${SECONDS} seconds`, async () => {
  const store = await LayoutStore.open(directory);
  const workers = Array.from({ length: WRITERS }, (_, at) =>
    startWorker("churner", directory, `c${at}`, SECONDS, GRACE),
  );
  let ended = false;
  const all = Promise.all(workers.map(async (worker) => worker.ended)).finally(() => (ended = true));
  let removed = 0;
  let collections = 0;
  while (!ended) {
    removed += (await store.gc({ grace: GRACE })).removed.length;
    collections += 1;
  }
  expect(await all, workers.map((worker) => worker.errors()).join("\n")).toEqual(workers.map(() => 0));
  expect(await store.fsck()).toEqual([]);
  const reads = workers.flatMap(({ lines }) => lines.filter((line) => line.startsWith("read")));
  expect(reads.length).toBeGreaterThan(SECONDS);
  expect(collections).toBeGreaterThan(SECONDS / 4);
  expect(removed).toBeGreaterThan(0);
});
