import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";

import { Annotation, digestOf, MediaType, type JsonObject } from "../../../oci/index.ts";
import { createLayer } from "../../../archive/index.ts";
import { readAll } from "../../../content/index.ts";
import { annotated, Bench, inState, type Image } from "../testing/bench.ts";
import type { AdmissionConfig } from "../admission.ts";

const denied = (message: string) =>
  expect.objectContaining({ status: 403, message: expect.stringContaining(message) as string }) as Error;

/** A draft of 1.0.0 whose layer has these files, as other tools could make it. */
async function image(
  bench: Bench,
  files: Readonly<Record<string, string>>,
  change: { diffId?: string } = {},
): Promise<Image> {
  const layer = createLayer(
    Object.entries(files).map(([path, text]) => ({
      path,
      executable: false,
      size: Buffer.byteLength(text),
      open: async function* () {
        yield Buffer.from(text);
      },
    })),
  );
  const bytes = await readAll(layer.content);
  const config = JSON.stringify({
    architecture: "amd64",
    os: "linux",
    rootfs: { type: "layers", diff_ids: [change.diffId ?? layer.summary().diffId] },
  });
  await bench.upload(bytes);
  await bench.upload(config);
  const document: JsonObject = {
    schemaVersion: 2,
    mediaType: MediaType.manifest,
    config: { mediaType: MediaType.config, digest: digestOf(config), size: config.length },
    layers: [{ mediaType: MediaType.layerGzip, digest: digestOf(bytes), size: bytes.byteLength }],
    annotations: { [Annotation.status]: "draft", [Annotation.version]: "1.0.0", [Annotation.name]: "greeter" },
  };
  return { document, mediaType: MediaType.manifest };
}

const CARD = `apiVersion: skillimage.io/v1alpha1
kind: SkillCard
metadata:
  name: greeter
  namespace: examples
  version: 1.0.0
  description: Greets people.
`;
const SKILL = "---\nname: greeter\ndescription: Greets people.\n---\n# Greeter\n";

describe("the card in an image", () => {
  it.each<[string, Record<string, string>, string]>([
    ["that has none", { "README.md": "x" }, "it holds neither skill.yaml nor SKILL.md at its root"],
    ["that lies deeper", { "greeter/skill.yaml": CARD, "greeter/SKILL.md": SKILL }, "it holds neither"],
    ["with an unknown key", { "skill.yaml": `${CARD}owner: me\n`, "SKILL.md": SKILL }, "skill.yaml:8:1"],
    ["whose prompt is not there", { "skill.yaml": CARD }, "SKILL.md"],
    [
      "of another version",
      { "skill.yaml": CARD.replace("1.0.0", "2.0.0"), "SKILL.md": SKILL },
      'the card inside "greeter 2.0.0"',
    ],
    [
      "of another skill",
      { "skill.yaml": CARD.replace("greeter", "other"), "SKILL.md": SKILL },
      'the card inside "other 1.0.0"',
    ],
    ["that is no YAML", { "skill.yaml": "\u0000", "SKILL.md": SKILL }, "skill.yaml:1:1"],
  ])("%s is refused, with the place of what is wrong", async (_, files, message) => {
    const bench = new Bench();
    await expect(bench.push(await image(bench, files), "1.0.0-draft", "author")).rejects.toThrow(denied(message));
    await expect(bench.push(inState(await image(bench, files), "published"), "1.0.0", "mirror")).rejects.toThrow(
      denied(message),
    );
  });

  it("may be the frontmatter of a SKILL.md", async () => {
    const bench = new Bench();
    await bench.push(await image(bench, { "SKILL.md": SKILL }), "1.0.0-draft", "author");
  });

  it("is refused in a layer that is not what the config says", async () => {
    const bench = new Bench();
    const files = { "skill.yaml": CARD, "SKILL.md": SKILL };
    const wrong = await image(bench, files, { diffId: digestOf("other") });
    await expect(bench.push(wrong, "1.0.0-draft", "author")).rejects.toThrow(denied("a layer unpacks to"));
  });

  it("is refused in a layer of a kind that nobody can unpack", async () => {
    const bench = new Bench();
    const { document, mediaType } = await image(bench, { "skill.yaml": CARD, "SKILL.md": SKILL });
    const [layer] = document["layers"] as JsonObject[];
    const zstd = { ...document, layers: [{ ...layer, mediaType: `${MediaType.layer}+zstd` }] };
    await expect(bench.push({ document: zstd, mediaType }, "1.0.0-draft", "author")).rejects.toThrow(
      denied("not tar or tar+gzip"),
    );
  });

  it.each<[AdmissionConfig["limits"], string]>([
    [{ entries: 2 }, "more than 2 entries"],
    [{ fileSize: 100 }, "larger than 100 bytes"],
    [{ expandedSize: 1024 }, "unpacks to more than 1024 bytes"],
    [{ compressedSize: 64 }, "more than 64 compressed bytes"],
  ])("is refused in layers over the limits: %j", async (limits, message) => {
    const bench = new Bench({ limits: limits ?? {} });
    const files = { "skill.yaml": CARD, "SKILL.md": SKILL, "more.md": "x".repeat(200) };
    const pushed = bench.push(await image(bench, files), "1.0.0-draft", "author");
    await expect(pushed).rejects.toThrow(denied(message));
    // To validate it would find nothing.
    await expect(pushed).rejects.toMatchObject({ hint: expect.stringContaining("takes no larger ones") as string });
  });

  it("is read once for all states of a version", async () => {
    const bench = new Bench();
    const draft = await bench.pack();
    await bench.publish(draft, "1.0.0");
    await bench.push(annotated(draft, { [Annotation.status]: "deprecated" }), "1.0.0", "approver");
  });
});

