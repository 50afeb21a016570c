import { readFileSync } from "node:fs";

import { describe, expect, it } from "vitest";

import { Annotation } from "../../oci/index.ts";
import { allRules, createAdmission } from "./admission.ts";
import { annotated, Bench, inState, type Image } from "./testing/bench.ts";

/** An image that does not say that it is a skill. */
function plain({ document, mediaType }: Image): Image {
  return { mediaType, document: { ...document, annotations: { [Annotation.title]: "a web server" } } };
}

describe("rules", () => {
  it("let other images be, unless told otherwise; what refers to images always comes in", async () => {
    const open = new Bench();
    await open.push(plain(await open.pack()), "1.0.0", "author");
    await open.push(plain(await open.pack()), "latest", "author");
    await open.untag("latest", "author");
    const closed = new Bench({ rules: { "plain-images": true } });
    const draft = await closed.pack();
    await expect(closed.push(plain(draft), "1.0.0", "admin")).rejects.toMatchObject({
      status: 403,
      message: "acme/greeter takes only skills, and this image does not say that it is one",
    });
    await closed.push(plain(draft), `sha256-${"0".repeat(64)}.sig`, "author");
    await closed.push(draft, "1.0.0-draft", "author");
  });

  it("keep latest for skills where there are some", async () => {
    const bench = new Bench();
    const published = await bench.publish(await bench.pack(), "1.0.0");
    await expect(bench.push(plain(published), "latest", "author")).rejects.toThrow(
      "the highest published version is 1.0.0",
    );
    await bench.push(published, "latest", "approver");
    await expect(bench.untag("latest", "approver")).rejects.toThrow("names the highest published version");
  });

  it("can be turned off one by one", async () => {
    const bench = new Bench({ rules: { lifecycle: false } });
    await bench.push(inState(await bench.pack(), "published"), "1.0.0", "author");
    const other = inState(await bench.pack({}, { "other.md": "x" }), "published");
    await expect(bench.push(other, "1.0.0", "author")).rejects.toThrow("is published already");
  });

  it("that there are not, and limits that are none, are refused", () => {
    expect(() => createAdmission({ rules: { lifecycles: false } })).toThrow(
      expect.objectContaining({ code: "CONFIG_INVALID", hint: "Did you mean lifecycle?" }),
    );
    expect(() => createAdmission({ limits: { entries: 0 } })).toThrow(
      expect.objectContaining({ code: "CONFIG_INVALID" }),
    );
    expect(() => createAdmission({ limits: { entries: Number.NaN } })).toThrow();
  });

  it("are the ones that docs/how-to/registry-rules.md describes, in its words", () => {
    const doc = readFileSync(new URL("../../../docs/how-to/registry-rules.md", import.meta.url), "utf8");
    const rows = [...doc.matchAll(/^\| `([a-z-]+)` \| (.+) \|$/gm)].map(([, name, text]) => ({ name, doc: text }));
    expect(rows).toEqual(allRules().map(({ name, doc: text }) => ({ name, doc: text })));
  });

  it("never refuse as MANIFEST_INVALID: skopeo would send the image again without its annotations", async () => {
    const bench = new Bench();
    const image = annotated(await bench.pack(), { [Annotation.version]: "x" });
    await expect(bench.push(image, "x", "author")).rejects.toMatchObject({ ociCode: "DENIED" });
  });
});
