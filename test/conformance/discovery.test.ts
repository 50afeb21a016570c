import { expect, it } from "vitest";

import { MediaType, type Descriptor } from "../../src/oci/index.ts";
import { describeContent, describeSection, errorCodes, type Subject } from "./subject.ts";

interface TagList {
  readonly name: string;
  readonly tags: readonly string[];
}

/** Reads one page: its tags and where the next one is. */
async function page(subject: Subject, path: string): Promise<TagList & { readonly next: string | undefined }> {
  const response = await subject.ask("GET", path);
  expect(response.status).toBe(200);
  const next = /^<([^>]+)>; rel="next"$/.exec(response.headers.get("link") ?? "")?.[1];
  return { ...((await response.json()) as TagList), next };
}

describeSection("Listing Tags", (subject) => {
  const TAGS = ["0.9.0", "1.0.0", "1.0.0-draft", "1.0.0-rc.1", "2.0.0", "latest"];
  const name = "conformance/tagged";

  it("end-8a: all tags, in order", async () => {
    for (const tag of TAGS.toReversed()) await subject.pushImage(name, "tagged", { tag });
    expect(await page(subject, `/v2/${name}/tags/list`)).toEqual({ name, tags: TAGS, next: undefined });
  });
  it("end-8b: n at a time, each page with a link to the next", async () => {
    const found: string[] = [];
    for (let path: string | undefined = `/v2/${name}/tags/list?n=4`; path !== undefined;) {
      const { tags, next }: { tags: readonly string[]; next: string | undefined } = await page(subject, path);
      expect(tags.length).toBeLessThanOrEqual(4);
      found.push(...tags);
      path = next;
    }
    expect(found).toEqual(TAGS);
  });
  it("end-8b: what comes after last, which need not be a tag", async () => {
    expect((await page(subject, `/v2/${name}/tags/list?last=1.0.0`)).tags).toEqual(TAGS.slice(2));
    expect((await page(subject, `/v2/${name}/tags/list?n=2&last=1.0.0-e`)).tags).toEqual(["1.0.0-rc.1", "2.0.0"]);
    expect(await page(subject, `/v2/${name}/tags/list?last=latest`)).toEqual({ name, tags: [], next: undefined });
  });
  it("n of 0 is an empty list without a link; a huge one is all", async () => {
    expect(await page(subject, `/v2/${name}/tags/list?n=0`)).toEqual({ name, tags: [], next: undefined });
    expect(await page(subject, `/v2/${name}/tags/list?n=999999999999`)).toEqual({ name, tags: TAGS, next: undefined });
    expect(await page(subject, `/v2/${name}/tags/list?n=6`)).toEqual({ name, tags: TAGS, next: undefined });
  });
  it("n that is no number is 400", async () => {
    for (const n of ["-1", "many", "1.5", ""]) {
      expect((await subject.ask("GET", `/v2/${name}/tags/list?n=${n}`)).status).toBe(400);
    }
  });
  it("a repository without tags has an empty list; one that does not exist is 404", async () => {
    const untagged = subject.repository();
    await subject.pushImage(untagged, "untagged");
    expect((await page(subject, `/v2/${untagged}/tags/list`)).tags).toEqual([]);
    const response = await subject.ask("GET", `/v2/${subject.repository()}/tags/list`);
    expect(response.status).toBe(404);
    expect(await errorCodes(response)).toEqual(["NAME_UNKNOWN"]);
  });
});

describeSection("Listing Referrers", (subject) => {
  const list = async (path: string): Promise<{ readonly response: Response; readonly manifests: Descriptor[] }> => {
    const response = await subject.ask("GET", path);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe(MediaType.index);
    const index = (await response.json()) as { schemaVersion: number; mediaType: string; manifests: Descriptor[] };
    expect(index).toMatchObject({ schemaVersion: 2, mediaType: MediaType.index });
    return { response, manifests: index.manifests };
  };

  it("end-12a: manifests and indexes, with artifact type and annotations", async () => {
    const name = subject.repository();
    const { descriptor, config } = await subject.pushImage(name, "signed", { tag: "1.0.0" });
    const annotations = { "org.example.note": "by a test" };
    const typed = await subject.pushImage(name, "typed", {
      subject: descriptor,
      artifactType: "application/vnd.example.signature",
      annotations,
    });
    const plain = await subject.pushImage(name, "plain", { subject: descriptor });
    const index = { schemaVersion: 2, mediaType: MediaType.index, manifests: [], subject: descriptor, annotations };
    const { descriptor: indexed } = await subject.pushManifest(name, index);
    const { response, manifests } = await list(`/v2/${name}/referrers/${descriptor.digest}`);
    expect(response.headers.get("oci-filters-applied")).toBeNull();
    expect(manifests).toHaveLength(3);
    expect(manifests).toContainEqual({
      ...typed.descriptor,
      artifactType: "application/vnd.example.signature",
      annotations,
    });
    expect(manifests).toContainEqual({ ...plain.descriptor, artifactType: config.mediaType });
    expect(manifests).toContainEqual({ ...indexed, annotations });
  });
  it("end-12b: filtered by artifact type, and it says so", async () => {
    const name = subject.repository();
    const { descriptor } = await subject.pushImage(name, "scanned");
    const of = async (artifactType: string) =>
      subject.pushImage(name, artifactType, { subject: descriptor, artifactType });
    const [scan] = [await of("application/vnd.example.scan+json"), await of("application/vnd.example.sbom")];
    const type = encodeURIComponent("application/vnd.example.scan+json");
    const { response, manifests } = await list(`/v2/${name}/referrers/${descriptor.digest}?artifactType=${type}`);
    expect(response.headers.get("oci-filters-applied")).toBe("artifactType");
    expect(manifests.map(({ digest }) => digest)).toEqual([scan.descriptor.digest]);
    const none = await list(`/v2/${name}/referrers/${descriptor.digest}?artifactType=text/plain`);
    expect(none.response.headers.get("oci-filters-applied")).toBe("artifactType");
    expect(none.manifests).toEqual([]);
  });
  it("is an empty list where nothing refers, and where there is no manifest or repository", async () => {
    const name = subject.repository();
    const { descriptor } = await subject.pushImage(name, "alone");
    expect((await list(`/v2/${name}/referrers/${descriptor.digest}`)).manifests).toEqual([]);
    const absent = describeContent("never pushed").digest;
    expect((await list(`/v2/${name}/referrers/${absent}`)).manifests).toEqual([]);
    expect((await list(`/v2/${subject.repository()}/referrers/${absent}`)).manifests).toEqual([]);
  });
  it("a digest that is none is 400", async () => {
    for (const digest of ["latest", "sha256:no"]) {
      expect((await subject.ask("GET", `/v2/${subject.repository()}/referrers/${digest}`)).status).toBe(400);
    }
  });
  it("long lists come in pages", async () => {
    const name = subject.repository();
    const { descriptor } = await subject.pushImage(name, "popular");
    for (let at = 0; at < 5; at++) await subject.pushImage(name, `referrer ${at}`, { subject: descriptor });
    const found = new Set<string>();
    for (let path: string | undefined = `/v2/${name}/referrers/${descriptor.digest}?n=2`; path !== undefined;) {
      const { response, manifests }: Awaited<ReturnType<typeof list>> = await list(path);
      expect(manifests.length).toBeLessThanOrEqual(2);
      for (const { digest } of manifests) found.add(digest);
      path = /^<([^>]+)>; rel="next"$/.exec(response.headers.get("link") ?? "")?.[1];
    }
    expect(found.size).toBe(5);
  });
});
