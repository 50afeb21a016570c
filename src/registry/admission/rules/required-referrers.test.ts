import { describe, expect, it } from "vitest";

import { digestOf, MediaType, type Digest } from "../../../oci/index.ts";
import { Bench, inState, type Image } from "../testing/bench.ts";

/** Attaches something of a type to a manifest. */
async function attach(bench: Bench, subject: Digest, artifactType: string): Promise<void> {
  const config = await bench.upload("{}");
  const document = {
    schemaVersion: 2,
    mediaType: MediaType.manifest,
    artifactType,
    config: { mediaType: "application/vnd.oci.empty.v1+json", digest: config, size: 2 },
    layers: [],
    subject: { mediaType: MediaType.manifest, digest: subject, size: 1 },
  };
  await bench.push({ document, mediaType: MediaType.manifest }, undefined, "author");
}

async function inTesting(requiredReferrers: readonly string[]) {
  const bench = new Bench({ requiredReferrers });
  const draft = await bench.pack();
  await bench.push(draft, "1.0.0-draft", "author");
  const digest = await bench.push(inState(draft, "testing"), "1.0.0-testing", "author");
  return { bench, digest, published: inState(draft, "published") satisfies Image };
}

describe("what is required before a skill is published", () => {
  it("is named when it is missing, with what it must be attached to", async () => {
    const { bench, digest, published } = await inTesting(["signature", "application/vnd.acme.review"]);
    await attach(bench, digest, "application/vnd.dev.sigstore.bundle.v0.3+json");
    const refused = bench.push(published, "1.0.0", "approver");
    await expect(refused).rejects.toMatchObject({
      status: 403,
      message: 'acme/greeter 1.0.0 lacks "application/vnd.acme.review" before it may be published',
      hint: expect.stringContaining(`acme/greeter@${digest}`) as string,
    });
    await attach(bench, digest, "application/vnd.acme.review");
    await bench.push(published, "1.0.0", "approver");
  });

  it("must be attached to the image in testing, not to another", async () => {
    const { bench, published } = await inTesting(["scan"]);
    await attach(bench, digestOf("other"), "application/sarif+json");
    await expect(bench.push(published, "1.0.0", "approver")).rejects.toThrow('lacks "scan"');
  });

  it("is not asked of who mirrors", async () => {
    const { bench, published } = await inTesting(["scan"]);
    await bench.push(published, "1.0.0", "mirror");
  });
});
