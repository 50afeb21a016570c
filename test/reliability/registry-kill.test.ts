/**
 * Figure: a server killed with SIGKILL 500 times (short: 15) while 16 clients push, move and remove tags and it collects
 * garbage every second. After each start: 0 lost tags, 0 wrong digests, 0 missing or corrupt blobs, 0 temporary files.
 */
import { watch } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";

import { afterAll, beforeAll, expect, it } from "vitest";

import { fsck, scrub } from "../../src/registry/maintenance/index.ts";
import { createFsStorage } from "../../src/registry/storage/fs/index.ts";
import { listOf } from "../../src/store/testing/images.ts";
import { temporaryDirectory } from "../fixtures/temporary-directory.ts";
import { startServer, type ServerProcess } from "./registry-server.ts";
import { RegistryWriter } from "./registry-writer.ts";
import { figure, report, seededRandom } from "./soak.ts";

const KILLS = figure(15, 500);
const WRITERS = 16;
/** A push has some twenty steps, a start some; there are 16 pushes at a time, so the first are done after more than 300. */
const MAX_STEPS = 1500;
/** Milliseconds after which a server dies that takes no steps. */
const LONGEST = 4000;
/** Garbage goes while pushes are under way; none takes so long. */
const CONFIG = { gc: { every: "1s", grace: "1m" } };

let root: string;
let remove: () => Promise<void>;
let running: ServerProcess | undefined;
beforeAll(async () => {
  const { path, remove: removeAll } = await temporaryDirectory();
  [root, remove] = [join(path, "registry"), removeAll];
});
afterAll(async () => {
  // A server that a failed test left would write into what is removed.
  running?.kill();
  await running?.ended;
  await remove();
});

it(`loses nothing that was acknowledged when it is killed ${KILLS} times`, async () => {
  const random = seededRandom(7);
  const writers = Array.from({ length: WRITERS }, (_, at) => new RegistryWriter(`kill/w${at}`, seededRandom(at)));
  for (let kill = 0; kill < KILLS; kill += 1) {
    const server = (running = await startServer(root, { config: CONFIG }));
    await check(server, writers, `after ${kill} kills`);
    if (kill % 50 === 0) report(`${kill} kills so far`);
    const isDead = killWhileItWorks(server, Math.floor(random() * MAX_STEPS), random() * LONGEST);
    const failures = await Promise.all(writers.map(async (writer) => writer.work(server.host, isDead)));
    await server.ended;
    for (const failure of failures) expect(failure ?? new Error("over")).toBeInstanceOf(Error);
  }
  const server = (running = await startServer(root, { config: CONFIG }));
  await check(server, writers, "at the end");
  await server.end();
  expect(await listOf(filesBelow(join(root, "work")))).toEqual([]);
  const storage = await createFsStorage(root, { purpose: "maintain" });
  const { blobs, damaged } = await scrub(storage, { dryRun: true });
  await storage.close();
  expect(damaged).toEqual([]);
  const acknowledged = writers.reduce((sum, writer) => sum + writer.acknowledged, 0);
  report(`${KILLS} kills, ${acknowledged} changes acknowledged, ${blobs} blobs`);
  expect(acknowledged).toBeGreaterThan(KILLS * 4);
});

/** Kills it at a step of its own: when something happened to so many temporary files, or after some time. */
function killWhileItWorks(server: ServerProcess, steps: number, longest: number): () => boolean {
  let left = steps;
  let isDead = false;
  const kill = (): void => {
    isDead = true;
    server.kill();
  };
  const watcher = watch(join(root, "work", "tmp"), () => left-- === 0 && kill());
  const timer = setTimeout(kill, longest);
  void server.ended.then(() => {
    isDead = true;
    watcher.close();
    clearTimeout(timer);
  });
  return () => isDead;
}

/** Before anybody writes again. */
async function check(server: ServerProcess, writers: readonly RegistryWriter[], when: string): Promise<void> {
  expect(await readdir(join(root, "work", "tmp")), when).toEqual([]);
  const violations = await Promise.all(writers.map(async (writer) => writer.violations(server)));
  expect(violations.flat(), when).toEqual([]);
  const beside = await createFsStorage(root, { purpose: "maintain" });
  expect(await listOf(fsck(beside)), when).toEqual([]);
  await beside.close();
  expect(server.log(), when).toBe("");
}

async function* filesBelow(directory: string): AsyncGenerator<string> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  for (const entry of entries) if (entry.isFile()) yield join(entry.parentPath, entry.name);
}
