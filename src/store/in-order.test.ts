import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { inOrder } from "./in-order.ts";
import { listOf } from "./testing/images.ts";

describe("inOrder", () => {
  it("keeps the order, whatever finishes first, and never does more at once than allowed", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(5), { maxLength: 80 }), fc.integer({ min: 1, max: 4 }), async (turns, width) => {
        let running = 0;
        let most = 0;
        const work = async (at: number): Promise<number> => {
          most = Math.max(most, ++running);
          for (let turn = turns[at] ?? 0; turn > 0; turn--) await Promise.resolve();
          running--;
          return at;
        };
        expect(await listOf(inOrder(turns.keys(), width, work))).toEqual([...turns.keys()]);
        expect(most).toBeLessThanOrEqual(width);
      }),
    );
  });

  it("begins nothing more once nobody listens", async () => {
    const begun: number[] = [];
    const results = inOrder([0, 1, 2, 3, 4, 5], 2, async (item) => {
      begun.push(item);
      await new Promise((resolve) => setImmediate(resolve));
      return item;
    });
    for await (const result of results) if (result === 0) break;
    const count = begun.length;
    await new Promise((resolve) => setImmediate(resolve));
    expect(begun).toHaveLength(count);
    expect(count).toBeLessThan(6);
  });

  it("tells, where that is asked for, what was done beside the first failure", async () => {
    const seen: number[] = [];
    const gate = new AbortController();
    const results = inOrder(
      [0, 1, 2, 3, 4, 5],
      3,
      async (item) => {
        // The first one takes longest, the third never begins to end well.
        if (item === 0) await new Promise((resolve) => gate.signal.addEventListener("abort", resolve, { once: true }));
        if (item === 4) gate.abort();
        if (item === 0 || item === 2) throw new Error(`no ${item}`);
        return item;
      },
      { salvage: true },
    );
    const reading = (async () => {
      for await (const result of results) seen.push(result);
    })();
    await expect(reading).rejects.toThrow("no 0");
    expect(seen.slice(0, 3)).toEqual([1, 3, 4]);
  });

  it("ends with the first failure, after what had begun is done", async () => {
    let running = 0;
    const results = inOrder([0, 1, 2], 3, async (item) => {
      running++;
      await new Promise((resolve) => setImmediate(resolve));
      running--;
      if (item === 0) throw new Error("no");
      return item;
    });
    await expect(listOf(results)).rejects.toThrow("no");
    expect(running).toBe(0);
  });

  it("takes items as it needs them", async () => {
    let taken = 0;
    function* items(): Generator<number> {
      for (; taken < 10_000;) yield taken++;
    }
    for await (const result of inOrder(items(), 2, async (item) => item)) if (result === 3) break;
    expect(taken).toBeLessThan(100);
  });
});
