import { describe, expect, it } from "vitest";

import { Annotation, type JsonObject } from "../../../oci/index.ts";
import { annotated, Bench, inState, type Image } from "../testing/bench.ts";

const denied = (message: string) =>
  expect.objectContaining({
    status: 403,
    ociCode: "DENIED",
    message: expect.stringContaining(message) as string,
  }) as Error;

/** How many of many pushes at once go through. */
async function winners(pushes: readonly Promise<unknown>[]): Promise<number> {
  return (await Promise.allSettled(pushes)).filter(({ status }) => status === "fulfilled").length;
}

describe("a published version", () => {
  it("is pushed a hundred times at once with other content: exactly one wins", async () => {
    const bench = new Bench();
    const images = [];
    for (let at = 0; at < 100; at++) images.push(inState(await bench.pack({}, { "n.md": `${at}` }), "published"));
    expect(await winners(images.map(async (image) => bench.push(image, "1.0.0", "mirror")))).toBe(1);
  });

  it("is promoted a hundred times at once: exactly one wins", async () => {
    const bench = new Bench();
    const draft = await bench.pack();
    await bench.push(draft, "1.0.0-draft", "author");
    await bench.push(inState(draft, "testing"), "1.0.0-testing", "author");
    const pushes = Array.from({ length: 100 }, async (_, at) => {
      const created = new Date(at * 1000).toISOString();
      const published = annotated(draft, { [Annotation.status]: "published", [Annotation.created]: created });
      return bench.push(published, "1.0.0", "approver");
    });
    expect(await winners(pushes)).toBe(1);
  });

  it("may be pushed again as it is", async () => {
    const bench = new Bench();
    const published = await bench.publish(await bench.pack(), "1.0.0");
    await bench.push(published, "1.0.0", "approver");
  });

  it("is not replaced by an image that is no skill", async () => {
    const bench = new Bench();
    const published = await bench.publish(await bench.pack(), "1.0.0");
    const plain = { ...published, document: { ...published.document, annotations: {} } };
    await expect(bench.push(plain, "1.0.0", "admin")).rejects.toThrow(
      denied("acme/greeter:1.0.0 is published already"),
    );
  });

  it.each<[string, readonly number[]]>([
    ["in another order, by which other files are seen", [1, 0]],
    ["of which one is left out, and another there twice", [0, 0]],
    ["of which one is left out", [0]],
  ])("is not followed by one of the same layers %s", async (_, order) => {
    const bench = new Bench({ rules: { "valid-card": false } });
    const packed = await bench.pack();
    const [layer] = packed.document["layers"] as readonly JsonObject[];
    const above = { ...layer, digest: await bench.upload("above"), size: 5 };
    const withLayers = (layers: readonly unknown[]): Image => ({ ...packed, document: { ...packed.document, layers } });
    await bench.publish(withLayers([layer, above]), "1.0.0");
    const other = withLayers(order.map((at) => [layer, above][at]));
    await expect(bench.push(other, "1.0.0-draft", "author")).rejects.toThrow(denied("already, with other content"));
    const deprecated = inState(other, "deprecated");
    await expect(bench.push(deprecated, "1.0.0", "mirror")).rejects.toThrow(denied("1.0.0 is published already"));
  });

  it("whose tag an admin removed does not come back with other content", async () => {
    const bench = new Bench();
    const published = await bench.publish(await bench.pack(), "1.0.0");
    await bench.untag("1.0.0", "admin");
    const other = inState(await bench.pack({}, { "other.md": "x" }), "published");
    await expect(bench.push(other, "1.0.0", "mirror")).rejects.toThrow(
      denied("was published before with other content"),
    );
    await bench.push(published, "1.0.0", "mirror");
  });

  it("with build metadata is known by its tag, in which + is _", async () => {
    const bench = new Bench();
    const version = "1.0.0+linux";
    const published = inState(await bench.pack({ version }), "published");
    await bench.push(published, "1.0.0_linux", "mirror");
    const other = inState(await bench.pack({ version }, { "other.md": "x" }), "published");
    await expect(bench.push(other, "1.0.0_linux", "mirror")).rejects.toThrow(
      denied("1.0.0_linux is published already"),
    );
  });
});

