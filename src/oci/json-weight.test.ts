import fc from "fast-check";
import { expect, it } from "vitest";

import { hasMoreValues } from "./json-weight.ts";

const weigh = (text: string, most: number): boolean => hasMoreValues(new TextEncoder().encode(text), most);

/** How many commas and openings of objects and arrays JSON takes: what is counted, the slow way. */
function countOf(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  const inner: unknown[] = Object.values(value);
  return Math.max(1, inner.length) + inner.reduce<number>((sum, item) => sum + countOf(item), 0);
}

it("counts the values of any JSON, and nothing within strings", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const count = countOf(value);
      const text = JSON.stringify(value).padEnd(2 * count + 3);
      expect([weigh(text, count), count > 0 && weigh(text, count - 1)]).toEqual([false, count > 0]);
    }),
  );
});

it("takes an end within a string or an escape for the end", () => {
  for (const text of ['"', '"\\', "[,,,,", `["${",".repeat(20)}`]) expect(weigh(text, 6)).toBe(false);
});
