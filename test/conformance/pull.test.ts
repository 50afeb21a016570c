import { expect, it } from "vitest";

import { MediaType } from "../../src/oci/index.ts";
import { describeContent, describeSection, errorCodes } from "./subject.ts";

const ABSENT = describeContent("never pushed").digest;

describeSection("Determining Support", (subject) => {
  it("end-1: GET /v2/ answers 200", async () => {
    expect((await subject.ask("GET", "/v2/")).status).toBe(200);
  });
});

describeSection("Pulling manifests", (subject) => {
  it("end-3: a manifest comes as the bytes that were pushed, by tag and by digest", async () => {
    const name = subject.repository();
    const { bytes, descriptor } = await subject.pushImage(name, "pulled", { tag: "1.0.0" });
    for (const reference of ["1.0.0", descriptor.digest]) {
      const response = await subject.ask("GET", `/v2/${name}/manifests/${reference}`);
      expect(response.status).toBe(200);
      expect(response.headers.get("docker-content-digest")).toBe(descriptor.digest);
      expect(await response.text()).toBe(bytes);
    }
  });
  it("Content-Type is what the manifest was pushed as, without parameters, whatever Accept says", async () => {
    const name = subject.repository();
    await subject.pushImage(name, "typed", { tag: "1.0.0" });
    for (const accept of [MediaType.manifest, MediaType.index, "text/html", "*/*"]) {
      const response = await subject.ask("GET", `/v2/${name}/manifests/1.0.0`, { headers: { accept } });
      expect(response.headers.get("content-type")).toBe(MediaType.manifest);
    }
  });
  it("a manifest that is not there is 404", async () => {
    const name = subject.repository();
    await subject.pushImage(name, "other");
    for (const reference of ["absent", ABSENT, ".INVALID_NAME"]) {
      const response = await subject.ask("GET", `/v2/${name}/manifests/${reference}`);
      expect(response.status).toBe(404);
      expect(await errorCodes(response)).toEqual(["MANIFEST_UNKNOWN"]);
    }
  });
  it("a manifest of another repository is 404", async () => {
    const { descriptor } = await subject.pushImage(subject.repository(), "elsewhere");
    const response = await subject.ask("GET", `/v2/${subject.repository()}/manifests/${descriptor.digest}`);
    expect(response.status).toBe(404);
  });
  it("a name that breaks the grammar is refused", async () => {
    for (const name of ["Upper/case", "a//b", "-a", "a/.hidden", "a/%00", `${"long/".repeat(60)}name`]) {
      const response = await subject.ask("GET", `/v2/${name}/manifests/1.0.0`);
      expect(response.status, name).toBe(400);
      expect(await errorCodes(response)).toEqual(["NAME_INVALID"]);
    }
  });
});

