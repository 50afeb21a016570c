import { expect, it } from "vitest";

import { RepositoryLock, RepositoryLocks } from "./repository-lock.ts";

/** Work that ends when told to. */
function manual(): { readonly work: () => Promise<void>; readonly end: () => void; hasBegun: boolean } {
  let end = (): void => undefined;
  const ended = new Promise<void>((resolve) => (end = resolve));
  const task = {
    hasBegun: false,
    end: () => end(),
    work: async () => {
      task.hasBegun = true;
      await ended;
    },
  };
  return task;
}

const turn = async (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

it("lets different keys go side by side, and equal ones one after another", async () => {
  const lock = new RepositoryLock();
  const [a, b, again] = [manual(), manual(), manual()];
  const all = [lock.shared(["a"], a.work), lock.shared(["b"], b.work), lock.shared(["c", "a"], again.work)];
  await turn();
  expect([a.hasBegun, b.hasBegun, again.hasBegun]).toEqual([true, true, false]);
  a.end();
  await turn();
  expect(again.hasBegun).toBe(true);
  b.end();
  again.end();
  await Promise.all(all);
  expect(lock.isIdle).toBe(true);
});

it("lets nobody work beside one that is alone, and nobody overtake one that waits to be", async () => {
  const lock = new RepositoryLock();
  const [first, alone, late] = [manual(), manual(), manual()];
  const all = [lock.shared(["a"], first.work), lock.exclusive(alone.work), lock.shared(["b"], late.work)];
  await turn();
  expect([first.hasBegun, alone.hasBegun, late.hasBegun]).toEqual([true, false, false]);
  first.end();
  await turn();
  expect([alone.hasBegun, late.hasBegun]).toEqual([true, false]);
  alone.end();
  await turn();
  expect(late.hasBegun).toBe(true);
  late.end();
  await Promise.all(all);
});

it("goes on after work that failed or was cancelled", async () => {
  const lock = new RepositoryLock();
  await expect(lock.exclusive(async () => Promise.reject(new Error("failed")))).rejects.toThrow("failed");
  const held = manual();
  const running = lock.exclusive(held.work);
  const controller = new AbortController();
  const cancelled = lock.exclusive(async () => "never", { signal: controller.signal });
  controller.abort();
  held.end();
  await running;
  await expect(cancelled).rejects.toMatchObject({ code: "ABORTED" });
  expect(await lock.shared(["a"], async () => "done")).toBe("done");
  expect(lock.isIdle).toBe(true);
});

/** Lets so many callbacks of promises run before it goes on. */
async function ticks(count: number): Promise<void> {
  for (let tick = 0; tick < count; tick += 1) await Promise.resolve();
}

it("lets only one be alone in a repository, at whatever moments others come, go and give up", async () => {
  const locks = new RepositoryLocks();
  const signal = AbortSignal.abort();
  let [now, most] = [0, 0];
  const alone = async (after: number, length: number): Promise<void> => {
    await ticks(after);
    await locks.with("r", async (lock) =>
      lock.exclusive(async () => {
        now += 1;
        most = Math.max(most, now);
        await ticks(length);
        now -= 1;
      }),
    );
  };
  const givesUp = async (after: number): Promise<void> => {
    await ticks(after);
    const tried = locks.with("r", async (lock) => lock.exclusive(async () => undefined, { signal }));
    await expect(tried).rejects.toMatchObject({ code: "ABORTED" });
  };
  for (let first = 0; first < 14; first += 1) {
    for (let second = 0; second < 20; second += 1) {
      await Promise.all([alone(0, 3), givesUp(first), alone(second, 40), alone(second + 8, 40)]);
    }
  }
  expect(most).toBe(1);
});
