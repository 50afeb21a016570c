import { describe, expect, it } from "vitest";

import { Annotation } from "../../../oci/index.ts";
import { annotated, Bench, inState, type Image } from "../testing/bench.ts";

const denied = (message: string) =>
  expect.objectContaining({
    status: 403,
    ociCode: "DENIED",
    message: expect.stringContaining(message) as string,
  }) as Error;

/** A draft of 1.0.0 that was taken to testing. */
async function inTesting() {
  const bench = new Bench();
  const draft = await bench.pack();
  await bench.push(draft, "1.0.0-draft", "author");
  await bench.push(inState(draft, "testing"), "1.0.0-testing", "author");
  return { bench, draft };
}

describe("a promotion", () => {
  it.each([
    ["tells a reason", { [Annotation.deprecationReason]: "Old." }],
    ["has another date", { [Annotation.created]: "2030-01-01T00:00:00Z" }],
  ])("that %s is one", async (_, changes) => {
    const { bench, draft } = await inTesting();
    await bench.push(annotated(draft, { ...changes, [Annotation.status]: "published" }), "1.0.0", "approver");
  });

  it.each<[string, (image: Image) => Image]>([
    ["another description", (image) => annotated(image, { [Annotation.description]: "Better." })],
    ["an annotation more", (image) => annotated(image, { "org.example.reviewed": "yes" })],
    ["an annotation less", (image) => annotated(image, { [Annotation.description]: undefined })],
    ["a field more", ({ document, ...image }) => ({ ...image, document: { ...document, extra: true } })],
    ["a subject", ({ document, ...image }) => ({ ...image, document: { ...document, subject: document["config"] } })],
    ["no layer", ({ document, ...image }) => ({ ...image, document: { ...document, layers: [] } })],
  ])("with %s is a forgery", async (_, change) => {
    const { bench, draft } = await inTesting();
    const forged = change(inState(draft, "published"));
    await expect(bench.push(forged, "1.0.0", "approver")).rejects.toThrow(
      denied("is not what acme/greeter:1.0.0-testing names"),
    );
    expect(await bench.tag("1.0.0")).toBeUndefined();
  });

  it("under a tag of one's own, or none, is a forgery if it was not reached", async () => {
    const bench = new Bench();
    const draft = await bench.pack();
    await bench.push(draft, "1.0.0-draft", "author");
    for (const tag of ["stable", undefined]) {
      await expect(bench.push(inState(draft, "published"), tag, "author", "approver")).rejects.toThrow(
        denied("version 1.0.0 is published, but nothing in acme/greeter is testing as 1.0.0-testing"),
      );
    }
  });

  it("takes the role for it: author to testing, approver from there", async () => {
    const bench = new Bench();
    const draft = await bench.pack();
    await expect(bench.push(draft, "1.0.0-draft", "reader")).rejects.toThrow(denied('"reader" may not push drafts'));
    await bench.push(draft, "1.0.0-draft", "author");
    await expect(bench.push(inState(draft, "testing"), "1.0.0-testing", "reader")).rejects.toThrow(
      denied("from draft to testing"),
    );
    await bench.push(inState(draft, "testing"), "1.0.0-testing", "approver");
    await expect(bench.push(inState(draft, "published"), "1.0.0", "author")).rejects.toThrow(
      denied("from testing to published"),
    );
    await bench.push(inState(draft, "published"), "1.0.0", "approver");
    await expect(bench.push(inState(draft, "deprecated"), "1.0.0", "author")).rejects.toThrow(
      denied("from published to deprecated"),
    );
    await expect(bench.push(inState(draft, "archived"), undefined, "approver")).rejects.toThrow(denied("is archived"));
    await bench.push(inState(draft, "deprecated"), "1.0.0", "approver");
    await expect(bench.push(inState(draft, "archived"), undefined, "author")).rejects.toThrow(
      denied("from deprecated to archived"),
    );
    await bench.push(inState(draft, "archived"), undefined, "approver");
    await bench.untag("1.0.0", "approver");
  });

  it("does not let an approver push what is no skill, but for what refers to one", async () => {
    const { bench, draft } = await inTesting();
    const { annotations: _, ...bare } = draft.document;
    const plain = { ...draft, document: bare };
    await expect(bench.push(plain, "stable", "approver")).rejects.toThrow(
      denied('"approver" may not push images that are no skills to acme/greeter'),
    );
    await bench.push(plain, `sha256-${"0".repeat(64)}.sig`, "approver");
    await bench.push({ ...plain, document: { ...bare, subject: bare["config"] } }, undefined, "approver");
    await bench.push(plain, "stable", "author");
  });

  it("of an index takes its images along, and only its own", async () => {
    const bench = new Bench();
    const index = await bench.pack({}, {}, { platforms: ["linux/amd64", "linux/arm64"] });
    await bench.push(index, "1.0.0-draft", "author");
    // The root says testing, its images still say draft.
    await expect(bench.push(inState(index, "testing"), "1.0.0-testing", "author")).rejects.toThrow(
      denied("says something else than its index"),
    );
  });
});
