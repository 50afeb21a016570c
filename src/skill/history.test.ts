import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { LIFECYCLE_STATES } from "../lifecycle/index.ts";
import { describeManifest, MediaType, parseImageManifest, parseReference, PromotionAnnotation } from "../oci/index.ts";
import type { JsonObject } from "../oci/index.ts";
import { readManifest, LayoutStore, MemoryStore, type Store } from "../store/index.ts";
import { listOf } from "../store/testing/images.ts";
import { history, inspect, pack, promote, type PromotionHistory } from "./index.ts";
import { release } from "./testing/release.ts";
import { skillDirectory, temporaryDirectory } from "./testing/skill-directory.ts";

const NAME = "examples/greeter";

async function historyOf(store: Store, reference: string): Promise<PromotionHistory> {
  return history(store, parseReference(reference));
}

/** Puts another record in the place of the only one that an image has. */
async function forge(
  store: Store,
  reference: string,
  change: (document: JsonObject) => JsonObject,
): Promise<PromotionHistory> {
  const repository = store.repository(NAME);
  const { digest } = await inspect(store, parseReference(reference));
  const [record, ...more] = await listOf(repository.referrers({ mediaType: MediaType.manifest, digest, size: 0 }));
  if (record === undefined || more.length > 0) throw new Error("not one record");
  const forged = describeManifest(change((await readManifest(repository, record)).document), MediaType.manifest);
  await repository.delete(record);
  await repository.push(forged.descriptor, forged.bytes);
  return historyOf(store, reference);
}

const annotated =
  (changes: Readonly<Record<string, string>>) =>
  (document: JsonObject): JsonObject => ({
    ...document,
    annotations: { ...(document["annotations"] as Record<string, string>), ...changes },
  });

