/**
 * Figure: 500 holders of the lock are killed with SIGKILL while 8 processes write (short: 40). No acknowledged tag is
 * lost or wrong, no blob is damaged, and no temporary file is left once the store has been opened and written again.
 */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";

import { LayoutStore } from "../../src/store/index.ts";
import { temporaryDirectory } from "../fixtures/temporary-directory.ts";
import { pushImage } from "../../src/store/testing/images.ts";
import { figure, seededRandom } from "./soak.ts";
import { startWorker, type Worker } from "./worker.ts";

const KILLS = figure(40, 500);
const WRITERS = 8;

let directory: string;
let remove: () => Promise<void>;
beforeAll(async () => {
  ({ path: directory, remove } = await temporaryDirectory());
});
afterAll(async () => remove());

it(`survives ${KILLS} kills of whoever holds the lock`, async () => {
  const all: Worker[] = [];
  const running = new Map<number, Worker>();
  const start = (): void => {
    const worker = startWorker("tagger", directory, `w${all.length}`, 1_000_000);
    all.push(worker);
    running.set(worker.pid, worker);
  };
  for (let at = 0; at < WRITERS; at += 1) start();

  const random = seededRandom(1);
  for (let kills = 0, seen = ""; kills < KILLS;) {
    await turn();
    const { id, owner } = await readLock();
    if (id === undefined || id === seen) continue;
    seen = id;
    // Two of three get through, the third dies at some moment of its hold.
    if (random() > 1 / 3) continue;
    for (let turns = Math.floor(random() * 40); turns > 0; turns -= 1) await turn();
    const holder = running.get(Number.parseInt(owner ?? "", 10));
    if (holder === undefined || (await readLock()).id !== id) continue;
    holder.kill();
    await holder.ended;
    running.delete(holder.pid);
    kills += 1;
    start();
  }
  for (const worker of running.values()) worker.kill();
  await Promise.all(all.map(async ({ ended }) => ended));
  expect(all.map((worker) => worker.errors()).join("")).toBe("");

  const store = await LayoutStore.open(directory);
  const repository = store.repository("examples/tagged");
  await repository.tag((await pushImage(repository, "after")).manifest, "after");
  const entries = await store.entries();
  const tags = new Map(entries.map(({ tag, descriptor }) => [tag, descriptor.digest as string]));
  const acknowledged = all.flatMap(({ lines }) => lines.map((line) => line.split(" ") as [string, string]));
  expect(acknowledged.length).toBeGreaterThan(KILLS);
  expect(acknowledged.filter(([tag, digest]) => tags.get(tag) !== digest)).toEqual([]);
  expect(await store.fsck()).toEqual([]);
  expect(await readdir(join(directory, ".skillimage", "tmp"))).toEqual([]);
});

async function readLock(): Promise<{ readonly id?: string; readonly owner?: string }> {
  const text = await readFile(join(directory, ".skillimage", "lock"), "utf8").catch(() => "{}");
  return JSON.parse(text) as { readonly id?: string; readonly owner?: string };
}
