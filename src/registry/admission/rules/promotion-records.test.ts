import { describe, expect, it } from "vitest";

import { digestOf, PromotionAnnotation } from "../../../oci/index.ts";
import { Bench, inState, type Image } from "../testing/bench.ts";
import { describeImage, recordOf } from "../testing/record-of.ts";

/** Two steps of a skill, taken by an author and an approver. */
async function published(options = {}, rules = {}) {
  const bench = new Bench({ rules });
  const draft = await bench.pack({}, {}, options);
  await bench.publish(draft, "1.0.0");
  return { bench, draft, testing: inState(draft, "testing"), out: inState(draft, "published") };
}

describe("the record of a promotion", () => {
  it.each([{}, { profile: "redhat" as const }])("is taken from whoever took the step, once (%o)", async (options) => {
    const { bench, draft, testing, out } = await published(options);
    await bench.push(recordOf(draft, testing), undefined, "author");
    const record = recordOf(testing, out);
    await bench.push(record, undefined, "approver");
    await bench.push(record, undefined, "approver");
    const second = recordOf(testing, out, { [PromotionAnnotation.reason]: "Because." });
    await expect(bench.push(second, undefined, "approver")).rejects.toThrow("is recorded already");
  });

  it("is not taken from a colleague, whatever roles they have, nor from who may not promote", async () => {
    const { bench, draft, testing, out } = await published();
    await expect(bench.push(recordOf(draft, testing), undefined, "approver")).rejects.toThrow(
      '"approver" may not record a step that somebody else took',
    );
    await expect(bench.push(recordOf(testing, out), undefined, "author")).rejects.toThrow(
      "may not record that a skill became published",
    );
    await bench.push(recordOf(draft, testing), undefined, "author", "admin");
  });

  it("does not name a colleague as the one who promoted", async () => {
    const { bench, testing, out } = await published();
    bench.people.add("carol");
    const push = async (actor: string) =>
      bench.push(recordOf(testing, out, { [PromotionAnnotation.actor]: actor }), undefined, "approver");
    await expect(push("carol")).rejects.toThrow('"approver" may not record that "carol" promoted a skill');
    for (const name of ["robot+zz", "github+carol", "@users"]) {
      await expect(push(name)).rejects.toThrow("may not record that");
    }
    await push("the login of a laptop");
  });

  it("names only its pusher where two people are needed: who is unknown today may be a user tomorrow", async () => {
    const { bench, testing, out } = await published({}, { "two-people": true });
    const push = async (actor: string | undefined) =>
      bench.push(recordOf(testing, out, { [PromotionAnnotation.actor]: actor }), undefined, "approver");
    await expect(push("frank")).rejects.toThrow('"approver" may not record that "frank" promoted a skill');
    await push("approver");
  });

  it.each<[string, (steps: Awaited<ReturnType<typeof published>>) => Image]>([
    ["a step that skips a state", ({ draft, out }) => recordOf(draft, out)],
    ["a step backwards", ({ testing, out }) => recordOf(out, testing)],
    [
      "an image before that is not here",
      ({ testing, out }) => recordOf(testing, out, { [PromotionAnnotation.fromDigest]: digestOf("x") }),
    ],
    [
      "an image before that is another one",
      ({ draft, testing, out }) =>
        recordOf(testing, out, { [PromotionAnnotation.fromDigest]: describeImage(draft).digest }),
    ],
    [
      "another image after than its subject",
      ({ testing, out }) => recordOf(testing, out, { [PromotionAnnotation.toDigest]: digestOf("x") }),
    ],
    [
      "other layers than it lists",
      ({ testing, out }) => recordOf(testing, out, { [PromotionAnnotation.layerDigest]: digestOf("x") }),
    ],
    [
      "no layers",
      ({ testing, out }) => recordOf(testing, out, { [PromotionAnnotation.layerDigest]: "" }, { layers: [] }),
    ],
    ["no time", ({ testing, out }) => recordOf(testing, out, { [PromotionAnnotation.time]: "yesterday" })],
    ["no subject", ({ testing, out }) => recordOf(testing, out, {}, { subject: undefined })],
    [
      "a status, as if it were the skill",
      ({ testing, out }) => recordOf(testing, out, { "io.skillimage.status": "published" }),
    ],
    [
      "it by its config's type alone, and no state",
      ({ testing, out }) => recordOf(testing, out, { [PromotionAnnotation.to]: "famous" }, { artifactType: undefined }),
    ],
    [
      "a size of its subject that is another",
      ({ testing, out }) => recordOf(testing, out, {}, { subject: { ...describeImage(out), size: 1 } }),
    ],
  ])("that tells of %s is forged", async (_, forge) => {
    const steps = await published();
    await expect(steps.bench.push(forge(steps), undefined, "author", "approver", "admin")).rejects.toMatchObject({
      status: 403,
      ociCode: "DENIED",
      message: expect.stringContaining("not the record of a promotion that took place here") as string,
    });
  });

  it("is not planted before the step is taken", async () => {
    const bench = new Bench();
    const draft = await bench.pack();
    await bench.push(draft, "1.0.0-draft", "author");
    const record = recordOf(draft, inState(draft, "testing"));
    await expect(bench.push(record, undefined, "author")).rejects.toThrow("became testing elsewhere");
  });

  it("comes along with the role mirror, also of an image that is gone, if it is one", async () => {
    const bench = new Bench();
    const draft = await bench.pack();
    const [testing, out] = [inState(draft, "testing"), inState(draft, "published")];
    await bench.push(recordOf(testing, out), undefined, "mirror");
    await expect(bench.push(recordOf(draft, out), undefined, "mirror")).rejects.toThrow("not the record");
  });
});
