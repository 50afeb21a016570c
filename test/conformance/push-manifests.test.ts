import { expect, it } from "vitest";

import { digestOf, MediaType } from "../../src/oci/index.ts";
import { describeContent, describeSection, errorCodes, locationOf } from "./subject.ts";

describeSection("Pushing Manifests", (subject) => {
  it("end-7: 201, and the manifest can be pulled from where the answer says", async () => {
    const name = subject.repository();
    const { config, layer } = await subject.pushImage(name, "first");
    const document = { schemaVersion: 2, mediaType: MediaType.manifest, config, layers: [layer, layer] };
    const { response, bytes, descriptor } = await subject.pushManifest(name, document, "1.0.0");
    expect(response.status).toBe(201);
    expect(response.headers.get("docker-content-digest")).toBe(descriptor.digest);
    expect(response.headers.get("oci-subject")).toBeNull();
    expect(await (await subject.ask("GET", locationOf(response))).text()).toBe(bytes);
  });
  it("is stored byte by byte, white space and unknown fields included", async () => {
    const name = subject.repository();
    const { config } = await subject.pushImage(name, "exact");
    const body = `{ "schemaVersion" : 2,\n\t"config": ${JSON.stringify(config)}, "layers" : [], "x-custom": {"a": 1e0} }\n`;
    const headers = { "content-type": `${MediaType.manifest}; charset=utf-8` };
    const put = await subject.ask("PUT", `/v2/${name}/manifests/exact`, { body, headers });
    expect(put.status).toBe(201);
    const pulled = await subject.ask("GET", `/v2/${name}/manifests/exact`);
    expect(await pulled.text()).toBe(body);
    expect(pulled.headers.get("content-type")).toBe(MediaType.manifest);
  });
  it("a digest in the path must be that of the manifest; sha512 is one, too", async () => {
    const name = subject.repository();
    const { bytes } = await subject.pushImage(name, "by digest");
    const put = async (digest: string): Promise<Response> =>
      subject.ask("PUT", `/v2/${name}/manifests/${digest}`, {
        body: bytes,
        headers: { "content-type": MediaType.manifest },
      });
    const wrong = await put(describeContent("another").digest);
    expect(wrong.status).toBe(400);
    expect(await errorCodes(wrong)).toEqual(["DIGEST_INVALID"]);
    const sha512 = digestOf(bytes, "sha512");
    const right = await put(sha512);
    expect(right.status).toBe(201);
    expect(right.headers.get("docker-content-digest")).toBe(sha512);
    expect(await (await subject.ask("GET", `/v2/${name}/manifests/${sha512}`)).text()).toBe(bytes);
  });
  it("a manifest without layers is one; so is an index of none, and one of indexes", async () => {
    const name = subject.repository();
    const { config, descriptor } = await subject.pushImage(name, "nested");
    const image = { schemaVersion: 2, mediaType: MediaType.manifest, config, layers: [] };
    expect((await subject.pushManifest(name, image)).response.status).toBe(201);
    const index = (manifests: readonly object[]) => ({ schemaVersion: 2, mediaType: MediaType.index, manifests });
    expect((await subject.pushManifest(name, index([]))).response.status).toBe(201);
    const inner = await subject.pushManifest(name, index([descriptor]));
    expect(inner.response.status).toBe(201);
    expect((await subject.pushManifest(name, index([inner.descriptor]), "nested")).response.status).toBe(201);
  });
  it("layers that may not be passed on need not be there", async () => {
    const name = subject.repository();
    const { config } = await subject.pushImage(name, "elsewhere");
    const mediaType = "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip";
    const layers = [{ ...describeContent("kept by its owner"), mediaType, urls: ["https://example.com/layer"] }];
    const document = { schemaVersion: 2, mediaType: MediaType.manifest, config, layers };
    expect((await subject.pushManifest(name, document)).response.status).toBe(201);
  });
  it("what it refers to must be in the repository: else MANIFEST_BLOB_UNKNOWN", async () => {
    const name = subject.repository();
    const { config, layer, descriptor } = await subject.pushImage(subject.repository(), "next door");
    const own = await subject.pushImage(name, "own");
    const manifest = { schemaVersion: 2, mediaType: MediaType.manifest };
    for (const document of [
      { ...manifest, config, layers: [] },
      { ...manifest, config: own.config, layers: [layer] },
      { schemaVersion: 2, mediaType: MediaType.index, manifests: [descriptor] },
    ]) {
      const { response } = await subject.pushManifest(name, document, "1.0.0");
      expect(response.status).toBe(404);
      expect(await errorCodes(response)).toEqual(["MANIFEST_BLOB_UNKNOWN"]);
    }
    expect((await subject.ask("HEAD", `/v2/${name}/manifests/1.0.0`)).status).toBe(404);
  });
  it("a descriptor of another size than what is there is refused", async () => {
    const name = subject.repository();
    const { config, layer } = await subject.pushImage(name, "sized");
    const layers = [{ ...layer, size: layer.size + 1 }];
    const document = { schemaVersion: 2, mediaType: MediaType.manifest, config, layers };
    expect((await subject.pushManifest(name, document)).response.status).toBe(400);
  });
  it("Content-Type and mediaType must agree, and name a manifest", async () => {
    const name = subject.repository();
    const { bytes } = await subject.pushImage(name, "typed");
    for (const type of [MediaType.index, MediaType.dockerManifest, "application/json", "text/plain"]) {
      const put = await subject.ask("PUT", `/v2/${name}/manifests/t`, {
        body: bytes,
        headers: { "content-type": type },
      });
      expect(put.status).toBe(400);
      expect(await errorCodes(put)).toEqual(["MANIFEST_INVALID"]);
    }
  });
  it("a tag that breaks the grammar is refused", async () => {
    const name = subject.repository();
    const { bytes } = await subject.pushImage(name, "tagged");
    for (const tag of [".hidden", "-dash", "a%20b", "x".repeat(129)]) {
      const put = await subject.ask("PUT", `/v2/${name}/manifests/${tag}`, {
        body: bytes,
        headers: { "content-type": MediaType.manifest },
      });
      expect(put.status).toBe(400);
    }
  });
  it("4 MiB are taken, one byte more is 413", async () => {
    const name = subject.repository();
    const { config } = await subject.pushImage(name, "large");
    const document = { schemaVersion: 2, mediaType: MediaType.manifest, config, layers: [], filler: "" };
    const room = 4 * 1024 * 1024 - JSON.stringify(document).length;
    const fits = await subject.pushManifest(name, { ...document, filler: "x".repeat(room) }, "large");
    expect(fits.response.status).toBe(201);
    const over = await subject.pushManifest(name, { ...document, filler: "x".repeat(room + 1) }, "larger");
    expect(over.response.status).toBe(413);
    expect(await errorCodes(over.response)).toEqual(["SIZE_INVALID"]);
  });
});

