import { describe, expect, it } from "vitest";

import { describeManifest, digestOf, MediaType, type JsonObject } from "../../../oci/index.ts";
import { Annotation } from "../../../oci/index.ts";
import { Bench, inState, type Image } from "../testing/bench.ts";

const denied = (message: string) =>
  expect.objectContaining({
    status: 403,
    ociCode: "DENIED",
    message: expect.stringContaining(message) as string,
  }) as Error;

const digestOfImage = ({ document, mediaType }: Image) => describeManifest(document, mediaType).descriptor.digest;

describe("removing", () => {
  it("a draft or an image in testing, by tag or digest, is for its author", async () => {
    const bench = new Bench();
    const draft = await bench.pack();
    await bench.push(draft, "1.0.0-draft", "author");
    const testing = await bench.push(inState(draft, "testing"), "1.0.0-testing", "author");
    await bench.untag("1.0.0-draft", "author");
    await bench.delete(testing, "author");
  });

  it("a version that is out is for an admin, also by digest, also when it has lost its tag", async () => {
    const bench = new Bench();
    const published = await bench.publish(await bench.pack(), "1.0.0");
    await expect(bench.untag("1.0.0", "author", "approver")).rejects.toThrow(
      denied("acme/greeter 1.0.0 is published and cannot just be removed"),
    );
    await bench.untag("1.0.0", "admin");
    const digest = digestOfImage(published);
    await expect(bench.delete(digest, "author", "approver")).rejects.toThrow(denied("cannot just be removed"));
    await bench.delete(digest, "admin");
  });

  it("a deprecated version's tag takes its archived image, of the same content", async () => {
    const bench = new Bench();
    const published = await bench.publish(await bench.pack(), "1.0.0");
    await bench.push(inState(published, "deprecated"), "1.0.0", "approver");
    await expect(bench.untag("1.0.0", "approver")).rejects.toThrow(
      denied("1.0.0 is deprecated and cannot just be removed"),
    );
    await bench.push(inState(published, "archived"), undefined, "approver");
    await expect(bench.untag("1.0.0", "author")).rejects.toThrow(denied("cannot just be removed"));
    await bench.untag("1.0.0", "approver");
  });

  it("a tag of somebody's own is for every author, whatever it names", async () => {
    const bench = new Bench();
    const published = await bench.publish(await bench.pack(), "1.0.0");
    await bench.push(published, "stable", "author");
    await bench.untag("stable", "author");
  });

  it("an image out of a published index is for an admin, though it claims nothing itself", async () => {
    const bench = new Bench();
    const draft = await bench.pack();
    const { annotations: _, ...bare } = draft.document;
    const member = describeManifest(bare, draft.mediaType).descriptor;
    await bench.push({ document: bare, mediaType: draft.mediaType }, undefined, "author");
    const index: JsonObject = {
      schemaVersion: 2,
      mediaType: MediaType.index,
      manifests: [{ ...member, platform: { os: "linux", architecture: "amd64" } }],
      annotations: {
        [Annotation.status]: "published",
        [Annotation.version]: "1.0.0",
        [Annotation.name]: "greeter",
      },
    };
    await bench.push({ document: index, mediaType: MediaType.index }, "1.0.0", "mirror");
    await expect(bench.delete(member.digest, "author")).rejects.toThrow(denied("1.0.0 is published and cannot"));
    expect(await bench.tag("1.0.0")).toBe(digestOf(Buffer.from(JSON.stringify(index))));
  });
});
