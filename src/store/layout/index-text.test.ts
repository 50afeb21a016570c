import fc from "fast-check";
import { expect, it } from "vitest";

import { processorTime } from "../../../test/fixtures/processor-time.ts";
import { digestOf, type Digest } from "../../oci/index.ts";
import { Entries } from "../entries.ts";
import { readIndexText, writeIndexText } from "./index-text.ts";

const REF_NAME = "org.opencontainers.image.ref.name";
const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const FIELDS = { schemaVersion: 2, mediaType: "application/vnd.oci.image.index.v1+json" };

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const read = (text: string): ReturnType<typeof readIndexText> => readIndexText(bytesOf(text));
const entry = (name: string, annotations: Record<string, string> = {}): Record<string, unknown> => ({
  mediaType: MANIFEST,
  digest: digestOf(name),
  size: name.length,
  annotations: { ...annotations, [REF_NAME]: name },
});
const indexOf = (...manifests: readonly unknown[]): string => JSON.stringify({ ...FIELDS, manifests });

/** Entries as they are written by anybody: most in our form, some with what it does not have. */
const anyEntry = fc
  .tuple(
    fc.string(),
    fc.oneof({ weight: 5, arbitrary: fc.constant(undefined) }, fc.string()),
    fc.dictionary(fc.oneof(fc.string(), fc.constantFrom(REF_NAME, "mediaType", "digest", "annotations")), fc.string()),
    fc.dictionary(fc.constantFrom("artifactType", "urls", "annotations", "size"), fc.jsonValue()),
    fc.integer({ min: 0, max: 20 }),
  )
  .map(([name, digest, annotations, more, odd]) => ({
    ...entry(name, annotations),
    ...(digest === undefined ? {} : { digest }),
    ...(odd === 0 ? more : {}),
  }));

it("reads what JSON.parse would read, or nothing", () => {
  let taken = 0;
  fc.assert(
    fc.property(fc.array(anyEntry, { minLength: 1, maxLength: 4 }), fc.boolean(), (items, isIndented) => {
      const text = JSON.stringify({ ...FIELDS, manifests: items }, undefined, isIndented ? 1 : undefined);
      const found = read(text);
      if (found === undefined) return;
      taken += 1;
      const document = JSON.parse(text) as { manifests: { annotations: Record<string, string> }[] };
      const rows = [...found.rows];
      expect({ ...found.fields, manifests: rows.map(({ descriptor }) => descriptor) }).toEqual(document);
      const names = rows.map(({ name }) => name);
      expect(names).toEqual(document.manifests.map(({ annotations }) => annotations[REF_NAME]));
      for (const name of names) {
        expect(found.rows.named(name)).toEqual(rows.filter((row) => row.name === name));
        expect([...found.rows.beginning(name)]).toEqual(rows.filter((row) => row.name.startsWith(name)));
      }
    }),
    { numRuns: 1000 },
  );
  expect(taken).toBeGreaterThan(20);
});

it.each([
  ["indented", JSON.stringify({ ...FIELDS, manifests: [entry("a:1")] }, undefined, 2)],
  ["cut off", indexOf(entry("a:1")).slice(0, -1)],
  ["followed by more", `${indexOf(entry("a:1"))}{}`],
  ["two lists", indexOf(entry("a:1")).replace(/\}$/, ',"manifests":[]}')],
  ["fields behind the list", indexOf(entry("a:1")).replace(/\}$/, ',"annotations":{}}')],
  ["a list inside another field", `{"x":${indexOf(entry("a:1"))}}`],
  ["a name with an escape", indexOf(entry('a"b'))],
  ["a name beyond ASCII", indexOf(entry("ä:1"))],
  ["a raw control character", indexOf(entry("a#1")).replace("#", "\n")],
  ["two names", indexOf(entry("a:1")).replace('"annotations":{', `"annotations":{"${REF_NAME}":"b:1",`)],
  ["no name", indexOf({ mediaType: MANIFEST, digest: digestOf("a"), size: 1, annotations: { a: "b" } })],
  ["a digest in capitals", indexOf({ ...entry("a:1"), digest: digestOf("a").toUpperCase() })],
  ["a size with a fraction", indexOf({ ...entry("a:1"), size: 1.5 })],
  ["a size that no number holds", indexOf(entry("a:1")).replace('"size":3', '"size":99999999999999999')],
  ["a number with leading zeros", indexOf(entry("a:1")).replace('"size":3', '"size":03')],
  ["an annotation that is no text", indexOf({ ...entry("a:1"), annotations: { [REF_NAME]: "a:1", b: 1 } })],
])("leaves to the JSON parser an index with %s", (_, text) => {
  expect(read(text)).toBeUndefined();
});

it("takes what containers/image writes: keys in order, a line at the end", () => {
  const annotations = { "org.opencontainers.image.ref.name": "a:1", "org.opencontainers.image.version": "1" };
  const text = `{"schemaVersion":2,"manifests":[${JSON.stringify({ ...entry("a:1"), annotations })}]}\n`;
  expect([...(read(text)?.rows ?? [])].map(({ name }) => name)).toEqual(["a:1"]);
});