describeSection("Pushing Manifests with Subject", (subject) => {
  it("OCI-Subject says that the subject was seen; it need not be there yet", async () => {
    const name = subject.repository();
    const missing = { ...describeContent("comes later"), mediaType: MediaType.manifest };
    const { config, layer } = await subject.pushImage(name, "referrer");
    const document = { schemaVersion: 2, mediaType: MediaType.manifest, config, layers: [layer], subject: missing };
    const { response } = await subject.pushManifest(name, document);
    expect(response.status).toBe(201);
    expect(response.headers.get("oci-subject")).toBe(missing.digest);
  });
});

describeSection("Conditional pushes (RFC 9110)", (subject) => {
  it("If-None-Match: * pushes only where there is nothing; If-Match only over what it names", async () => {
    const name = subject.repository();
    const one = await subject.pushImage(name, "one");
    const two = await subject.pushImage(name, "two");
    const put = async (body: string, headers: Record<string, string>): Promise<number> => {
      const init = { body, headers: { "content-type": MediaType.manifest, ...headers } };
      return (await subject.ask("PUT", `/v2/${name}/manifests/1.0.0`, init)).status;
    };
    expect(await put(one.bytes, { "if-match": `"${one.descriptor.digest}"` })).toBe(412);
    expect(await put(one.bytes, { "if-none-match": "*" })).toBe(201);
    expect(await put(two.bytes, { "if-none-match": "*" })).toBe(412);
    expect(await put(two.bytes, { "if-match": `"${two.descriptor.digest}"` })).toBe(412);
    expect(await put(two.bytes, { "if-match": `"${one.descriptor.digest}"` })).toBe(201);
    const head = await subject.ask("HEAD", `/v2/${name}/manifests/1.0.0`);
    expect(head.headers.get("docker-content-digest")).toBe(two.descriptor.digest);
    const remove = { headers: { "if-match": `"${one.descriptor.digest}"` } };
    expect((await subject.ask("DELETE", `/v2/${name}/manifests/1.0.0`, remove)).status).toBe(412);
  });
  it("of many that push to nothing at the same time, one wins", async () => {
    const name = subject.repository();
    const images = await Promise.all(
      Array.from({ length: 20 }, async (_, at) => subject.pushImage(name, `race ${at}`)),
    );
    const statuses = await Promise.all(
      images.map(async ({ bytes }) => {
        const headers = { "content-type": MediaType.manifest, "if-none-match": "*" };
        return (await subject.ask("PUT", `/v2/${name}/manifests/1.0.0`, { body: bytes, headers })).status;
      }),
    );
    expect(statuses.filter((status) => status === 201)).toHaveLength(1);
    expect(statuses.filter((status) => status === 412)).toHaveLength(19);
  });
});
