import { describe, expect, it } from "vitest";

import { PromotionAnnotation } from "../../../oci/index.ts";
import { Bench, inState } from "../testing/bench.ts";
import { describeImage, recordOf } from "../testing/record-of.ts";

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

  it("the tag of the version is put there by somebody else, too, when it was published by its digest", async () => {
    const bench = new Bench({ rules });
    const draft = await bench.pack();
    const published = inState(draft, "published");
    await bench.push(draft, "1.0.0-draft", "author");
    await bench.push(inState(draft, "testing"), "1.0.0-testing", "author", "approver");
    await bench.push(published, undefined, "approver");
    await expect(bench.push(published, "1.0.0", "author", "approver")).rejects.toThrow("may not publish it as well");
    await bench.push(published, "1.0.0", "approver", "reader");
    const record = recordOf(inState(draft, "testing"), published);
    await expect(bench.push(record, undefined, "approver", "reader")).rejects.toThrow("that somebody else took");
    await bench.push(record, undefined, "approver");
  });

  it.each(["as the process saw it", "as a record says"])(
    "nobody is forgotten by whoever takes the tag away and puts it back: %s",
    async (known) => {
      const bench = new Bench({ rules });
      bench.people.add("author").add("author+approver");
      const draft = await bench.pack();
      const testing = inState(draft, "testing");
      await bench.push(draft, "1.0.0-draft", "author");
      await bench.push(testing, "1.0.0-testing", "author", "approver");
      if (known === "as a record says") {
        const record = recordOf(draft, testing, { [PromotionAnnotation.actor]: "author+approver" });
        await bench.push(record, undefined, "author", "approver");
        bench.restart();
      }
      await bench.untag("1.0.0-testing", "author");
      await bench.push(testing, "1.0.0-testing", "author");
      const published = inState(draft, "published");
      await expect(bench.push(published, "1.0.0", "author", "approver")).rejects.toThrow("took acme/greeter 1.0.0");
      await bench.push(published, "1.0.0", "approver");
    },
  );

  it("who pushed what was then refused has taken no step", async () => {
    const bench = new Bench({ rules });
    const draft = await bench.pack();
    const testing = inState(draft, "testing");
    await bench.push(draft, "1.0.0-draft", "author");
    bench.quotas = [{ namespace: "acme", manifests: 1 }];
    await expect(bench.push(testing, "1.0.0-testing", "author")).rejects.toMatchObject({ code: "QUOTA_EXCEEDED" });
    bench.quotas = [];
    await bench.push(testing, "1.0.0-testing", "mirror");
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
    bench.restart({ rules });
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

describe("with two people, who took a skill to testing elsewhere", () => {
  const actor = { [PromotionAnnotation.actor]: "carol" };

  async function mirrored() {
    const bench = new Bench({ rules });
    bench.people.add("carol").add("author+approver");
    const draft = await bench.pack();
    await bench.push(draft, "1.0.0-draft", "mirror");
    const [testing, published] = [inState(draft, "testing"), inState(draft, "published")];
    return { bench, draft, testing, published, record: recordOf(draft, testing, actor) };
  }

  it("is not taken for having done it here: by a record that comes after the image", async () => {
    const { bench, draft, testing, published, record } = await mirrored();
    await bench.push(testing, "1.0.0-testing", "mirror");
    await expect(bench.push(record, undefined, "mirror")).rejects.toThrow("who took it there elsewhere");
    const another = recordOf(testing, published, actor, { subject: describeImage(testing) });
    await expect(bench.push(another, undefined, "mirror")).rejects.toThrow("not the record");
    await bench.push(recordOf(draft, testing, { [PromotionAnnotation.actor]: "oidc" }), undefined, "mirror");
    await expect(bench.push(published, "1.0.0", "author", "approver")).rejects.toThrow("it is not known who took");
  });

  it("is not taken for having done it here: by a record that comes before the image", async () => {
    const { bench, testing, published, record } = await mirrored();
    await bench.push(record, undefined, "mirror");
    for (const roles of [["mirror"], ["author", "approver"]] as const) {
      await expect(bench.push(testing, "1.0.0-testing", ...roles)).rejects.toThrow("took it to testing");
    }
    await expect(bench.push(published, "1.0.0", "author", "approver")).rejects.toThrow("nothing in acme/greeter is");
  });

  it("stands in the history of what was published there, which comes in either order", async () => {
    for (const isRecordFirst of [true, false]) {
      const { bench, testing, published, record } = await mirrored();
      const history = [record, recordOf(testing, published, actor)];
      if (isRecordFirst) for (const each of history) await bench.push(each, undefined, "mirror");
      await bench.push(published, "1.0.0", "mirror");
      if (!isRecordFirst) for (const each of history) await bench.push(each, undefined, "mirror");
      await bench.push(testing, "1.0.0-testing", "mirror");
    }
  });

  it("stands there as well where the image in testing is here, once the version is out", async () => {
    const { bench, testing, published, record } = await mirrored();
    await bench.push(testing, "1.0.0-testing", "mirror");
    await expect(bench.push(record, undefined, "mirror")).rejects.toThrow("who took it there elsewhere");
    await bench.push(published, "1.0.0", "mirror");
    await bench.push(record, undefined, "mirror");
  });

  it("took what was removed here there again, if that is who did it", async () => {
    const bench = new Bench({ rules });
    bench.people.add("author");
    const draft = await bench.pack();
    const testing = inState(draft, "testing");
    await bench.push(draft, "1.0.0-draft", "author");
    const digest = await bench.push(testing, "1.0.0-testing", "author");
    await bench.push(recordOf(draft, testing, { [PromotionAnnotation.actor]: "author" }), undefined, "author");
    await bench.delete(digest, "author");
    await expect(bench.push(testing, "1.0.0-testing", "approver")).rejects.toThrow("took it to testing");
    await bench.push(testing, "1.0.0-testing", "author");
  });
});
