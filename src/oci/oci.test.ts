import fc from "fast-check";
import { describe, expect, it } from "vitest";

import {
  algorithmOf,
  childrenOf,
  describeManifest,
  digestOf,
  encodedOf,
  encodeManifest,
  isDigest,
  MediaType,
  parseDigest,
  parseImageManifest,
  parseManifest,
  parseStrictJson,
  withAnnotations,
} from "./index.ts";

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const blob = { mediaType: MediaType.layerGzip, digest: digestOf("layer"), size: 5 };
const config = { mediaType: MediaType.config, digest: digestOf("config"), size: 6 };
const document = { schemaVersion: 2, mediaType: MediaType.manifest, config, layers: [blob] };

describe("digest", () => {
  it("is computed as the specification's example says", () => {
    expect(digestOf("")).toBe("sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    expect(encodedOf(digestOf("", "sha512"))).toMatch(/^cf83e1357eefb8bd/);
    expect(algorithmOf(digestOf("", "sha512"))).toBe("sha512");
  });

  it.each([
    "sha256:abc",
    `sha256:${"A".repeat(64)}`,
    `sha1:${"a".repeat(40)}`,
    `sha512:${"a".repeat(64)}`,
    `constructor:${"a".repeat(64)}`,
    `sha256:${"a".repeat(64)}\n`,
    "a".repeat(64),
    "",
    "../../etc/passwd",
  ])("refuses %j", (text) => {
    expect(isDigest(text)).toBe(false);
    expect(() => parseDigest(text)).toThrow(expect.objectContaining({ code: "DIGEST_INVALID" }));
  });
});

describe("manifest", () => {
  it("keeps unknown fields, and their order, through a rewrite", () => {
    const text = `{"x-first":[1,{"deep":null}],"schemaVersion":2,"mediaType":"${MediaType.manifest}","config":${JSON.stringify({ ...config, "x-in": 1 })},"layers":[],"annotations":{"z":"1","a":"2"},"x-last":1.5}`;
    const manifest = parseImageManifest(encode(text));
    const rewritten = new TextDecoder().decode(encodeManifest(withAnnotations(manifest, { a: "3", new: "4" })));
    expect(rewritten).toBe(text.replace('"a":"2"', '"a":"3","new":"4"'));
  });

  it("removes an annotation on request", () => {
    const manifest = parseManifest(encode(JSON.stringify({ ...document, annotations: { a: "1", b: "2" } })));
    expect(withAnnotations(manifest, { a: undefined })["annotations"]).toEqual({ b: "2" });
  });

  it("encodes equal documents to equal bytes, and describes them", () => {
    const once = describeManifest(document, MediaType.manifest);
    expect(once.descriptor.size).toBe(once.bytes.byteLength);
    const again = describeManifest(parseManifest(once.bytes).document, MediaType.manifest);
    expect(again.descriptor).toEqual(once.descriptor);
  });

  it("names what must be stored before it", () => {
    expect(childrenOf(parseManifest(encode(JSON.stringify(document))))).toEqual([config, blob]);
    const index = {
      schemaVersion: 2,
      mediaType: MediaType.index,
      manifests: [{ ...blob, mediaType: MediaType.manifest }],
    };
    expect(childrenOf(parseManifest(encode(JSON.stringify(index))))).toHaveLength(1);
  });

  it.each([
    ["is not JSON", "{", "JSON_INVALID"],
    ["is no object", "[]", "MANIFEST_INVALID"],
    ["has another schema version", `{"schemaVersion":1}`, "MANIFEST_INVALID"],
    ["is a manifest and an index at once", JSON.stringify({ ...document, manifests: [] }), "MANIFEST_INVALID"],
    ["has no config", JSON.stringify({ schemaVersion: 2, layers: [] }), "MANIFEST_INVALID"],
    ["has a config that is null", JSON.stringify({ ...document, config: null }), "MANIFEST_INVALID"],
    ["has a negative size", JSON.stringify({ ...document, config: { ...config, size: -1 } }), "MANIFEST_INVALID"],
    ["has a fractional size", JSON.stringify({ ...document, config: { ...config, size: 0.5 } }), "MANIFEST_INVALID"],
    [
      "has a digest that is a path",
      JSON.stringify({ ...document, config: { ...config, digest: "../x" } }),
      "MANIFEST_INVALID",
    ],
    ["has an annotation that is no string", JSON.stringify({ ...document, annotations: { a: 1 } }), "MANIFEST_INVALID"],
    ["is of a type we do not know", JSON.stringify({ ...document, mediaType: "text/plain" }), "MEDIA_TYPE_UNSUPPORTED"],
  ])("is refused when it %s", (_, text, code) => {
    expect(() => parseManifest(encode(text))).toThrow(expect.objectContaining({ code }));
  });

  it("is refused when it says another type than it was announced as", () => {
    expect(() => parseManifest(encode(JSON.stringify(document)), MediaType.index)).toThrow(/was announced as/);
  });

  const descriptor = { mediaType: "a/b", digest: `sha256:${"0".repeat(64)}`, size: 1 };
  const manifest = { schemaVersion: 2, config: descriptor, layers: [descriptor] };
  const index = { schemaVersion: 2, manifests: [{ ...descriptor, platform: { architecture: "amd64", os: "linux" } }] };
  const spelled: readonly (readonly [string, object])[] = [
    ["Layers", { ...manifest, Layers: [] }],
    ["layer\u017F", { ...manifest, "layer\u017F": [] }],
    ["Config", { ...manifest, Config: descriptor }],
    ["ANNOTATIONS", { ...manifest, ANNOTATIONS: {} }],
    ["SUBJECT", { ...manifest, SUBJECT: descriptor }],
    ["Manifests beside layers", { ...manifest, Manifests: [] }],
    ["schemaver\u017Fion", { ...manifest, "schemaver\u017Fion": 1 }],
    ["Digest in a layer", { ...manifest, layers: [{ ...descriptor, Digest: descriptor.digest }] }],
    ["MediaType in the config", { ...manifest, config: { ...descriptor, MediaType: "c/d" } }],
    ["Manifests", { ...index, Manifests: [] }],
    [
      "OS in a platform",
      { ...index, manifests: [{ ...descriptor, platform: { architecture: "amd64", os: "linux", OS: "" } }] },
    ],
  ];
  it.each(spelled)("is refused with a key that Go takes for a field: %s", (_, document) => {
    expect(() => parseManifest(encode(JSON.stringify(document)))).toThrow(/which some programs read as/);
  });

  it("may have other fields, and annotations that differ in their case", () => {
    const annotations = { layers: "1", Layers: "2", config: "3", Config: "4" };
    const document = { ...manifest, annotations, layering: 1, "os.Version": "x", org: { Layers: 1 } };
    expect(parseManifest(encode(JSON.stringify(document)))).toMatchObject({ annotations, document });
  });

  it("is refused over 4 MiB before it is parsed", () => {
    expect(() => parseManifest(new Uint8Array(4 * 1024 * 1024 + 1))).toThrow(
      expect.objectContaining({ code: "MANIFEST_TOO_LARGE" }),
    );
  });
});

describe("strict JSON", () => {
  it.each([
    ["a repeated key", '{"a":1,"a":2}'],
    ["a repeated key spelt with an escape", '{"a":1,"\\u0061":2}'],
    ["a repeated key deep inside", '[{"x":{"b":[],"b":1}}]'],
    ["__proto__", '{"__proto__":{"polluted":true}}'],
    ["a byte-order mark", "\uFEFF{}"],
    ["a string that never ends", '{"a":"\\"'],
    ["nesting of 65", "[".repeat(65) + "]".repeat(65)],
    ["nesting of a million", "[".repeat(1_000_000)],
    ["nothing", ""],
  ])("refuses %s", (_, text) => {
    expect(() => parseStrictJson(encode(text))).toThrow(expect.objectContaining({ code: "JSON_INVALID" }));
  });

  it("refuses invalid UTF-8", () => {
    expect(() => parseStrictJson(new Uint8Array([0x22, 0xff, 0x22]))).toThrow(/not valid UTF-8/);
  });

  it("accepts the same key in different objects, and a value equal to a key", () => {
    expect(parseStrictJson(encode('{"a":{"a":"a"},"b":["a","a"],"c":"b"}'))).toEqual({
      a: { a: "a" },
      b: ["a", "a"],
      c: "b",
    });
  });

  it("agrees with JSON.parse on everything that JSON.stringify writes", () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 8 }), (text) => {
        fc.pre(!text.includes("__proto__"));
        expect(parseStrictJson(encode(text))).toEqual(JSON.parse(text));
      }),
    );
  });

  it("takes linear time on four million quotes", () => {
    expect(() => parseStrictJson(encode(`"${'\\"'.repeat(2_000_000)}`))).toThrow(/not valid JSON/);
  });
});
