import { describe, expect, it } from "vitest";

import { describeManifest, digestOf, encodedOf, MediaType, type Descriptor, type Digest } from "../../../oci/index.ts";
import { Bench, inState, type Image } from "../testing/bench.ts";

const BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json";
const COSIGN = "application/vnd.dev.cosign.artifact.sig.v1+json";
const NOTATION = "application/vnd.cncf.notary.signature";
const SARIF = "application/sarif+json";
const IN_TOTO = "application/vnd.in-toto+json";

const base64 = (text: string): string => Buffer.from(text).toString("base64");

interface Attachment {
  readonly artifactType?: string;
  readonly subject?: Descriptor;
  readonly content?: string;
  readonly mediaType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Something with one layer. */
async function artifact(
  bench: Bench,
  { artifactType, subject, content, mediaType, annotations }: Attachment,
): Promise<Image> {
  const config = { mediaType: "application/vnd.oci.empty.v1+json", digest: await bench.upload("{}"), size: 2 };
  const layer = async (text: string) => ({
    mediaType: mediaType ?? artifactType ?? "application/octet-stream",
    digest: await bench.upload(text),
    size: Buffer.byteLength(text),
    ...(annotations && { annotations }),
  });
  const layers = content === undefined ? [] : [await layer(content)];
  const document = { schemaVersion: 2, mediaType: MediaType.manifest, artifactType, config, layers, subject };
  return { document: JSON.parse(JSON.stringify(document)) as Image["document"], mediaType: MediaType.manifest };
}

const numbered = ({ document, mediaType }: Image, n: number): Image => ({
  document: { ...document, annotations: { n: `${n}` } },
  mediaType,
});

async function inTesting(requiredReferrers: readonly string[]) {
  const bench = new Bench({ requiredReferrers });
  const draft = await bench.pack();
  await bench.push(draft, "1.0.0-draft", "author");
  const testing = inState(draft, "testing");
  await bench.push(testing, "1.0.0-testing", "author");
  const { descriptor: subject } = describeManifest(testing.document, testing.mediaType);
  const attach = async (attachment: Attachment) =>
    bench.push(await artifact(bench, { subject, ...attachment }), undefined, "author");
  return { bench, subject, attach, published: inState(draft, "published") };
}

/** A statement about an image. */
function statement(subject: Digest, predicateType: string): string {
  return JSON.stringify({
    _type: "https://in-toto.io/Statement/v1",
    subject: [{ digest: { sha256: encodedOf(subject) } }],
    predicateType,
    predicate: {},
  });
}

function envelope(payload: string, signatures: readonly object[] = [{ sig: base64("signature") }]) {
  return { payload: base64(payload), payloadType: IN_TOTO, signatures };
}

function bundle(content: object): Attachment {
  return { artifactType: BUNDLE, content: JSON.stringify({ mediaType: BUNDLE, verificationMaterial: {}, ...content }) };
}

const SIGN = "https://sigstore.dev/cosign/sign/v1";
const other = digestOf("other");

function simpleSigning(subject: Digest): Attachment {
  const critical = { image: { "docker-manifest-digest": subject }, type: "cosign container image signature" };
  return {
    content: JSON.stringify({ critical, optional: null }),
    mediaType: "application/vnd.dev.cosign.simplesigning.v1+json",
    annotations: { "dev.cosignproject.cosign/signature": base64("signature") },
  };
}

function notation(subject: Digest): Attachment {
  const payload = base64(JSON.stringify({ targetArtifact: { digest: subject } }));
  return {
    artifactType: NOTATION,
    mediaType: "application/jose+json",
    content: JSON.stringify({ payload, signature: base64("signature") }),
  };
}

const sarif = (runs: readonly object[]): Attachment => ({
  artifactType: SARIF,
  content: JSON.stringify({ version: "2.1.0", runs }),
});

describe("what is required before a skill is published", () => {
  it("is named when it is missing, with what it must be attached to", async () => {
    const { bench, subject, published, attach } = await inTesting(["signature", "application/vnd.acme.review"]);
    await attach(bundle({ dsseEnvelope: envelope(statement(subject.digest, SIGN)) }));
    const refused = bench.push(published, "1.0.0", "approver");
    await expect(refused).rejects.toMatchObject({
      status: 403,
      message: 'acme/greeter 1.0.0 lacks "application/vnd.acme.review" before it may be published',
      hint: expect.stringContaining(`acme/greeter@${subject.digest}`) as string,
    });
    await attach({ artifactType: "application/vnd.acme.review" });
    await bench.push(published, "1.0.0", "approver");
  });

  it("must be attached to the image in testing, not to another", async () => {
    const { bench, subject, published, attach } = await inTesting(["scan"]);
    await attach({ ...sarif([{ tool: { driver: { name: "scan" } } }]), subject: { ...subject, digest: other } });
    await expect(bench.push(published, "1.0.0", "approver")).rejects.toThrow('lacks "scan"');
  });

  it("is not read where it holds so many values that others would wait", async () => {
    const { bench, published, attach } = await inTesting(["scan"]);
    const run = { tool: { driver: { name: "scan" } } };
    await attach(sarif([{ ...run, results: Array.from({ length: 600_000 }, () => ({})) }]));
    await expect(bench.push(published, "1.0.0", "approver")).rejects.toThrow("it cannot be read");
    await attach(sarif([run]));
    await bench.push(published, "1.0.0", "approver");
  });

  it("is not asked of who mirrors", async () => {
    const { bench, published } = await inTesting(["scan"]);
    await bench.push(published, "1.0.0", "mirror");
  });

  it("is asked of a push by digest, and of one under a tag of one's own (and the tag of the version later)", async () => {
    const { bench, published } = await inTesting(["signature"]);
    for (const tag of [undefined, "stable", "1.0.0"]) {
      await expect(bench.push(published, tag, "approver", "author", "admin")).rejects.toThrow('lacks "signature"');
    }
    await expect(bench.push(inState(published, "deprecated"), "1.0.0", "approver")).rejects.toThrow("is deprecated");
  });

  it.each([
    ["at once", 200, 0],
    ["after as many pushes as it takes", 1001, 1],
  ])("is found behind what somebody else has attached in its way, %s", async (_, count, refusals) => {
    const { bench, subject, published } = await inTesting(["signature"]);
    const digestFor = ({ document, mediaType }: Image) => describeManifest(document, mediaType).descriptor.digest;
    const one = await artifact(bench, {
      subject,
      ...bundle({ dsseEnvelope: envelope(statement(subject.digest, SIGN)) }),
    });
    // Referrers are listed by their digests: here comes one that is behind most others.
    let good = one;
    for (let n = 0; !digestFor(good).startsWith("sha256:ff"); n++) good = numbered(one, n);
    const bad = await artifact(bench, { subject, ...bundle({}) });
    for (let n = 0, pushed = 0; pushed < count; n++) {
      const junk = numbered(bad, n);
      if (digestFor(junk) > digestFor(good)) continue;
      await bench.push(junk, undefined, "author");
      pushed++;
    }
    await bench.push(good, undefined, "approver");
    for (let n = 0; n < refusals; n++) {
      await expect(bench.push(published, "1.0.0", "approver")).rejects.toMatchObject({
        message: expect.stringContaining('lacks "signature" (sha256:') as string,
        hint: expect.stringContaining("Promote again, to have the rest looked into.") as string,
      });
    }
    await bench.push(published, "1.0.0", "approver");
  });

  it("is asked where lifecycle is off and there is nothing in testing", async () => {
    const bench = new Bench({ requiredReferrers: ["signature"], rules: { lifecycle: false } });
    const published = inState(await bench.pack(), "published");
    await expect(bench.push(published, "1.0.0", "author")).rejects.toThrow("lacks signature");
  });
});

describe("a signature", () => {
  it.each<[string, (subject: Digest) => Attachment]>([
    ["a bundle of a statement", (subject) => bundle({ dsseEnvelope: envelope(statement(subject, SIGN)) })],
    [
      "a bundle of a message",
      (subject) =>
        bundle({
          messageSignature: {
            messageDigest: { algorithm: "SHA2_256", digest: Buffer.from(encodedOf(subject), "hex").toString("base64") },
            signature: base64("signature"),
          },
        }),
    ],
    ["cosign's simple signing", (subject) => ({ artifactType: COSIGN, ...simpleSigning(subject) })],
    ["notation's JWS", notation],
    [
      "notation's COSE",
      (subject) => ({
        artifactType: NOTATION,
        mediaType: "application/cose",
        content: `\u0000{"targetArtifact":{"digest":"${subject}"}}\u0000`,
      }),
    ],
  ])("is one of this digest: %s", async (_, make) => {
    const { bench, subject, published, attach } = await inTesting(["signature"]);
    await attach(make(other));
    await expect(bench.push(published, "1.0.0", "approver")).rejects.toThrow(
      /lacks "signature" \(sha256:.* something else/,
    );
    await attach(make(subject.digest));
    await bench.push(published, "1.0.0", "approver");
  });

  it("may be where older cosign leaves it, under a tag", async () => {
    const { bench, subject, published } = await inTesting(["signature"]);
    const tag = `${subject.digest.replace(":", "-")}.sig`;
    await bench.push(await artifact(bench, simpleSigning(subject.digest)), tag, "author");
    await bench.push(published, "1.0.0", "approver");
  });

  it.each<[string, (subject: Descriptor) => Attachment]>([
    ["an empty artifact of that type", () => ({ artifactType: BUNDLE })],
    ["no JSON", () => ({ artifactType: BUNDLE, content: "signature" })],
    [
      "an attestation",
      ({ digest }) => bundle({ dsseEnvelope: envelope(statement(digest, "https://slsa.dev/provenance/v1")) }),
    ],
    ["a bundle without a signature", ({ digest }) => bundle({ dsseEnvelope: envelope(statement(digest, SIGN), []) })],
    [
      "a bundle with an empty signature",
      ({ digest }) => bundle({ dsseEnvelope: envelope(statement(digest, SIGN), [{ sig: "" }]) }),
    ],
    ["a bundle of nothing", () => bundle({})],
    [
      "simple signing without a signature",
      ({ digest }) => ({ artifactType: COSIGN, ...simpleSigning(digest), annotations: {} }),
    ],
    [
      "one that describes its subject as larger",
      (subject) => ({ ...notation(subject.digest), subject: { ...subject, size: 1 } }),
    ],
    [
      "one that calls its subject an index",
      (subject) => ({ ...notation(subject.digest), subject: { ...subject, mediaType: MediaType.index } }),
    ],
  ])("is not %s", async (_, make) => {
    const { bench, subject, published, attach } = await inTesting(["signature"]);
    await attach(make(subject));
    await expect(bench.push(published, "1.0.0", "approver")).rejects.toThrow('lacks "signature"');
  });
});

describe("a scan", () => {
  it.each<[string, (subject: Digest) => Attachment, (subject: Digest) => Attachment]>([
    ["SARIF", () => sarif([]), () => sarif([{ tool: { driver: { name: "scan" } } }])],
    [
      "an in-toto statement",
      () => ({ artifactType: IN_TOTO, content: statement(other, "https://in-toto.io/attestation/vulns") }),
      (subject) => ({ artifactType: IN_TOTO, content: statement(subject, "https://in-toto.io/attestation/vulns") }),
    ],
  ])("is one by what it says: %s", async (_, bad, good) => {
    const { bench, subject, published, attach } = await inTesting(["scan"]);
    await attach(bad(subject.digest));
    await expect(bench.push(published, "1.0.0", "approver")).rejects.toThrow('lacks "scan"');
    await attach(good(subject.digest));
    await bench.push(published, "1.0.0", "approver");
  });
});
