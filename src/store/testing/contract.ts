/**
 * The contract of `Store` and `Repository` as a test suite, which every store passes: memory, layout and remote do.
 *
 * It uses nothing but those interfaces. It is long because it is one list, to be read from top to bottom. A store that cannot do something names the test and says why.
 */
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { isRereadable, readAll } from "../../content/index.ts";
import { digestOf, MediaType } from "../../oci/index.ts";
import type { Repository, Store } from "../types.ts";
import { bytesOf, contentOf, describeBytes, listOf, makeImage, pushImage, pushIndex } from "./images.ts";

export interface StoreUnderTest {
  readonly store: Store;
  /** What stands before the names that it lists, if it completes those that it is given: `quay.io/`. */
  readonly prefix?: string;
  readonly dispose?: () => Promise<void>;
}

export interface ContractOptions {
  /** Names of tests that do not apply, each with the reason. */
  readonly skips?: Readonly<Record<string, string>>;
}

type Case = (repository: Repository, store: Store, prefix: string) => Promise<void>;

/** Declares the suite for a store; `factory` makes an empty one for every test. */
export function describeStore(
  name: string,
  factory: () => Promise<StoreUnderTest>,
  options: ContractOptions = {},
): void {
  const skips = new Map(Object.entries(options.skips ?? {}));
  describe(`${name} keeps the store contract`, () => {
    let subject: StoreUnderTest;
    beforeEach(async () => {
      subject = await factory();
    });
    afterEach(async () => subject.dispose?.());

    for (const [title, run] of Object.entries(CASES)) {
      const reason = skips.get(title);
      if (reason !== undefined) it.skip(`${title} (skipped: ${reason})`);
      else it(title, async () => run(subject.store.repository(REPOSITORY), subject.store, subject.prefix ?? ""));
    }
    it("skips only tests that exist", () => {
      expect([...skips.keys()].filter((title) => !(title in CASES))).toEqual([]);
    });
  });
}

const REPOSITORY = "examples/hello-world";
const ABSENT = describeBytes(bytesOf("never pushed"));