describeSection("Pulling blobs", (subject) => {
  it("end-2: a blob comes whole, with its digest", async () => {
    const name = subject.repository();
    const { digest } = await subject.pushBlob(name, "a blob");
    const response = await subject.ask("GET", `/v2/${name}/blobs/${digest}`);
    expect(response.status).toBe(200);
    expect(response.headers.get("docker-content-digest")).toBe(digest);
    expect(await response.text()).toBe("a blob");
  });
  it("a blob that is not there is 404", async () => {
    const name = subject.repository();
    await subject.pushBlob(name, "another blob");
    const response = await subject.ask("GET", `/v2/${name}/blobs/${ABSENT}`);
    expect(response.status).toBe(404);
    expect(await errorCodes(response)).toEqual(["BLOB_UNKNOWN"]);
  });
  it("a blob that only another repository has is 404", async () => {
    const { digest } = await subject.pushBlob(subject.repository(), "not yours");
    expect((await subject.ask("GET", `/v2/${subject.repository()}/blobs/${digest}`)).status).toBe(404);
  });
  it.each(["sha256:short", "md5:d41d8cd98f00b204e9800998ecf8427e", `sha256:${"A".repeat(64)}`, "sha256:.."])(
    "the digest %s is none: 400",
    async (digest) => {
      const response = await subject.ask("GET", `/v2/${subject.repository()}/blobs/${digest}`);
      expect(response.status).toBe(400);
      expect(await errorCodes(response)).toEqual(["DIGEST_INVALID"]);
    },
  );
  it.each([
    ["bytes=0-3", "abcd", "bytes 0-3/26"],
    ["bytes=4-", "efghijklmnopqrstuvwxyz", "bytes 4-25/26"],
    ["bytes=-3", "xyz", "bytes 23-25/26"],
    ["bytes=20-99", "uvwxyz", "bytes 20-25/26"],
    ["bytes=-99", "abcdefghijklmnopqrstuvwxyz", "bytes 0-25/26"],
  ])("RFC 9110: the range %s", async (range, part, contentRange) => {
    const name = subject.repository();
    const { digest } = await subject.pushBlob(name, "abcdefghijklmnopqrstuvwxyz");
    const response = await subject.ask("GET", `/v2/${name}/blobs/${digest}`, { headers: { range } });
    expect(response.status).toBe(206);
    expect(response.headers.get("content-range")).toBe(contentRange);
    expect(response.headers.get("content-length")).toBe(String(part.length));
    expect(await response.text()).toBe(part);
  });
  it("RFC 9110: a range behind the end is 416 and tells the size", async () => {
    const name = subject.repository();
    const { digest } = await subject.pushBlob(name, "short");
    for (const range of ["bytes=5-", "bytes=9-10", "bytes=-0", "bytes=3-1"]) {
      const response = await subject.ask("GET", `/v2/${name}/blobs/${digest}`, { headers: { range } });
      expect(response.status).toBe(416);
      expect(response.headers.get("content-range")).toBe("bytes */5");
    }
  });
  it("RFC 9110: several ranges, and what is none, are ignored", async () => {
    const name = subject.repository();
    const { digest } = await subject.pushBlob(name, "whole");
    for (const range of ["bytes=0-0,2-2", "lines=1-2", "bytes=-", "bytes=a-b"]) {
      const response = await subject.ask("GET", `/v2/${name}/blobs/${digest}`, { headers: { range } });
      expect(response.status).toBe(200);
      expect(await response.text()).toBe("whole");
    }
  });
  it("RFC 9110: a large blob is read on where it broke off", async () => {
    const name = subject.repository();
    const content = Buffer.alloc(3 * 1024 * 1024, "0123456789abcdef");
    const { digest } = await subject.pushBlob(name, content);
    const range = `bytes=${1024 * 1024 + 7}-`;
    const response = await subject.ask("GET", `/v2/${name}/blobs/${digest}`, { headers: { range } });
    expect(response.status).toBe(206);
    expect(Buffer.from(await response.arrayBuffer()).equals(content.subarray(1024 * 1024 + 7))).toBe(true);
  });
  it("RFC 9110: what the client holds already is not sent again", async () => {
    const name = subject.repository();
    const { descriptor, layer } = await subject.pushImage(name, "held", { tag: "1.0.0" });
    for (const path of [`manifests/1.0.0`, `manifests/${descriptor.digest}`, `blobs/${layer.digest}`]) {
      const first = await subject.ask("GET", `/v2/${name}/${path}`);
      await first.arrayBuffer();
      const etag = first.headers.get("etag") ?? "";
      const again = await subject.ask("GET", `/v2/${name}/${path}`, { headers: { "if-none-match": etag } });
      expect(again.status).toBe(304);
      expect(await again.text()).toBe("");
      const other = await subject.ask("GET", `/v2/${name}/${path}`, { headers: { "if-none-match": `"${ABSENT}"` } });
      expect(other.status).toBe(200);
      await other.arrayBuffer();
    }
  });
});

describeSection("Checking if content exists in the registry", (subject) => {
  it("end-2, end-3: HEAD answers with digest and size, and without a body", async () => {
    const name = subject.repository();
    const { descriptor, layer } = await subject.pushImage(name, "checked", { tag: "1.0.0" });
    const expected = [
      [`manifests/1.0.0`, descriptor],
      [`manifests/${descriptor.digest}`, descriptor],
      [`blobs/${layer.digest}`, layer],
    ] as const;
    for (const [path, { digest, size }] of expected) {
      const response = await subject.ask("HEAD", `/v2/${name}/${path}`);
      expect(response.status).toBe(200);
      expect(response.headers.get("docker-content-digest")).toBe(digest);
      expect(response.headers.get("content-length")).toBe(String(size));
      expect(await response.text()).toBe("");
    }
  });
  it("what is not there is 404", async () => {
    const name = subject.repository();
    for (const path of ["manifests/absent", `manifests/${ABSENT}`, `blobs/${ABSENT}`]) {
      expect((await subject.ask("HEAD", `/v2/${name}/${path}`)).status).toBe(404);
    }
  });
});
