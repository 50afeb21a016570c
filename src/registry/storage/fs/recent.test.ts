import { expect, it } from "vitest";

import { RecentValues } from "./recent.ts";

it("reads a value once", async () => {
  const recent = new RecentValues<number>(10);
  let reads = 0;
  const read = async (): Promise<number> => (reads += 1);
  expect(await Promise.all([recent.get("a", read), recent.get("a", read)])).toEqual([1, 1]);
  expect(await recent.get("a", read)).toBe(1);
});

it("does not remember that there is nothing", async () => {
  const recent = new RecentValues<number>(10);
  expect(await recent.get("a", async () => undefined)).toBeUndefined();
  expect(await recent.get("a", async () => 1)).toBe(1);
});

it("does not keep what was read before a change that came meanwhile", async () => {
  const recent = new RecentValues<string>(10);
  let answer: (value: string) => void = () => undefined;
  const slow = recent.get("a", async () => new Promise((resolve) => (answer = resolve)));
  recent.set("a", "new");
  answer("old");
  expect(await slow).toBe("old");
  expect(await recent.get("a", async () => "read again")).toBe("new");
  const slower = recent.get("b", async () => new Promise((resolve) => (answer = resolve)));
  recent.set("b", undefined);
  answer("old");
  await slower;
  expect(await recent.get("b", async () => "read again")).toBe("read again");
});

it("keeps no more than it may", async () => {
  const recent = new RecentValues<number>(2);
  for (const [at, key] of ["a", "b", "c"].entries()) recent.set(key, at);
  expect(await recent.get("a", async () => 9)).toBe(9);
  expect(await recent.get("c", async () => 9)).toBe(2);
});

it("keeps nothing where somebody else may change it", async () => {
  const recent = new RecentValues<number>(0);
  recent.set("a", 1);
  expect(await recent.get("a", async () => 2)).toBe(2);
  expect(await recent.get("a", async () => 3)).toBe(3);
});
