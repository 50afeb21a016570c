import v8 from "node:v8";

import { afterEach, beforeEach, expect, it, vi } from "vitest";

import { compileLess } from "./compile-less.ts";

const set = vi.spyOn(v8, "setFlagsFromString").mockImplementation(() => undefined);
const settings = (): unknown[] => set.mock.calls.map(([flag]) => flag);

beforeEach(() => {
  vi.useFakeTimers();
  set.mockClear();
});
afterEach(() => void vi.useRealTimers());

it("sets nothing for a call that ends soon", () => {
  const end = compileLess("11.3.244.8-node.38");
  vi.advanceTimersByTime(200);
  end();
  vi.advanceTimersByTime(1000);
  expect(settings()).toEqual([]);
});

it("makes V8 patient when the call takes long, and as it was at its end", () => {
  const end = compileLess("11.3.244.8-node.38");
  vi.advanceTimersByTime(300);
  expect(settings()).toEqual(["--interrupt-budget=400000"]);
  end();
  expect(settings()).toEqual(["--interrupt-budget=400000", "--interrupt-budget=67584"]);
});

it("asks nothing of versions that do not know the setting", () => {
  const end = compileLess("12.4.254.21-node.33");
  vi.advanceTimersByTime(300);
  end();
  expect(settings()).toEqual([]);
});
