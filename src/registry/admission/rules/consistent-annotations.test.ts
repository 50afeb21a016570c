import { describe, expect, it, vi } from "vitest";

import { Annotation, describeManifest, MediaType } from "../../../oci/index.ts";
import { annotated, Bench, type Image } from "../testing/bench.ts";

const denied = (message: string) =>
  expect.objectContaining({ status: 403, message: expect.stringContaining(message) as string }) as Error;

describe("an image that claims to be a skill", () => {
  it.each<[Record<string, string | undefined>, string]>([
    [{ [Annotation.status]: "final" }, 'io.skillimage.status is "final", not one of draft, testing'],
    [{ [Annotation.status]: undefined }, "io.skillimage.status is missing"],
    [{ [Annotation.version]: undefined }, "org.opencontainers.image.version is missing"],
    [{ [Annotation.version]: "v1.0.0" }, 'org.opencontainers.image.version is "v1.0.0"'],
    [{ [Annotation.version]: "1.0" }, "not a semantic version"],
    [{ [Annotation.version]: "1.0.0-testing" }, "not a semantic version for a tag"],
    [{ [Annotation.version]: `1.0.0-${"x".repeat(120)}` }, "not a semantic version for a tag"],
    [{ [Annotation.name]: "../evil" }, 'io.skillimage.name is "../evil", not a name'],
    [{ [Annotation.name]: "x".repeat(65) }, "not a name"],
    [{ [Annotation.name]: "greeter\u001b[2J" }, String.raw`"greeter\u{1b}[2J"`],
  ])("says so with annotations that hold: %j", async (changes, message) => {
    const bench = new Bench();
    const image = annotated(await bench.pack(), changes);
    await expect(bench.push(image, "1.0.0-draft", "author")).rejects.toThrow(denied(message));
    await expect(bench.push(image, undefined, "mirror")).rejects.toThrow(denied(message));
  });

  it("by its media types alone is told what it lacks", async () => {
    const bench = new Bench();
    const { document, mediaType } = await bench.pack({}, {}, { profile: "redhat" });
    const bare = { document: { ...document, annotations: {} }, mediaType };
    expect(JSON.stringify(document)).toContain(MediaType.redhatLayer);
    await expect(bench.push(bare, "x", "author")).rejects.toThrow(denied("io.skillimage.status is missing"));
  });

  it.each(["1.0.0", "1.0.0-testing", "2.0.0", "2.0.0-draft", "latest"])(
    "as a draft is not pushed as %s",
    async (tag) => {
      const bench = new Bench();
      await expect(bench.push(await bench.pack(), tag, "author", "mirror")).rejects.toThrow(
        denied(`acme/greeter:${tag} is`),
      );
    },
  );

  it.each(["1.0.0-draft", "mine", "v1", "1.0", "feature-2.0.0"])("as a draft may be pushed as %s", async (tag) => {
    const bench = new Bench();
    await bench.push(await bench.pack(), tag, "author");
  });

  it("inside an index that says nothing is still one", async () => {
    const bench = new Bench();
    const published = await bench.publish(await bench.pack(), "1.0.0");
    const { descriptor } = describeManifest(published.document, published.mediaType);
    const index = { schemaVersion: 2, mediaType: MediaType.index, manifests: [descriptor] };
    const image = { document: index, mediaType: MediaType.index };
    await expect(bench.push(image, "2.0.0", "author", "admin")).rejects.toThrow(
      denied("acme/greeter:2.0.0 is not a tag"),
    );
    await expect(bench.push(image, "stable", "author")).rejects.toThrow(denied("it is not what"));
  });
});

describe("an index of a skill", () => {
  const listed = (image: Image, changes: object = {}) => ({
    ...describeManifest(image.document, image.mediaType).descriptor,
    platform: { os: "linux", architecture: "amd64" },
    ...changes,
  });
  const indexOf = (...manifests: readonly object[]): Image => ({
    document: {
      schemaVersion: 2,
      mediaType: MediaType.index,
      manifests,
      annotations: { [Annotation.status]: "draft", [Annotation.version]: "1.0.0", [Annotation.name]: "greeter" },
    },
    mediaType: MediaType.index,
  });

  it.each<[string, (image: Image) => object, string]>([
    ["by lying of their type", (image) => listed(image, { mediaType: MediaType.index }), "as"],
    ["by a type that is none", (image) => listed(image, { mediaType: "application/x" }), "as"],
    [
      "for a system that is half unknown",
      (image) => listed(image, { platform: { os: "unknown", architecture: "arm64" } }),
      "neither",
    ],
  ])("hides no image %s", async (_, hide, said) => {
    const bench = new Bench();
    const good = await bench.pack();
    await bench.push(good, undefined, "author");
    const { annotations: _annotations, ...bare } = good.document;
    const layer = { mediaType: MediaType.layer, digest: await bench.upload("no archive"), size: 10 };
    const hidden = { document: { ...bare, layers: [layer] }, mediaType: good.mediaType };
    await bench.push(hidden, undefined, "author");
    const pushed = bench.push(indexOf(listed(good), hide(hidden)), "1.0.0-draft", "author");
    await expect(pushed).rejects.toThrow(
      said === "neither" ? "not a valid skill image" : `lists ${listed(hidden).digest} as`,
    );
  });

  it("hides no image behind another index, or behind more than are read", async () => {
    const bench = new Bench();
    const good = await bench.pack();
    await bench.push(good, undefined, "author");
    const inner = indexOf(listed(good));
    await bench.push(inner, undefined, "author");
    await expect(bench.push(indexOf(listed(good), listed(inner)), "1.0.0-draft", "author")).rejects.toThrow(
      "another index",
    );
    const many = Array.from({ length: 33 }, () => listed(good));
    await expect(bench.push(indexOf(...many), "1.0.0-draft", "author")).rejects.toThrow("more than 32 images");
  });
});

