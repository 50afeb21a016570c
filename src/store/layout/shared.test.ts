import { expect, it } from "vitest";

import { shared } from "./shared.ts";

it("gives callers of one moment one run, and a caller during a run the next one", async () => {
  let runs = 0;
  let finish = (): void => undefined;
  const run = shared(async () => {
    const number = ++runs;
    await new Promise<void>((resolve) => (finish = resolve));
    return number;
  });
  const first = [run(), run()];
  await Promise.resolve();
  await Promise.resolve();
  const late = [run(), run()];
  finish();
  expect(await Promise.all(first)).toEqual([1, 1]);
  await Promise.resolve();
  finish();
  expect(await Promise.all(late)).toEqual([2, 2]);
});

it("runs again after a failure, which only its own callers see", async () => {
  let runs = 0;
  const run = shared(async () => {
    runs++;
    if (runs === 1) throw new Error("first");
    return runs;
  });
  await expect(Promise.all([run(), run()])).rejects.toThrow("first");
  expect(await run()).toBe(2);
});
