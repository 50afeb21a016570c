import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { processorTime } from "../../../test/fixtures/processor-time.ts";
import { adaptiveFileSystem, MeasuredPace } from "./adaptive-file-system.ts";
import { createDirectFileSystem } from "./direct-file-system.ts";

let time = 1000;
const now = (): number => time;

/** Makes `calls` calls that take so many milliseconds each, with a pause after each. */
function use(pace: MeasuredPace, calls: number, took: number, pause: number): void {
  for (let call = 0; call < calls; call++) {
    pace.timed(() => (time += took));
    time += pause;
  }
}

describe("how long calls are made on the calling thread", () => {
  beforeEach(() => (time = 1000));

  it.each([
    ["that take a millisecond, one after the other", 10_000, 1, 0],
    ["that take 5 ms, 30 a second", 1000, 5, 28],
    ["of which now and then one takes a quarter of a second", 50, 250, 2000],
  ])("for ever, with calls %s", (_what, calls, took, pause) => {
    const pace = new MeasuredPace({ now });
    use(pace, calls, took, pause);
    expect(pace.isQuick).toBe(true);
  });

  it.each([
    ["one takes a third of a second", 1, 333, 0],
    ["many take 20 ms each", 30, 20, 5],
  ])("until %s, and again half a minute later", (_what, calls, took, pause) => {
    const pace = new MeasuredPace({ now });
    use(pace, calls, took, pause);
    expect(pace.isQuick).toBe(false);
    time += 30_000;
    expect(pace.isQuick).toBe(true);
  });

  it("a call that fails counts as any other", () => {
    const pace = new MeasuredPace({ now });
    const failing = (): never => {
      time += 400;
      throw new Error("EIO");
    };
    expect(() => pace.timed(failing)).toThrow("EIO");
    expect(pace.isQuick).toBe(false);
  });
});

it("of many calls at once, too, no more are made in a turn than take ten milliseconds", async () => {
  time = 1000;
  const pace = new MeasuredPace({ now });
  const perTurn: number[] = [];
  let calls = 0;
  const fs = createDirectFileSystem({
    isQuick: true,
    turn: () => pace.turn(),
    timed: (call) => {
      time += 1;
      calls += 1;
      return call();
    },
  });
  let isOver = false;
  const count = (): void => {
    perTurn.push(calls);
    calls = 0;
    if (!isOver) setImmediate(count);
  };
  setImmediate(count);
  await Promise.all(Array.from({ length: 200 }, async () => fs.status("/")));
  isOver = true;
  expect(Math.max(calls, ...perTurn)).toBeLessThanOrEqual(10);
});

it("calls that follow one another let others have their turn", async () => {
  const pace = new MeasuredPace();
  let turns = 0;
  const timer = setInterval(() => (turns += 1), 1);
  const end = processorTime() + 200;
  while (processorTime() < end) {
    await pace.turn();
    pace.timed(() => undefined);
  }
  clearInterval(timer);
  expect(turns).toBeGreaterThan(5);
});

describe("a file system that has become slow", () => {
  let directory: string;
  beforeEach(async () => (directory = await mkdtemp(join(tmpdir(), "skillimage-fs-"))));
  afterEach(() => rm(directory, { recursive: true, force: true }));

  it("does the same as before, with files that were opened before, too", async () => {
    let slow = false;
    let clock = 0;
    // Every look at the clock is a second later: each call seems to take so long.
    const fs = adaptiveFileSystem({ now: () => (slow ? (clock += 1000) : clock) });
    const path = join(directory, "file");
    const file = await fs.create(path);
    await file.write(Buffer.from("be"));
    slow = true;
    await file.write(Buffer.from("fore"));
    slow = false;
    await file.write(Buffer.from(", after"));
    await file.sync();
    await file.close();
    await file.close();
    expect(Buffer.from(await fs.readFile(path, 100)).toString()).toBe("before, after");
    await expect(fs.create(path)).rejects.toMatchObject({ code: "EEXIST" });
    await expect(fs.readFile(path, 3)).rejects.toMatchObject({ code: "EFBIG" });
    await expect(fs.open(directory)).rejects.toMatchObject({ code: "EFTYPE" });
    await fs.touch(path, 5000);
    expect(await fs.status(path)).toMatchObject({ kind: "file", size: 13, modified: 5000 });
    await fs.syncDirectory(directory);
    await fs.unlink(path);
    expect(await fs.status(path)).toBeUndefined();
  });
});
