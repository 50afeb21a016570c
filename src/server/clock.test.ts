import { expect, it } from "vitest";

import { steadyClock } from "./clock.ts";

it("a clock that is set back goes on; one that is set forward, and right again, too", () => {
  let [wall, elapsed] = [1_000_000, 50];
  const now = steadyClock(
    () => wall,
    () => elapsed,
  );
  const after = (milliseconds: number, set = wall + milliseconds): number => {
    elapsed += milliseconds;
    wall = set;
    return now();
  };
  expect(now()).toBe(1_000_000);
  expect(after(1000)).toBe(1_001_000);
  expect(after(1000, 0)).toBe(1_002_000);
  expect(after(1000, 9_000_000)).toBe(9_000_000);
  expect(after(1000, 1_004_000)).toBe(1_004_000);
});
