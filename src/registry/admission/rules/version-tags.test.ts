import { describe, expect, it } from "vitest";

import { describeManifest, digestOf, MediaType, type JsonObject } from "../../../oci/index.ts";
import { Bench, inState, type Image } from "../testing/bench.ts";

const denied = expect.objectContaining({
  status: 403,
  ociCode: "DENIED",
  message: expect.stringContaining("is for a skill, and this image does not say that it is one") as string,
}) as Error;

/** The same image without a word of what it is. */
function plain({ document, mediaType }: Image): Image {
  const { annotations: _, ...rest } = document;
  return { document: rest, mediaType };
}

/** An index that lists these and says nothing of itself. */
function indexOf(...images: readonly Image[]): Image {
  const manifests = images.map(({ document, mediaType }) => ({
    ...describeManifest(document, mediaType).descriptor,
    platform: { os: "linux", architecture: "amd64" },
  }));
  return { document: { schemaVersion: 2, mediaType: MediaType.index, manifests }, mediaType: MediaType.index };
}

describe("in a repository of skills, a tag that reads like a version", () => {
  it.each(["1.1.0", "1.1.0-draft", "1.1.0-rc.1", "1.1.0_linux"])(
    "is not taken by an image that says nothing (around the rules): %s",
    async (tag) => {
      const bench = new Bench();
      await bench.push(await bench.pack(), "1.0.0-draft", "author");
      const image = plain(await bench.pack({}, { "evil.md": "x" }));
      await expect(bench.push(image, tag, "author", "admin", "mirror")).rejects.toThrow(denied);
      await bench.push(image, "stable", "author");
      await bench.push(image, undefined, "author");
    },
  );

  it("is not taken by an index of images that say nothing, nor by one behind another index", async () => {
    const bench = new Bench();
    await bench.publish(await bench.pack(), "1.0.0");
    const image = plain(await bench.pack({}, { "evil.md": "x" }));
    await bench.push(image, undefined, "author");
    const index = indexOf(image);
    await bench.push(index, undefined, "author");
    for (const each of [index, indexOf(index)]) {
      await expect(bench.push(each, "1.1.0", "author")).rejects.toThrow(denied);
    }
  });

  it("stays the archived version's, when no tag is left", async () => {
    const bench = new Bench();
    const published = await bench.publish(await bench.pack(), "1.0.0");
    await bench.push(inState(published, "deprecated"), "1.0.0", "approver");
    await bench.push(inState(published, "archived"), undefined, "approver");
    await bench.untag("1.0.0", "approver");
    for (const tag of ["1.0.0-draft", "1.0.0-testing"]) if (await bench.tag(tag)) await bench.untag(tag, "author");
    for (const tag of ["1.0.0", "3.0.0", "latest"]) {
      const image = plain(await bench.pack({}, { "x.md": "x" }));
      await expect(bench.push(image, tag, "author")).rejects.toThrow(denied);
    }
    await expect(bench.push(published, "1.0.0", "mirror")).rejects.toThrow("went on to archived");
  });

  it("is not taken where the only skill bears a tag of somebody's own", async () => {
    const bench = new Bench();
    const draft = await bench.pack();
    await bench.push(draft, "mine", "author");
    for (const tag of ["9.0.0", "latest"]) {
      await expect(bench.push(plain(draft), tag, "author", "admin", "mirror")).rejects.toThrow(denied);
    }
    await bench.publish(draft, "1.0.0");
  });

  it("is free where there are no skills", async () => {
    const bench = new Bench();
    const image = plain(await bench.pack());
    for (const tag of ["1.0.0", "1.0.1", "latest"]) await bench.push(image, tag, "author");
  });

  it("is a skill's from the moment that the first one comes in", async () => {
    const bench = new Bench();
    const image = plain(await bench.pack());
    await bench.push(image, "0.9.0", "author");
    await bench.untag("0.9.0", "author");
    await bench.push(await bench.pack(), "1.0.0-draft", "author");
    await expect(bench.push(image, "0.9.0", "author")).rejects.toThrow(denied);
  });

  it.each(["2.0.0", "2.0.0-testing", "latest"])(
    "lets no skill in beside it while it names something else: %s",
    async (tag) => {
      const bench = new Bench();
      const draft = await bench.pack();
      await bench.push(plain(draft), tag, "author");
      await bench.push(plain(draft), "stable", "author");
      for (const [to, ...roles] of [
        ["1.0.0-draft", "author"],
        ["mine", "admin", "author"],
        [undefined, "author"],
      ] as const) {
        await expect(bench.push(draft, to, ...roles)).rejects.toThrow(
          `acme/greeter:${tag} is no skill, and reads like the version of one`,
        );
      }
      await expect(bench.push(inState(draft, "published"), "1.0.0", "mirror")).rejects.toThrow(
        `acme/greeter:${tag} is no`,
      );
      await bench.untag(tag, "author");
      await bench.publish(draft, "1.0.0");
    },
  );

  it("is not taken by a signature or a record, which refer to a skill and are none", async () => {
    const bench = new Bench();
    const published = await bench.publish(await bench.pack(), "1.0.0");
    const { descriptor } = describeManifest(published.document, published.mediaType);
    const config = { mediaType: MediaType.promotion, digest: await bench.upload("{}"), size: 2 };
    const document: JsonObject = {
      schemaVersion: 2,
      mediaType: MediaType.manifest,
      config,
      layers: [],
      subject: descriptor,
    };
    await expect(bench.push({ document, mediaType: MediaType.manifest }, "1.1.0", "author")).rejects.toThrow(denied);
    expect(digestOf("{}")).toBe(config.digest);
  });
});

describe("an index that says nothing of itself", () => {
  it("is a skill or none by what its repository holds, whatever another one holds", async () => {
    const bench = new Bench();
    const other = bench.beside("acme/other");
    const published = inState(await bench.pack(), "published");
    const index = indexOf(published);
    await other.push(index, "1.0.0", "author");
    await expect(
      other.push(await other.pack({ name: "other", version: "2.0.0" }), "2.0.0-draft", "author"),
    ).rejects.toThrow("is no skill");
    await bench.push(published, undefined, "mirror");
    await bench.push(index, "1.0.0", "mirror");
    await bench.push(await bench.pack({ version: "2.0.0" }), "2.0.0-draft", "author");
  });

  it("keeps its version from other content where it is out, whatever another repository holds of it", async () => {
    const bench = new Bench();
    const other = bench.beside("acme/other");
    const published = inState(await bench.pack(), "published");
    const index = indexOf(published);
    await other.push(index, undefined, "author");
    await other.push(await other.pack({ name: "other" }), "1.0.0-draft", "author");
    await bench.push(published, undefined, "mirror");
    await bench.push(index, "1.0.0", "mirror");
    const changed = await bench.pack({}, { "other.md": "x" });
    await expect(bench.push(changed, "1.0.0-draft", "author")).rejects.toThrow(
      "acme/greeter:1.0.0 is published already",
    );
  });
});