const CASES: Readonly<Record<string, Case>> = {
  "gives back the bytes that were pushed": async (repository) => {
    const descriptor = describeBytes(bytesOf("one two"));
    await repository.push(descriptor, contentOf("one", " ", "two"));
    expect(await readAll(repository.fetch(descriptor))).toEqual(bytesOf("one two"));
  },
  "gives content more than once": async (repository) => {
    const descriptor = describeBytes(bytesOf("again"));
    await repository.push(descriptor, bytesOf("again"));
    const content = repository.fetch(descriptor);
    expect(isRereadable(content)).toBe(true);
    expect(await readAll(content)).toEqual(bytesOf("again"));
    expect(await readAll(content)).toEqual(bytesOf("again"));
  },
  "stores content of no bytes": async (repository) => {
    const descriptor = describeBytes(new Uint8Array());
    await repository.push(descriptor, contentOf());
    expect(await repository.exists(descriptor)).toBe(true);
    expect(await readAll(repository.fetch(descriptor))).toEqual(new Uint8Array());
  },
  "tells what it holds": async (repository) => {
    const descriptor = describeBytes(bytesOf("here"));
    await repository.push(descriptor, bytesOf("here"));
    expect(await repository.exists(descriptor)).toBe(true);
    expect(await repository.exists({ ...descriptor, size: 5 })).toBe(false);
    expect(await repository.exists(ABSENT)).toBe(false);
  },
  "says NOT_FOUND for content that is absent": async (repository) => {
    await expect(readAll(repository.fetch(ABSENT))).rejects.toMatchObject({ code: "NOT_FOUND" });
  },
  "stores nothing when pushed bytes hash to something else": async (repository) => {
    const descriptor = describeBytes(bytesOf("expected"));
    const push = repository.push(descriptor, contentOf("tampered"));
    await expect(push).rejects.toMatchObject({ code: "DIGEST_MISMATCH" });
    expect(await repository.exists(descriptor)).toBe(false);
  },
  "stores nothing when pushed bytes are too few or too many": async (repository) => {
    const descriptor = describeBytes(bytesOf("expected"));
    for (const wrong of ["expect", "expected, and more"]) {
      await expect(repository.push(descriptor, contentOf(wrong))).rejects.toMatchObject({ code: "SIZE_MISMATCH" });
    }
    expect(await repository.exists(descriptor)).toBe(false);
  },
  "does not read content that it holds": async (repository) => {
    const image = await pushImage(repository, "held");
    let reads = 0;
    async function* counted(): AsyncGenerator<Uint8Array> {
      reads += 1;
      yield bytesOf("layer of held");
    }
    await repository.push(image.layer, counted());
    await repository.push(image.manifest, counted());
    expect(reads).toBe(0);
  },
  "describes content that it ingests": async (repository) => {
    const descriptor = await repository.ingest(MediaType.layerGzip, contentOf("some ", "layer"));
    expect(descriptor).toEqual(describeBytes(bytesOf("some layer"), MediaType.layerGzip));
    expect(await readAll(repository.fetch(descriptor))).toEqual(bytesOf("some layer"));
    expect(await repository.ingest(MediaType.layerGzip, contentOf("some layer"))).toEqual(descriptor);
  },
  "stores nothing when ingested content breaks off": async (repository) => {
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield bytesOf("half");
      throw new Error("the source broke");
    }
    await expect(repository.ingest(MediaType.layer, broken())).rejects.toThrow("the source broke");
    expect(await repository.exists(describeBytes(bytesOf("half")))).toBe(false);
  },
  "refuses a manifest whose blobs are absent": async (repository) => {
    const image = makeImage("orphan");
    await repository.push(image.config, bytesOf(JSON.stringify({ text: "orphan" })));
    const push = repository.push(image.manifest, image.manifestBytes);
    await expect(push).rejects.toMatchObject({ code: "BLOB_MISSING" });
    expect(await repository.exists(image.manifest)).toBe(false);
  },
  "refuses a manifest that is none": async (repository) => {
    const bytes = bytesOf('{"schemaVersion":2,"layers":{}}');
    const push = repository.push(describeBytes(bytes, MediaType.manifest), bytes);
    await expect(push).rejects.toMatchObject({ code: "MANIFEST_INVALID" });
  },
  "resolves a tag, and the digest it names": async (repository) => {
    const { manifest } = await pushImage(repository, "one");
    await repository.tag(manifest, "1.0.0");
    expect(await repository.resolve("1.0.0")).toMatchObject(manifest);
    expect(await repository.resolve(manifest.digest)).toMatchObject(manifest);
  },
  "says NOT_FOUND for a tag and a digest that name nothing": async (repository) => {
    await expect(repository.resolve("1.0.0")).rejects.toMatchObject({ code: "NOT_FOUND" });
    await expect(repository.resolve(ABSENT.digest)).rejects.toMatchObject({ code: "NOT_FOUND" });
  },
  "moves a tag": async (repository) => {
    const one = await pushImage(repository, "one");
    const two = await pushImage(repository, "two");
    await repository.tag(one.manifest, "latest");
    await repository.tag(two.manifest, "latest");
    expect((await repository.resolve("latest")).digest).toBe(two.manifest.digest);
    expect(await listOf(repository.tags())).toEqual(["latest"]);
  },
  "keeps two tags of one digest apart": async (repository) => {
    const { manifest } = await pushImage(repository, "one");
    await repository.tag(manifest, "1.0.0");
    await repository.tag(manifest, "latest");
    await repository.untag("1.0.0");
    expect(await listOf(repository.tags())).toEqual(["latest"]);
    expect((await repository.resolve("latest")).digest).toBe(manifest.digest);
  },
  "lists tags in lexical order": async (repository) => {
    const { manifest } = await pushImage(repository, "one");
    for (const tag of ["b", "10", "B", "9", "a_1"]) await repository.tag(manifest, tag);
    expect(await listOf(repository.tags())).toEqual(["10", "9", "B", "a_1", "b"]);
  },
  "refuses to tag a manifest that is absent": async (repository) => {
    const { manifest } = makeImage("absent");
    await expect(repository.tag(manifest, "1.0.0")).rejects.toMatchObject({ code: "BLOB_MISSING" });
    expect(await listOf(repository.tags())).toEqual([]);
  },
  "refuses a name that is neither tag nor digest": async (repository) => {
    const { manifest } = await pushImage(repository, "one");
    for (const name of ["", "../up", "a b", "-x", "sha256:short"]) {
      await expect(repository.tag(manifest, name)).rejects.toMatchObject({ code: "REFERENCE_INVALID" });
    }
  },
  "says NOT_FOUND when there is no tag to remove": async (repository) => {
    await expect(repository.untag("1.0.0")).rejects.toMatchObject({ code: "NOT_FOUND" });
  },
  "changes several tags at once": async (repository) => {
    const draft = await pushImage(repository, "draft");
    const testing = await pushImage(repository, "testing");
    await repository.tag(draft.manifest, "1.0.0-draft");
    await repository.retag([
      { name: "1.0.0-testing", to: testing.manifest, expect: null },
      { name: "1.0.0-draft", to: undefined, expect: draft.manifest.digest },
    ]);
    expect(await listOf(repository.tags())).toEqual(["1.0.0-testing"]);
  },
  "stores the manifest that a tag change brings along": async (repository) => {
    const { manifest } = await pushImage(repository, "first");
    const document = new TextDecoder().decode(await readAll(repository.fetch(manifest)));
    const content = bytesOf(`${document} `);
    const to = { mediaType: manifest.mediaType, digest: digestOf(content), size: content.byteLength };
    await repository.retag([{ name: "1.0.0", to, content, expect: null }]);
    expect((await repository.resolve("1.0.0")).digest).toBe(to.digest);
    expect(await readAll(repository.fetch(to))).toEqual(content);
  },
  "keeps the referrer that a tag change brings along": async (repository) => {
    const image = await pushImage(repository, "signed");
    await repository.tag(image.manifest, "1.0.0");
    const { manifest: to, manifestBytes: content } = makeImage("signed", { subject: image.manifest });
    await repository.retag([{ name: to.digest, to, content }]);
    expect(await listOf(repository.referrers(image.manifest))).toMatchObject([{ digest: to.digest }]);
    expect(await listOf(repository.tags())).toEqual(["1.0.0"]);
  },
  "changes no tag when one is not what was expected": async (repository) => {
    const one = await pushImage(repository, "one");
    const two = await pushImage(repository, "two");
    await repository.tag(one.manifest, "1.0.0");
    const retag = repository.retag([
      { name: "latest", to: two.manifest },
      { name: "1.0.0", to: two.manifest, expect: null },
    ]);
    await expect(retag).rejects.toMatchObject({ code: "CONFLICT" });
    const moved = repository.retag([{ name: "1.0.0", to: two.manifest, expect: two.manifest.digest }]);
    await expect(moved).rejects.toMatchObject({ code: "CONFLICT" });
    expect(await listOf(repository.tags())).toEqual(["1.0.0"]);
    expect((await repository.resolve("1.0.0")).digest).toBe(one.manifest.digest);
  },
  "lets exactly one of several racing changes win": async (repository) => {
    const images = await Promise.all(["a", "b", "c", "d"].map(async (text) => pushImage(repository, text)));
    const races = images.map(({ manifest }) => repository.retag([{ name: "1.0.0", to: manifest, expect: null }]));
    const outcomes = await Promise.allSettled(races);
    expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  },
  "keeps a manifest that has only its digest as a name": async (repository, store, prefix) => {
    const { manifest } = await pushImage(repository, "archived");
    await repository.tag(manifest, "1.0.0");
    await repository.retag([
      { name: manifest.digest, to: manifest },
      { name: "1.0.0", to: undefined },
    ]);
    expect(await repository.resolve(manifest.digest)).toMatchObject(manifest);
    expect(await listOf(repository.tags())).toEqual([]);
    expect(await listOf(store.repositories())).toEqual([`${prefix}${REPOSITORY}`]);
  },
  "deletes a manifest with every tag of it": async (repository) => {
    const one = await pushImage(repository, "one");
    const two = await pushImage(repository, "two");
    await repository.tag(one.manifest, "1.0.0");
    await repository.tag(one.manifest, "latest");
    await repository.tag(two.manifest, "2.0.0");
    await repository.delete(one.manifest);
    expect(await listOf(repository.tags())).toEqual(["2.0.0"]);
    await expect(repository.resolve(one.manifest.digest)).rejects.toMatchObject({ code: "NOT_FOUND" });
    await expect(repository.delete(one.manifest)).rejects.toMatchObject({ code: "NOT_FOUND" });
  },
  "keeps repositories apart and lists them": async (repository, store, prefix) => {
    const other = store.repository("examples/hello");
    const one = await pushImage(repository, "one");
    const two = await pushImage(other, "two");
    await repository.tag(one.manifest, "1.0.0");
    await other.tag(two.manifest, "1.0.0");
    expect((await repository.resolve("1.0.0")).digest).toBe(one.manifest.digest);
    expect(await listOf(store.repositories())).toEqual([`${prefix}examples/hello`, `${prefix}${REPOSITORY}`]);
    await repository.delete(one.manifest);
    expect((await other.resolve("1.0.0")).digest).toBe(two.manifest.digest);
    expect(await listOf(store.repositories())).toEqual([`${prefix}examples/hello`]);
  },
  "refuses a repository name that is none": async (_repository, store) => {
    for (const name of ["", "Upper/case", "a/../b", "a:1.0.0", "/a", `a@${ABSENT.digest}`]) {
      expect(() => store.repository(name)).toThrow(expect.objectContaining({ code: "REFERENCE_INVALID" }));
    }
  },
  "stores an index over several manifests": async (repository) => {
    const one = await pushImage(repository, "one");
    const two = await pushImage(repository, "two");
    const index = await pushIndex(repository, [one.manifest, two.manifest]);
    await repository.tag(index, "1.0.0");
    expect(await repository.resolve("1.0.0")).toMatchObject(index);
  },
  "finds the referrers of a manifest": async (repository) => {
    const image = await pushImage(repository, "signed");
    await repository.tag(image.manifest, "1.0.0");
    const subject = image.manifest;
    const annotations = { note: "by a test" };
    const signature = await pushImage(repository, "sig", { subject, artifactType: "application/x-sig", annotations });
    await pushImage(repository, "sbom", { subject, artifactType: "application/x-sbom" });
    const all = await listOf(repository.referrers(subject));
    const types = new Set(all.map(({ artifactType }) => artifactType));
    expect(types).toEqual(new Set(["application/x-sbom", "application/x-sig"]));
    const signatures = await listOf(repository.referrers(subject, { artifactType: "application/x-sig" }));
    expect(signatures).toMatchObject([{ digest: signature.manifest.digest, annotations }]);
    expect(await listOf(repository.referrers(signature.manifest))).toEqual([]);
    expect(await listOf(repository.tags())).toEqual(["1.0.0"]);
  },
  "does nothing once it is cancelled": async (repository) => {
    const image = await pushImage(repository, "one");
    const options = { signal: AbortSignal.abort() };
    const aborted = { code: "ABORTED" };
    const late = describeBytes(bytesOf("late"));
    await expect(repository.push(late, bytesOf("late"), options)).rejects.toMatchObject(aborted);
    await expect(repository.tag(image.manifest, "1.0.0", options)).rejects.toMatchObject(aborted);
    await expect(repository.resolve("1.0.0", options)).rejects.toMatchObject(aborted);
    await expect(readAll(repository.fetch(image.layer, options))).rejects.toMatchObject(aborted);
    expect(await repository.exists(late)).toBe(false);
    expect(await listOf(repository.tags())).toEqual([]);
  },
  "leaves nothing when a push is cancelled midway": async (repository) => {
    const controller = new AbortController();
    async function* cancelled(): AsyncGenerator<Uint8Array> {
      yield bytesOf("first ");
      controller.abort();
      yield bytesOf("second");
    }
    const descriptor = { mediaType: "x/y", digest: digestOf("first second"), size: 12 };
    const push = repository.push(descriptor, cancelled(), { signal: controller.signal });
    await expect(push).rejects.toMatchObject({ code: "ABORTED" });
    expect(await repository.exists(descriptor)).toBe(false);
  },
};
