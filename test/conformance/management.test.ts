import { expect, it } from "vitest";

import { describeContent, describeSection, errorCodes } from "./subject.ts";

const ABSENT = describeContent("never pushed").digest;

describeSection("Deleting tags", (subject) => {
  it("end-9: 202, then 404; the manifest and its other tags stay", async () => {
    const name = subject.repository();
    const { descriptor } = await subject.pushImage(name, "tagged", { tag: "1.0.0" });
    await subject.pushImage(name, "tagged", { tag: "latest" });
    expect((await subject.ask("DELETE", `/v2/${name}/manifests/1.0.0`)).status).toBe(202);
    expect((await subject.ask("GET", `/v2/${name}/manifests/1.0.0`)).status).toBe(404);
    expect((await subject.ask("HEAD", `/v2/${name}/manifests/latest`)).status).toBe(200);
    expect((await subject.ask("HEAD", `/v2/${name}/manifests/${descriptor.digest}`)).status).toBe(200);
    const again = await subject.ask("DELETE", `/v2/${name}/manifests/1.0.0`);
    expect(again.status).toBe(404);
    expect(await errorCodes(again)).toEqual(["MANIFEST_UNKNOWN"]);
  });
});

describeSection("Deleting Manifests", (subject) => {
  it("end-9: 202, then it and every tag of it are 404", async () => {
    const name = subject.repository();
    const { descriptor } = await subject.pushImage(name, "gone", { tag: "1.0.0" });
    await subject.pushImage(name, "gone", { tag: "latest" });
    await subject.pushImage(name, "stays", { tag: "2.0.0" });
    expect((await subject.ask("DELETE", `/v2/${name}/manifests/${descriptor.digest}`)).status).toBe(202);
    for (const reference of [descriptor.digest, "1.0.0", "latest"]) {
      expect((await subject.ask("GET", `/v2/${name}/manifests/${reference}`)).status).toBe(404);
    }
    expect((await subject.ask("HEAD", `/v2/${name}/manifests/2.0.0`)).status).toBe(200);
    expect((await subject.ask("DELETE", `/v2/${name}/manifests/${descriptor.digest}`)).status).toBe(404);
  });
  it("one that is deleted refers to nothing any more", async () => {
    const name = subject.repository();
    const image = await subject.pushImage(name, "subject");
    const { descriptor } = await subject.pushImage(name, "referrer", { subject: image.descriptor });
    await subject.ask("DELETE", `/v2/${name}/manifests/${descriptor.digest}`);
    const response = await subject.ask("GET", `/v2/${name}/referrers/${image.descriptor.digest}`);
    expect(await response.json()).toMatchObject({ manifests: [] });
  });
  it("a repository that does not exist is 404", async () => {
    expect((await subject.ask("DELETE", `/v2/${subject.repository()}/manifests/${ABSENT}`)).status).toBe(404);
  });
});

describeSection("Deleting Blobs", (subject) => {
  it("end-10: 202, then 404, here and not in other repositories", async () => {
    const [name, other] = [subject.repository(), subject.repository()];
    const { digest } = await subject.pushBlob(name, "shared");
    await subject.pushBlob(other, "shared");
    expect((await subject.ask("DELETE", `/v2/${name}/blobs/${digest}`)).status).toBe(202);
    expect((await subject.ask("GET", `/v2/${name}/blobs/${digest}`)).status).toBe(404);
    expect((await subject.ask("HEAD", `/v2/${other}/blobs/${digest}`)).status).toBe(200);
  });
  it("a blob that is not there is 404", async () => {
    const response = await subject.ask("DELETE", `/v2/${subject.repository()}/blobs/${ABSENT}`);
    expect(response.status).toBe(404);
    expect(await errorCodes(response)).toEqual(["BLOB_UNKNOWN"]);
  });
  it("a blob that a manifest refers to stays as long as that: 405", async () => {
    const name = subject.repository();
    const { descriptor, layer } = await subject.pushImage(name, "in use");
    const refused = await subject.ask("DELETE", `/v2/${name}/blobs/${layer.digest}`);
    expect(refused.status).toBe(405);
    await subject.ask("DELETE", `/v2/${name}/manifests/${descriptor.digest}`);
    expect((await subject.ask("DELETE", `/v2/${name}/blobs/${layer.digest}`)).status).toBe(202);
  });
});

describeSection("Endpoints", (subject) => {
  it("other methods are 405, and Allow says which there are", async () => {
    const name = subject.repository();
    for (const [method, path] of [
      ["POST", "/v2/"],
      ["PUT", `/v2/${name}/blobs/${ABSENT}`],
      ["POST", `/v2/${name}/manifests/1.0.0`],
      ["DELETE", `/v2/${name}/tags/list`],
      ["GET", `/v2/${name}/blobs/uploads/`],
      ["PUT", `/v2/${name}/referrers/${ABSENT}`],
    ] as const) {
      const response = await subject.ask(method, path);
      expect(response.status, path).toBe(405);
      expect(response.headers.get("allow")).not.toBeNull();
      expect(await errorCodes(response)).toEqual(["UNSUPPORTED"]);
    }
  });
  it("a path outside the API is 404", async () => {
    for (const path of ["/v2/_unknown", "/v2/a/b/c", "/v2//", "/v2/a%2Fb/tags/list", "/v2/%zz/tags/list"]) {
      expect((await subject.ask("GET", path)).status, path).toBe(404);
    }
  });
});

describeSection("Warnings", (subject) => {
  it("whoever pulls a deprecated skill is warned, as 299 - and within 4,096 bytes", async () => {
    const name = subject.repository();
    const annotations = {
      "io.skillimage.status": "deprecated",
      "io.skillimage.name": "hello",
      "org.opencontainers.image.version": "1.0.0",
      "io.skillimage.deprecation.reason": `says "hallo"\r\nX-Injected: yes ${"and so on ".repeat(1000)}`,
    };
    await subject.pushImage(name, "old", { tag: "1.0.0", annotations });
    await subject.pushImage(name, "new", { tag: "2.0.0" });
    for (const method of ["GET", "HEAD"]) {
      const response = await subject.ask(method, `/v2/${name}/manifests/1.0.0`);
      const warning = response.headers.get("warning") ?? "";
      expect(warning).toMatch(/^299 - "hello 1\.0\.0 is deprecated: says \\"hallo\\"[^\r\n]*"$/);
      expect(Buffer.byteLength(warning)).toBeLessThan(4096);
      expect(response.headers.get("x-injected")).toBeNull();
    }
    expect((await subject.ask("GET", `/v2/${name}/manifests/2.0.0`)).headers.get("warning")).toBeNull();
  });
});
