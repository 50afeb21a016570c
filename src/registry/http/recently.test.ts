import { expect, it } from "vitest";

import { Recently } from "./recently.ts";

it("what was done a moment ago counts as done for that moment, and not at all when the clock is set back", () => {
  let now = 1_000_000;
  const kept = new Recently(1000, () => now);
  kept.add("a");
  now += 999;
  expect(kept.has("a")).toBe(true);
  now += 1;
  expect(kept.has("a")).toBe(false);
  kept.add("a");
  now -= 86_400_000;
  expect(kept.has("a")).toBe(false);
});
