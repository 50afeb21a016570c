import { describe, expect, it } from "vitest";

import { PromotionAnnotation } from "../../../oci/index.ts";
import { Bench, inState } from "../testing/bench.ts";
import { recordOf } from "../testing/record-of.ts";

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

  it.each(["frank", "robot+zz"])("nobody does both by a record that names %s, who comes later", async (actor) => {
    const bench = new Bench({ rules });
    const draft = await bench.pack();
    const testing = inState(draft, "testing");
    await bench.push(draft, "1.0.0-draft", "author");
    await bench.push(testing, "1.0.0-testing", "author", "approver");
    const record = recordOf(draft, testing, { [PromotionAnnotation.actor]: actor });
    await expect(bench.push(record, undefined, "author", "approver")).rejects.toThrow("may not record that");
    bench.people.add(actor);
    bench.restart();
    await expect(bench.push(inState(draft, "published"), "1.0.0", "author", "approver")).rejects.toThrow(
      "it is not known who took",
    );
  });
});

describe("where nobody knows who took a skill to testing", () => {
  /** Taken by an author when it did not matter who that was; the record names somebody whom nobody knows. */
  async function unknown() {
    const bench = new Bench();
    bench.people.add("author").add("approver").add("author+approver");
    const draft = await bench.pack();
    const testing = inState(draft, "testing");
    await bench.push(draft, "1.0.0-draft", "author");
    await bench.push(testing, "1.0.0-testing", "author");
    await bench.push(recordOf(draft, testing, { [PromotionAnnotation.actor]: "laptop" }), undefined, "author");
    bench.restart({ rules });
    return { bench, draft, testing, published: inState(draft, "published") };
  }

  it("whoever puts it there again did, so that somebody else can publish it", async () => {
    const { bench, testing, published } = await unknown();
    await bench.push(testing, "1.0.0-testing", "author", "approver");
    await expect(bench.push(published, "1.0.0", "author", "approver")).rejects.toThrow("took acme/greeter 1.0.0");
    await bench.push(published, "1.0.0", "approver");
  });

  it("whoever puts it there again is recorded, beside a record that names nobody here", async () => {
    const { bench, draft, testing, published } = await unknown();
    await bench.push(testing, "1.0.0-testing", "author");
    const record = recordOf(draft, testing, { [PromotionAnnotation.actor]: "author" });
    await expect(bench.push(record, undefined, "approver")).rejects.toThrow("may not record");
    await bench.push(record, undefined, "author");
    bench.restart();
    await expect(bench.push(published, "1.0.0", "author", "approver")).resolves.toBeDefined();
  });

  it("whoever may not take that step, or mirrors, is not taken for them", async () => {
    const { bench, testing, published } = await unknown();
    await bench.push(testing, "1.0.0-testing", "reader");
    await bench.push(testing, "1.0.0-testing", "mirror");
    await bench.push(testing, "mine", "author");
    await expect(bench.push(published, "1.0.0", "approver")).rejects.toThrow("it is not known who took");
  });

  it("a record of one's own says so for good, once", async () => {
    const { bench, draft, testing, published } = await unknown();
    const record = (actor: string) => recordOf(draft, testing, { [PromotionAnnotation.actor]: actor });
    await bench.push(record("author+approver"), undefined, "author", "approver");
    bench.restart({ rules });
    await expect(bench.push(record("approver"), undefined, "approver")).rejects.toThrow("is recorded already");
    // Known is known: nobody takes it over.
    await bench.push(testing, "1.0.0-testing", "approver");
    await expect(bench.push(published, "1.0.0", "author", "approver")).rejects.toThrow("took acme/greeter 1.0.0");
    await bench.push(published, "1.0.0", "approver");
  });
});