describe("a descriptor of a skill", () => {
  it.each<[string, (descriptor: object) => object, string]>([
    [
      "sends nobody elsewhere (foreign layers, tracking)",
      (d) => ({ ...d, urls: ["https://elsewhere.test/x"] }),
      "to be fetched from elsewhere",
    ],
    [
      "brings no other content than its digest's",
      (d) => ({ ...d, data: Buffer.from("evil").toString("base64") }),
      "data that is something else",
    ],
  ])("%s", async (_, change, message) => {
    const bench = new Bench();
    const draft = await bench.pack();
    for (const key of ["config", "layers"]) {
      const value = draft.document[key] as object | readonly object[];
      const changed = Array.isArray(value) ? value.map((each: object) => change(each)) : change(value);
      const image = { ...draft, document: { ...draft.document, [key]: changed } };
      await expect(bench.push(image, "1.0.0-draft", "author")).rejects.toThrow(message);
    }
  });
});

describe("a key of the config that Go takes for another", () => {
  it.each<[string, object]>([
    ["shows no other labels", { config: {}, Config: { Labels: { maintainer: "mallory" } } }],
    ["shows no other labels in them", { config: { Labels: {}, "label\u017F": { maintainer: "mallory" } } }],
    ["names no other layers", { RootFS: { diff_ids: [] } }],
  ])("%s", async (_, fields) => {
    const bench = new Bench();
    const draft = await bench.pack();
    const text = JSON.stringify({ ...fields, rootfs: { diff_ids: [digestOf("x")] } });
    const config = { mediaType: MediaType.config, digest: await bench.upload(text), size: Buffer.byteLength(text) };
    const forged = { ...draft, document: { ...draft.document, config } };
    await expect(bench.push(forged, "1.0.0-draft", "author")).rejects.toThrow("which some programs read as");
  });
});

describe("a label of the config", () => {
  it("tells no state: skopeo shows labels, not annotations", async () => {
    const bench = new Bench();
    const draft = await bench.pack();
    const diffIds = [digestOf("x")];
    const text = JSON.stringify({
      config: { Labels: { [Annotation.status]: "published" } },
      rootfs: { diff_ids: diffIds },
    });
    const config = { mediaType: MediaType.config, digest: await bench.upload(text), size: Buffer.byteLength(text) };
    const forged = { ...draft, document: { ...draft.document, config } };
    await expect(bench.push(forged, "1.0.0-draft", "author")).rejects.toThrow("has the label io.skillimage.status");
  });
});

/** Bytes that are in use. */
function heapInUse(): number {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  return process.memoryUsage().heapUsed;
}

it("is refused in an image whose config holds so many values that others would wait", async () => {
  const bench = new Bench();
  const { document, mediaType } = await bench.pack();
  const text = `{"history":[${"{},".repeat(60_000)}{}]}`;
  const config = { mediaType: MediaType.config, digest: await bench.upload(text), size: text.length };
  const pushed = bench.push({ document: { ...document, config }, mediaType }, "1.0.0-draft", "author");
  await expect(pushed).rejects.toThrow(denied("its config holds more than 50000 values"));
});

it("keeps little of images that were judged, however much they say of their layers", async () => {
  const bench = new Bench();
  const { document, mediaType } = await bench.pack();
  const [layer] = document["layers"] as readonly JsonObject[];
  const before = heapInUse();
  for (let at = 0; at < 16; at += 1) {
    const layers = [{ ...layer, annotations: { note: `${at}`.padEnd(2 * 1024 ** 2) } }];
    await bench.push({ document: { ...document, layers }, mediaType }, "1.0.0-draft", "author");
  }
  expect(heapInUse() - before).toBeLessThan(8 * 1024 ** 2);
});
