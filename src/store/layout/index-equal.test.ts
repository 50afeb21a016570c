/** Whether an index is searched as text or parsed as JSON is nothing that anybody could notice. */
import fc from "fast-check";
import { expect, it } from "vitest";

import { Annotation, digestOf, EntryAnnotation, type Descriptor, type Digest } from "../../oci/index.ts";
import { Entries } from "../entries.ts";
import { readItems } from "../read-items.ts";
import { readIndexText, writeIndexText } from "./index-text.ts";

const FIELDS = { schemaVersion: 2 };
const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const DIGESTS = ["a", "b", "c"].map((text) => digestOf(text));
const REPOSITORIES = ["x/a", "x/a/b", "x/ab", "x", "localhost:5000/x/a"];
const TAGS = ["1.0.0", "1.0.0-draft", "1.0", "latest"];

const repository = fc.constantFrom(...REPOSITORIES);
const digest = fc.constantFrom(...DIGESTS);
const tagOrDigest = fc.oneof(fc.constantFrom(...TAGS), digest);
const name = fc.oneof(
  fc.tuple(repository, tagOrDigest).map(([path, tag]) => `${path}${tag.includes(":") ? "@" : ":"}${tag}`),
  fc.constantFrom("", "latest", "x/a", "x/a:", "x/a@", "x/a:1.0.0:2", "{'mediaType':'", "],"),
);
const annotations = fc.dictionary(
  fc.constantFrom("mediaType", "digest", "annotations", "manifests", "a", `${Annotation.refName}.x`, "__proto__"),
  fc.constantFrom("", ",{", "}]}", Annotation.refName, ":", "x/a:1.0.0"),
);
const entry = fc
  .tuple(name, digest, annotations, annotations, fc.option(digest), fc.boolean())
  .map(([called, named, before, after, subject, isArtifact]) => ({
    mediaType: MANIFEST,
    digest: named,
    size: 1,
    annotations: {
      ...before,
      ...(subject === null ? {} : { [EntryAnnotation.subject]: subject }),
      [Annotation.refName]: called,
      ...after,
    },
    ...(isArtifact ? { artifactType: "a/b" } : {}),
  }));
const descriptorOf = (of: Digest): Descriptor => ({ mediaType: MANIFEST, digest: of, size: 2 });
/** All that can be done. */
const change = fc.oneof(
  fc
    .tuple(repository, fc.constantFrom(...TAGS), fc.option(digest))
    .map(([path, tag, to]) => (entries: Entries): void => {
      entries.retag(path, [{ name: tag, to: to === null ? undefined : descriptorOf(to) }]);
    }),
  fc.tuple(repository, digest, fc.boolean()).map(([path, named, keep]) => (entries: Entries): void => {
    entries.retag(path, [{ name: named, to: keep ? descriptorOf(named) : undefined }]);
  }),
  fc.tuple(repository, digest, digest).map(([path, named, subject]) => (entries: Entries): void => {
    entries.addReferrer(path, descriptorOf(named), subject);
  }),
  fc.tuple(repository, digest).map(([path, named]) => (entries: Entries): void => {
    entries.removeManifest(path, named);
  }),
  digest.map(
    (named) =>
      (entries: Entries): void =>
        entries.prune((of) => of.digest === named),
  ),
);

/** All that can be asked. */
function answers(entries: Entries): unknown {
  const each = REPOSITORIES.map((path) => ({
    tags: entries.tags(path),
    listed: entries.list(path),
    untagged: entries.untagged(path),
    referrers: DIGESTS.map((subject) => entries.referrers(path, subject)),
    resolved: [...TAGS, ...DIGESTS].map((tag) => [entries.resolve(path, tag), entries.has(path, tag)]),
  }));
  return { each, repositories: entries.repositories(), all: entries.list(), descriptors: [...entries.descriptors()] };
}

it("answers and changes as an index that was parsed does", () => {
  fc.assert(
    fc.property(
      fc.array(entry, { minLength: 1, maxLength: 6 }),
      fc.array(change, { maxLength: 8 }),
      (items, changes) => {
        const text = JSON.stringify({ ...FIELDS, manifests: items });
        const read = readIndexText(Buffer.from(text));
        if (read === undefined) throw new Error(`not taken: ${text}`);
        const parsed = JSON.parse(text) as { readonly manifests: readonly unknown[] };
        const both = [new Entries(read.rows), new Entries(readItems(parsed.manifests).rows)] as const;
        expect(answers(both[0])).toEqual(answers(both[1]));
        for (const apply of changes) {
          for (const entries of both) apply(entries);
          expect(answers(both[0])).toEqual(answers(both[1]));
        }
        const [one, other] = both.map((entries) => Buffer.concat(writeIndexText(FIELDS, entries)).toString());
        expect(JSON.parse(one ?? "")).toEqual(JSON.parse(other ?? ""));
      },
    ),
    { numRuns: 100 },
  );
});