describe("history", () => {
  it("tells every step, newest first: when, who, why, and that the layer is the same", async () => {
    const store = new MemoryStore();
    const { reference, digest, layerDigest } = await pack(await skillDirectory(), store);
    const now = (): Date => new Date("2026-02-03T04:05:06.789Z");
    const testing = await promote(store, parseReference(reference), "testing", { actor: "ada", reason: "Ready.", now });
    const published = await promote(store, parseReference(testing.reference), "published", { actor: "bob" });
    const told = await historyOf(store, published.reference);
    expect(told).toMatchObject({
      reference: `${NAME}:1.0.0`,
      digest: published.digest,
      status: "published",
      version: "1.0.0",
      layerDigests: [layerDigest],
      complete: true,
      valid: true,
    });
    expect(told.steps).toMatchObject([
      { from: "testing", to: "published", fromDigest: testing.digest, toDigest: published.digest, actor: "bob" },
      {
        record: testing.record,
        from: "draft",
        to: "testing",
        fromDigest: digest,
        toDigest: testing.digest,
        layerDigests: [layerDigest],
        time: "2026-02-03T04:05:06.789Z",
        actor: "ada",
        reason: "Ready.",
        valid: true,
        problems: [],
      },
    ]);
    expect(told.steps[0]).not.toHaveProperty("reason");
  });

  it("is empty and complete for a draft, empty and incomplete where nothing was recorded", async () => {
    const store = new MemoryStore();
    const draft = await release(store, {}, "draft");
    expect(await historyOf(store, draft)).toMatchObject({ steps: [], complete: true, valid: true });
    const { reference } = await promote(store, parseReference(draft), "testing", { record: false });
    expect(await historyOf(store, reference)).toMatchObject({ steps: [], complete: false, valid: true });
  });

  it("goes on past an image that is gone", async () => {
    const store = await LayoutStore.open(await temporaryDirectory());
    const reference = await release(store, {}, "published");
    expect(await historyOf(store, reference)).toMatchObject({ complete: true, valid: true });
    await store.gc({ grace: 0 });
    const after = await historyOf(store, reference);
    expect(after).toMatchObject({ complete: false, valid: true });
    expect(after.steps).toMatchObject([{ from: "testing", to: "published" }]);
  });

  it("does not take a record for an image or a tag", async () => {
    const store = await LayoutStore.open(await temporaryDirectory());
    const reference = await release(store, {}, "testing");
    expect(await store.entries()).toHaveLength(1);
    expect(await store.fsck()).toEqual([]);
    expect((await inspect(store, parseReference(reference))).lifecycle.tags).toEqual(["1.0.0-testing"]);
  });

  it("writes a record that is no image: its config bears the type of the artifact", async () => {
    const store = new MemoryStore();
    const { digest } = await inspect(store, parseReference(await release(store, {}, "testing")));
    const repository = store.repository(NAME);
    const [record] = await listOf(repository.referrers({ mediaType: MediaType.manifest, digest, size: 0 }));
    const manifest = await readManifest(repository, record ?? (await repository.resolve("no record")));
    const image = parseImageManifest(
      new TextEncoder().encode(
        JSON.stringify((await readManifest(repository, await repository.resolve("1.0.0-testing"))).document),
      ),
    );
    expect(manifest).toMatchObject({
      kind: "manifest",
      artifactType: "application/vnd.skillimage.promotion.v1+json",
      config: { ...image.config, mediaType: "application/vnd.skillimage.promotion.v1+json" },
      layers: image.layers,
      subject: { digest },
    });
  });

  it.each<[string, (document: JsonObject) => JsonObject, string]>([
    ["another layer", (document) => ({ ...document, layers: [document["config"]] }), "its layers are not the image's"],
    [
      "another layer digest",
      annotated({ [PromotionAnnotation.layerDigest]: `sha256:${"0".repeat(64)}` }),
      "the layer digest that it tells is not the image's",
    ],
    ["no time", annotated({ [PromotionAnnotation.time]: "yesterday" }), "it does not tell when it was"],
    ["a leap", annotated({ [PromotionAnnotation.to]: "published" }), "a skill does not go from draft to published"],
    [
      "another state",
      annotated({ [PromotionAnnotation.to]: "published", [PromotionAnnotation.from]: "testing" }),
      "it leads to published, but the image is testing",
    ],
    [
      "another image after",
      annotated({ [PromotionAnnotation.toDigest]: `sha256:${"0".repeat(64)}` }),
      "it tells of another image than its subject",
    ],
    ["no states", annotated({ [PromotionAnnotation.from]: "" }), "it does not tell from which state to which"],
    [
      "no digests",
      annotated({ [PromotionAnnotation.fromDigest]: "x" }),
      "it does not tell the digests before and after",
    ],
  ])("does not believe a record that tells of %s", async (_, change, problem) => {
    const store = new MemoryStore();
    const told = await forge(store, await release(store, {}, "testing"), change);
    expect(told.valid).toBe(false);
    expect(told.complete).toBe(false);
    expect(told.steps).toHaveLength(1);
    expect(told.steps[0]?.problems).toContain(problem);
  });

  it("does not believe a record whose image before is of another skill", async () => {
    const store = new MemoryStore();
    const reference = await release(store, {}, "testing");
    await release(store, { version: "2.0.0", description: "Another." }, "draft");
    const { digest } = await inspect(store, parseReference(`${NAME}:2.0.0-draft`));
    const told = await forge(store, reference, annotated({ [PromotionAnnotation.fromDigest]: digest }));
    expect(told.steps[0]?.problems).toEqual([
      "the image before had other layers",
      "the image before was of another version",
    ]);
  });

  it("does not go round in a circle", async () => {
    const store = new MemoryStore();
    const reference = await release(store, {}, "testing");
    const { digest } = await inspect(store, parseReference(reference));
    const told = await forge(store, reference, annotated({ [PromotionAnnotation.fromDigest]: digest }));
    expect(told.steps[0]?.problems).toContain("it leads back to an image that came later");
  });

  it("reads a thousand records and no more", async () => {
    const store = new MemoryStore();
    const reference = await release(store, {}, "testing");
    const repository = store.repository(NAME);
    const image = await repository.resolve("1.0.0-testing");
    const [record] = await listOf(repository.referrers(image));
    const { document } = await readManifest(repository, record ?? image);
    for (let at = 0; at < 1200; at++) {
      const more = describeManifest({ ...document, "x-number": at }, MediaType.manifest);
      await repository.push(more.descriptor, more.bytes);
    }
    expect((await historyOf(store, reference)).steps).toHaveLength(1000);
  });

  it("is complete and valid after any number of steps, with any words for who and why", async () => {
    const directory = await skillDirectory();
    const words = fc.string({ minLength: 1, maxLength: 40, unit: "grapheme" }).filter((text) => text.trim() !== "");
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 4 }), words, words, async (count, actor, reason) => {
        const store = new MemoryStore();
        let { reference } = await pack(directory, store);
        for (const to of LIFECYCLE_STATES.slice(1, count + 1)) {
          ({ reference } = await promote(store, parseReference(reference), to, { actor, reason }));
        }
        const told = await historyOf(store, reference);
        expect(told).toMatchObject({ complete: true, valid: true });
        expect(told.steps.map((step) => [step.actor, step.reason])).toEqual(
          Array.from({ length: count }, () => [actor, reason]),
        );
      }),
      { numRuns: 20 },
    );
  });
});