it("writes every entry that did not change as the bytes that it was", () => {
  const names = Array.from({ length: 8 }, (_, at) => `examples/a:${at}`);
  const repeated = JSON.stringify(entry("examples/b:1")).replace('"annotations":{', '"annotations":{"a":"1","a":"2",');
  const text = indexOf(...names.map((name) => entry(name)), 0).replace(/,0\]\}$/, `,${repeated}]}`);
  const found = read(text);
  const entries = new Entries(found?.rows);
  expect(Buffer.concat(writeIndexText(FIELDS, entries)).toString()).toBe(text);

  const to = { mediaType: MANIFEST, digest: "sha256:".padEnd(71, "0") as Digest, size: 1 };
  entries.retag("examples/a", [
    { name: "2", to: undefined },
    { name: "5", to },
    { name: "9", to },
  ]);
  const changed = (tag: string): string => JSON.stringify({ ...to, annotations: { [REF_NAME]: `examples/a:${tag}` } });
  const expected = text
    .replace(`${JSON.stringify(entry("examples/a:2"))},`, "")
    .replace(JSON.stringify(entry("examples/a:5")), changed("5"))
    .replace(/\]\}$/, `,${changed("9")}]}`);
  const written = Buffer.concat(writeIndexText(found?.fields ?? {}, entries));
  expect(written.toString()).toBe(expected);
  expect([...(readIndexText(written)?.rows ?? [])]).toHaveLength(9);
});

it("finds what holds parts of its own form where a name or a version should be", () => {
  const sly = [`a:1`, `,{'mediaType':'`, `${REF_NAME}`, `org.opencontainers.image.ref.name:a:1`, "}],"];
  const text = indexOf(...sly.map((name) => entry(name, { [REF_NAME.slice(1)]: `${REF_NAME}:a:1}` })));
  const rows = read(text)?.rows;
  expect([...(rows ?? [])].map(({ name }) => name)).toEqual(sly);
  expect(sly.map((name) => rows?.named(name).map(({ descriptor }) => descriptor.digest))).toEqual(
    sly.map((name) => [digestOf(name)]),
  );
});

it("finds an entry whose annotations begin as an entry does, and changes that entry", () => {
  const sly = entry("a:2", { mediaType: "x", digest: "y" });
  const text = indexOf(entry("a:1"), sly, entry("a:3", { mediaType: "x" }));
  expect(
    read(text)
      ?.rows.named("a:2")
      .map(({ descriptor }) => descriptor),
  ).toEqual([sly]);
  const entries = new Entries(read(text)?.rows);
  entries.retag("a", [{ name: "2", to: undefined }]);
  const written: unknown = JSON.parse(Buffer.concat(writeIndexText(FIELDS, entries)).toString());
  expect(written).toEqual({ ...FIELDS, manifests: [entry("a:1"), entry("a:3", { mediaType: "x" })] });
});

it("finds the same names in the text and in its table", () => {
  const text = indexOf(entry("a:1"), entry("b:1"), { ...entry("a:1"), size: 7 });
  const rows = read(text)?.rows;
  const look = (): unknown => ["a:1", "b:1", "c:1", 'b:1"', ""].map((name) => rows?.named(name));
  const first = look();
  for (let times = 0; times < 10; times++) expect(look()).toEqual(first);
});

it("leaves nothing of a name that was written twice when it is changed", () => {
  const text = indexOf(entry("a:1"), entry("b:1"), { ...entry("a:1"), size: 7 });
  const to = { mediaType: MANIFEST, digest: digestOf("new"), size: 1 };
  const written = (change: { name: string; to: typeof to | undefined }): unknown => {
    const entries = new Entries(read(text)?.rows);
    entries.retag("a", [change]);
    return JSON.parse(Buffer.concat(writeIndexText(FIELDS, entries)).toString());
  };
  const changed = { ...to, annotations: { [REF_NAME]: "a:1" } };
  expect(written({ name: "1", to })).toEqual({ ...FIELDS, manifests: [changed, entry("b:1")] });
  expect(written({ name: "1", to: undefined })).toEqual({ ...FIELDS, manifests: [entry("b:1")] });
});

it.each([
  ["names", `"${REF_NAME}":"a",`.repeat(200_000)],
  ["annotations", '"a":"b",'.repeat(500_000)],
  ["one long text", `"a":"${"b".repeat(4_000_000)}",`],
])("is not slowed down by an entry of many %s", (_, annotations) => {
  const text = indexOf(entry("a:1"))
    .replace('"annotations":{', `"annotations":{${annotations}`)
    .replace("}}]}", "}} ]}");
  const before = processorTime();
  expect(read(text)).toBeUndefined();
  expect(processorTime() - before).toBeLessThan(1000);
});
