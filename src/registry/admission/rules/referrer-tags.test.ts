import { describe, expect, it } from "vitest";

import { describeManifest, MediaType, type Digest, type JsonObject } from "../../../oci/index.ts";
import { Bench, inState, type Image } from "../testing/bench.ts";

const SIGNATURE = "dev.cosignproject.cosign/signature";

/** A layer as cosign keeps a signature: what is signed, and in an annotation the signature. */
async function layerOf(
  bench: Bench,
  text: string,
  annotations?: Readonly<Record<string, string>>,
): Promise<JsonObject> {
  const digest = await bench.upload(text);
  return {
    mediaType: "application/vnd.dev.cosign.simplesigning.v1+json",
    digest,
    size: Buffer.byteLength(text),
    ...(annotations && { annotations }),
  };
}

/** An image as cosign keeps signatures: a layer for each. */
async function signatures(bench: Bench, texts: readonly string[], subject?: JsonObject): Promise<Image> {
  return imageOf(bench, await Promise.all(texts.map(async (text) => layerOf(bench, text))), subject);
}

async function imageOf(bench: Bench, layers: readonly JsonObject[], subject?: JsonObject): Promise<Image> {
  const config = { mediaType: MediaType.config, digest: await bench.upload("{}"), size: 2 };
  const document = { schemaVersion: 2, mediaType: MediaType.manifest, config, layers, ...(subject && { subject }) };
  return { document, mediaType: MediaType.manifest };
}

const index = (...manifests: readonly JsonObject[]): Image => ({
  document: { schemaVersion: 2, mediaType: MediaType.index, manifests },
  mediaType: MediaType.index,
});

async function published() {
  const bench = new Bench();
  const draft = await bench.pack();
  const out = await bench.publish(draft, "1.0.0");
  const descriptorOf = (image: Image) => describeManifest(image.document, image.mediaType).descriptor;
  return { bench, out: descriptorOf(out), testing: descriptorOf(inState(draft, "testing")) };
}

const tagFor = (digest: Digest, end: string): string => `${digest.replace(":", "-")}${end}`;

describe("what refers to a skill by a tag", () => {
  it.each([".sig", ".att", ".sbom"])("is added to, and not overwritten by an author: %s", async (end) => {
    const { bench, out } = await published();
    const tag = tagFor(out.digest, end);
    await bench.push(await signatures(bench, ["one"]), tag, "author");
    await bench.push(await signatures(bench, ["one", "two"]), tag, "author");
    for (const texts of [["two"], [], ["forged"]]) {
      await expect(
        bench.push(await signatures(bench, texts), tag, "author", "approver", "mirror"),
      ).rejects.toMatchObject({
        status: 403,
        message: expect.stringContaining("holds what refers to a skill, and this leaves out sha256:") as string,
      });
    }
    await expect(bench.untag(tag, "author", "approver")).rejects.toThrow(
      "this refers to acme/greeter 1.0.0, which is published",
    );
    await bench.push(await signatures(bench, []), tag, "admin");
  });

  it("keeps all entries of an index of referrers", async () => {
    const { bench, out } = await published();
    const entry = async (text: string) => {
      const image = await signatures(bench, [text]);
      await bench.push(image, undefined, "author");
      return describeManifest(image.document, image.mediaType).descriptor;
    };
    const [one, two] = [{ ...(await entry("one")) }, { ...(await entry("two")) }];
    const told = { ...one, artifactType: "application/vnd.acme.scan", annotations: { by: "carol", at: "noon" } };
    const tag = tagFor(out.digest, "");
    await bench.push(index(told), tag, "author");
    for (const lost of [two, one, { ...told, annotations: { by: "mallory", at: "noon" } }]) {
      await expect(bench.push(index(lost, two), tag, "author")).rejects.toThrow("leaves out");
    }
    // What is listed twice is listed once by a client that rewrites the list.
    await bench.push(index(told, one), tag, "author");
    await bench.push(index(two, { ...told, annotations: { at: "noon", by: "carol" } }), tag, "author");
  });

  it("keeps each signature where two keys have signed the same", async () => {
    const { bench, out } = await published();
    const tag = tagFor(out.digest, ".sig");
    const [alice, bob, carol] = await Promise.all(
      ["alice", "bob", "carol"].map(async (name) =>
        layerOf(bench, "signed", { [SIGNATURE]: name, "dev.sigstore.cosign/bundle": "{}" }),
      ),
    );
    const push = async (...layers: readonly (JsonObject | undefined)[]) =>
      bench.push(await imageOf(bench, layers as readonly JsonObject[]), tag, "author", "approver");
    await push(alice, bob);
    await expect(push(bob)).rejects.toThrow("leaves out sha256:");
    await expect(push(alice, alice, carol)).rejects.toThrow("leaves out sha256:");
    const spoilt = await layerOf(bench, "signed", { [SIGNATURE]: "alice" });
    await expect(push(spoilt, bob)).rejects.toThrow("leaves out sha256:");
    const { annotations } = alice as { readonly annotations: Readonly<Record<string, string>> };
    await push({ ...alice, annotations: Object.fromEntries(Object.entries(annotations).toReversed()) }, bob, carol);
  });

  it.each([
    [".sig", "an index"],
    [".att", "an index"],
    ["", "an image"],
  ])("is not kept away by what was put there before: sha256-…%s that is %s", async (end, squat) => {
    const bench = new Bench();
    const draft = await bench.pack();
    const { digest } = describeManifest(draft.document, draft.mediaType).descriptor;
    const tag = tagFor(digest, end);
    const image = await signatures(bench, ["one"]);
    await bench.push(squat === "an index" ? index() : image, tag, "author");
    await bench.push(draft, "1.0.0-draft", "author");
    await bench.push(squat === "an index" ? image : index(), tag, "approver");
    await expect(bench.push(squat === "an index" ? index() : image, tag, "author")).rejects.toThrow(
      "holds what refers",
    );
  });

  it("of images that are no skills is anybody's", async () => {
    const { bench, out } = await published();
    const tag = tagFor(`sha256:${out.digest.slice(7).split("").reverse().join("")}` as Digest, ".sig");
    await bench.push(await signatures(bench, ["one"]), tag, "author");
    await bench.push(await signatures(bench, ["two"]), tag, "author");
  });
});

describe("what refers to a version that is out", () => {
  it("is not removed by its author, nor is what was tested and signed", async () => {
    const { bench, out, testing } = await published();
    for (const subject of [out, testing]) {
      const digest = await bench.push(await signatures(bench, ["one"], { ...subject }), undefined, "author");
      await expect(bench.delete(digest, "author", "approver")).rejects.toThrow("this refers to acme/greeter 1.0.0");
      await bench.delete(digest, "admin");
    }
    await expect(bench.delete(testing.digest, "author", "approver")).rejects.toThrow("cannot just be removed");
  });

  it("goes as it came while the skill is not out", async () => {
    const bench = new Bench();
    const draft = await bench.pack();
    const digest = await bench.push(draft, "1.0.0-draft", "author");
    const { descriptor } = describeManifest(draft.document, draft.mediaType);
    expect(descriptor.digest).toBe(digest);
    await bench.delete(
      await bench.push(await signatures(bench, ["one"], { ...descriptor }), undefined, "author"),
      "author",
    );
  });
});