describe("other content of a version that is out", () => {
  /** What was published, and another image in testing, taken there before. */
  async function twoOf() {
    const bench = new Bench();
    const [draft, other] = [await bench.pack(), await bench.pack({}, { "other.md": "x" })];
    await bench.push(other, "1.0.0-draft", "author");
    await bench.push(inState(other, "testing"), "1.0.0-testing", "author");
    return { bench, other, published: await bench.publish(draft, "1.0.0") };
  }

  it("is not published by its digest, nor under a tag of one's own, by anybody", async () => {
    const { bench, other } = await twoOf();
    for (const tag of [undefined, "stable"]) {
      for (const role of ["approver", "mirror", "admin"] as const) {
        await expect(bench.push(inState(other, "published"), tag, role)).rejects.toThrow(
          denied("acme/greeter:1.0.0 is published already, with other content"),
        );
      }
    }
  });

  it("does not even come in as a draft, nor goes to testing, but where it is mirrored", async () => {
    const { bench, other, published } = await twoOf();
    const another = await bench.pack({}, { "another.md": "x" });
    const refusal = denied("acme/greeter:1.0.0 is published already, with other content");
    for (const tag of ["1.0.0-draft", "mine", undefined]) {
      await expect(bench.push(another, tag, "author")).rejects.toThrow(refusal);
    }
    await expect(
      bench.push(
        annotated(inState(other, "testing"), { [Annotation.created]: "2030-01-01T00:00:00Z" }),
        undefined,
        "author",
      ),
    ).rejects.toThrow(refusal);
    await bench.push(another, "1.0.0-draft", "mirror");
    await bench.push(inState(published, "draft"), "1.0.0-draft", "author");
    await bench.push(await bench.pack({ version: "1.0.1" }, { "another.md": "x" }), "1.0.1-draft", "author");
  });

  it("does not come in when the version is archived either", async () => {
    const { bench, other, published } = await twoOf();
    await archive(bench, published);
    const another = await bench.pack({}, { "another.md": "x" });
    const refusal = denied("acme/greeter 1.0.0 was published before with other content");
    await expect(bench.push(another, "1.0.0-draft", "author")).rejects.toThrow(refusal);
    for (const tag of [undefined, "stable", "1.0.0"]) {
      await expect(bench.push(inState(other, "published"), tag, "approver")).rejects.toThrow(refusal);
    }
  });
});

describe("a version that has gone on", () => {
  it.each(["fav", "v1.0.0", "1.0"])("does not come back as %s", async (tag) => {
    const bench = new Bench();
    const published = await bench.publish(await bench.pack(), "1.0.0");
    await bench.push(published, "stable", "author");
    const deprecated = inState(published, "deprecated");
    await bench.push(deprecated, "1.0.0", "approver");
    await expect(bench.push(published, tag, "author")).rejects.toThrow(denied("went on to deprecated"));
    await bench.push(deprecated, "stable", "author");
    await bench.push(published, "from-elsewhere", "mirror");
    await archive(bench, published);
    for (const image of [published, deprecated, inState(published, "archived")]) {
      await expect(bench.push(image, tag, "author")).rejects.toThrow(denied("went on to archived"));
    }
    await expect(bench.push(published, tag, "mirror")).rejects.toThrow(denied("went on to archived"));
    await bench.push(published, undefined, "author");
  });
});

/** Takes what is published to its end. */
async function archive(bench: Bench, published: Image): Promise<void> {
  await bench.push(inState(published, "deprecated"), "1.0.0", "approver");
  await bench.push(inState(published, "archived"), undefined, "approver");
  await bench.untag("1.0.0", "approver");
}
