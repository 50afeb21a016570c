/** Figure: 50 processes x 20 tags on one layout, 1,000 of 1,000 tags kept. Short: 12 processes x 10 tags. */
import { afterAll, beforeAll, expect, it } from "vitest";

import { LayoutStore } from "../../src/store/index.ts";
import { temporaryDirectory } from "../fixtures/temporary-directory.ts";
import { figure } from "./soak.ts";
import { startWorker } from "./worker.ts";

const PROCESSES = figure(12, 50);
const TAGS = figure(10, 20);

let directory: string;
let remove: () => Promise<void>;
beforeAll(async () => {
  ({ path: directory, remove } = await temporaryDirectory());
});
afterAll(async () => remove());

it(`keeps ${PROCESSES * TAGS} of ${PROCESSES * TAGS} tags that ${PROCESSES} processes write at once`, async () => {
  const workers = Array.from({ length: PROCESSES }, (_, at) => startWorker("tagger", directory, `p${at}`, TAGS));
  for (const worker of workers) expect(await worker.ended, worker.errors()).toBe(0);
  const acknowledged = new Map(
    workers.flatMap(({ lines }) => lines.map((line) => line.split(" ") as [string, string])),
  );
  expect(acknowledged.size).toBe(PROCESSES * TAGS);

  const store = await LayoutStore.open(directory);
  const entries = await store.entries();
  expect(new Map(entries.map(({ tag, descriptor }) => [tag, descriptor.digest as string]))).toEqual(acknowledged);
  expect(await store.fsck()).toEqual([]);
});
