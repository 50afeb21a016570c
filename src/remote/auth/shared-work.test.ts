import { describe, expect, it } from "vitest";

import { SharedWork } from "./shared-work.ts";

/** Work that a test finishes when it likes, and how often it was begun. */
function work() {
  const begun: { readonly finish: (value: string) => void; readonly fail: () => void; readonly signal: AbortSignal }[] =
    [];
  const begin = async (signal: AbortSignal) =>
    new Promise<string>((resolve, reject) => {
      begun.push({ finish: resolve, fail: () => reject(new Error("failed")), signal });
    });
  return { begun, begin };
}

describe("work that several want at once", () => {
  it("is done once, and again when somebody wants it later", async () => {
    const { begun, begin } = work();
    const shared = new SharedWork<string>();
    const both = [shared.run("a", begin), shared.run("a", begin)];
    begun[0]?.finish("done");
    expect(await Promise.all(both)).toEqual(["done", "done"]);
    expect(begun).toHaveLength(1);
    void shared.run("a", begin);
    expect(begun).toHaveLength(2);
  });

  it("is done for each key", () => {
    const { begun, begin } = work();
    const shared = new SharedWork<string>();
    void shared.run("a", begin);
    void shared.run("b", begin);
    expect(begun).toHaveLength(2);
  });

  it("fails for all, and is not remembered as failed", async () => {
    const { begun, begin } = work();
    const shared = new SharedWork<string>();
    const both = [shared.run("a", begin), shared.run("a", begin)];
    begun[0]?.fail();
    expect((await Promise.allSettled(both)).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    const third = shared.run("a", begin);
    begun[1]?.finish("done");
    expect(await third).toBe("done");
  });

  it("goes on when one gives up, and stops when all do", async () => {
    const { begun, begin } = work();
    const shared = new SharedWork<string>();
    const [first, second] = [new AbortController(), new AbortController()];
    const both = [shared.run("a", begin, first.signal), shared.run("a", begin, second.signal)];
    first.abort();
    await expect(both[0]).rejects.toMatchObject({ code: "ABORTED" });
    expect(begun[0]?.signal.aborted).toBe(false);
    second.abort();
    await expect(both[1]).rejects.toMatchObject({ code: "ABORTED" });
    expect(begun[0]?.signal.aborted).toBe(true);
    void shared.run("a", begin);
    expect(begun).toHaveLength(2);
  });

  it("is not begun by somebody who has given up already", async () => {
    const { begun, begin } = work();
    await expect(new SharedWork<string>().run("a", begin, AbortSignal.abort())).rejects.toMatchObject({
      code: "ABORTED",
    });
    expect(begun).toEqual([]);
  });
});
