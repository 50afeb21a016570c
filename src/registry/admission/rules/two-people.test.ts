import { describe, expect, it } from "vitest";

import { Bench, inState } from "../testing/bench.ts";

const rules = { "two-people": true };

describe("with two people for each skill", () => {
  it("nobody publishes what they took to testing themselves, by tag or digest", async () => {
    const bench = new Bench({ rules });
    const draft = await bench.pack();
    await bench.push(draft, "1.0.0-draft", "author");
    await bench.push(inState(draft, "testing"), "1.0.0-testing", "author", "approver");
    const published = inState(draft, "published");
    for (const tag of ["1.0.0", undefined]) {
      await expect(bench.push(published, tag, "author", "approver")).rejects.toThrow(
        '"author+approver" took acme/greeter 1.0.0 to testing, and may not publish it as well',
      );
    }
    await bench.push(published, "1.0.0", "approver");
    await bench.push(inState(draft, "deprecated"), "1.0.0", "approver");
  });

  it("nobody publishes what nobody knows who tested", async () => {
    const bench = new Bench({ rules });
    const draft = await bench.pack();
    await bench.push(inState(draft, "testing"), "1.0.0-testing", "mirror");
    await expect(bench.push(inState(draft, "published"), "1.0.0", "approver")).rejects.toThrow(
      "it is not known who took",
    );
  });

  it("is not asked unless it is turned on", async () => {
    const bench = new Bench();
    await bench.publish(await bench.pack(), "1.0.0");
  });
});