describe("an image that does not say that it is a skill", () => {
  it.each<[string, string, boolean]>([
    ["tells no state by a label", `{"config":{"Labels":{"${Annotation.status}":"published"}}}`, true],
    ["nor in other letters", `{"CONFIG":{"labels":{"${Annotation.status}":"testing"}}}`, true],
    [
      "nor in letters that programs in Go take for others",
      `{"config":{"label\u017F":{"${Annotation.status}":"published"}}}`,
      true,
    ],
    [
      "nor by a key that comes twice, spelt with an escape",
      String.raw`{"config":{"Labels":{"\u0069o.skillimage.status":"published"}},"config":{}}`,
      true,
    ],
    ["nor by a key that comes twice", `{"config":{"Labels":{"${Annotation.status}":"published"}},"config":{}}`, true],
    ["may have been one, packed as a draft", `{"config":{"Labels":{"${Annotation.status}":"draft"}}}`, false],
    ["may have other labels", '{"config":{"Labels":{"maintainer":"carol"}}}', false],
    ["may have none", '{"config":{"Labels":null}}', false],
    ["may have a config that is no JSON", "published", false],
  ])("%s", async (_, text, isRefused) => {
    const bench = new Bench();
    const { document, mediaType } = await bench.pack();
    const config = { mediaType: MediaType.config, digest: await bench.upload(text), size: Buffer.byteLength(text) };
    const pushed = bench.push({ document: { ...document, config, annotations: {} }, mediaType }, "1.0.0", "author");
    if (isRefused) await expect(pushed).rejects.toThrow(denied("has the label io.skillimage.status"));
    else await pushed;
  });

  it.each([
    [
      "as Docker's, of a type that is none",
      "application/vnd.docker.distribution.manifest.v2+json",
      "application/octet-stream",
    ],
    ["as OCI's, of a type that is none", MediaType.manifest, "application/octet-stream"],
    ["as an artifact's", MediaType.manifest, "application/vnd.acme.config+json"],
  ])("tells no state by a config that is listed %s", async (_, type, configType) => {
    const bench = new Bench();
    const { document } = await bench.pack();
    const { annotations: _annotations, ...bare } = document;
    const push = async (text: string) => {
      const config = { mediaType: configType, digest: await bench.upload(text), size: Buffer.byteLength(text) };
      return bench.push({ document: { ...bare, mediaType: type, config }, mediaType: type }, "1.0.0", "author");
    };
    const labels = (status: string) => JSON.stringify({ config: { Labels: { [Annotation.status]: status } } });
    await expect(push(labels("published"))).rejects.toThrow(denied("has the label io.skillimage.status"));
    for (const text of ["{}", "published, says io.skillimage.status", '{"name":"a chart"}', labels("draft")])
      await push(text);
  });

  it("does not keep others waiting with a config of a million values, which is not read", async () => {
    const bench = new Bench();
    const { document, mediaType } = await bench.pack();
    const push = async (text: string): Promise<unknown> => {
      const config = { mediaType: MediaType.config, digest: await bench.upload(text), size: Buffer.byteLength(text) };
      return bench.push({ document: { ...document, config, annotations: {} }, mediaType }, "1.0.0", "author");
    };
    const many = "1,".repeat(1_000_000);
    const parse = vi.spyOn(JSON, "parse");
    await push(`[${many}1]`);
    const label = `{"config":{"Labels":{"${Annotation.status}":"draft"}},"more":[${many}1]}`;
    await expect(push(label)).rejects.toThrow(denied("has the label io.skillimage.status"));
    expect(parse.mock.calls.filter(([text]) => text.length > many.length)).toEqual([]);
    parse.mockRestore();
  });
});
