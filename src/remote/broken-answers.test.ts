/** Answers that end early, or come in parts. */
import { describe, expect, it, onTestFinished } from "vitest";

import { readAll } from "../content/index.ts";
import { digestOf, MediaType } from "../oci/index.ts";
import { listOf, pushImage } from "../store/testing/images.ts";
import { serve } from "./http/testing/servers.ts";
import { RemoteStore } from "./index.ts";
import { NO_WAIT, setUpRemote } from "./testing/remote-fixture.ts";

it("a manifest, and a page of a list, is asked for again where it breaks off", async () => {
  const { registry, store, repository } = await setUpRemote();
  const { manifest } = await pushImage(repository, "one");
  await repository.tag(manifest, "1.0.0");
  registry.fail({ method: "GET", path: "/manifests/", cutResponseAfter: 10 });
  registry.fail({ method: "GET", path: "/tags/list", cutResponseAfter: 10 });
  expect((await store.repository(repository.name).resolve("1.0.0")).digest).toBe(manifest.digest);
  expect(await listOf(repository.tags())).toEqual(["1.0.0"]);
});

it("a blob of which less comes than the range that was asked for is read on from there", async () => {
  const { registry, repository } = await setUpRemote();
  const bytes = Buffer.from("0123456789");
  registry.content.repository("examples/hello").putBlob(bytes);
  const part = { method: "GET", path: "/blobs/" };
  registry.fail({ ...part, cutResponseAfter: 4 });
  registry.fail({ ...part, status: 206, headers: { "content-range": "bytes 4-6/10" }, body: "456" });
  const blob = { mediaType: "application/octet-stream", digest: digestOf(bytes), size: bytes.byteLength };
  expect(Buffer.from(await readAll(repository.fetch(blob))).toString()).toBe("0123456789");
});

it("a blob of which hardly anything comes each time is given up", async () => {
  const { registry, repository } = await setUpRemote();
  const bytes = Buffer.from("0123456789");
  registry.content.repository("examples/hello").putBlob(bytes);
  registry.fail({ method: "GET", path: "/blobs/", cutResponseAfter: 1 });
  for (let at = 1; at < 9; at += 1) {
    const headers = { "content-range": `bytes ${at}-${at}/10` };
    registry.fail({ method: "GET", path: "/blobs/", status: 206, headers, body: String(at) });
  }
  const blob = { mediaType: "application/octet-stream", digest: digestOf(bytes), size: bytes.byteLength };
  await expect(readAll(repository.fetch(blob))).rejects.toMatchObject({ code: "SIZE_MISMATCH" });
});

it("a page whose Link header cannot be read keeps no connection busy", async () => {
  const url = await serve((request, response) => {
    const isBroken = request.url?.includes("broken") === true;
    response.writeHead(200, isBroken ? { link: "garbage" } : {});
    response.end(JSON.stringify({ tags: [isBroken ? "x".repeat(2 ** 20) : "1.0.0"] }));
  });
  const store = new RemoteStore({ retry: NO_WAIT, concurrency: 1 });
  onTestFinished(async () => store.close());
  const broken = listOf(store.repository(`${url.host}/broken`).tags());
  await expect(broken).rejects.toMatchObject({ code: "RESPONSE_INVALID" });
  expect(await listOf(store.repository(`${url.host}/fine`).tags())).toEqual(["1.0.0"]);
});

describe("a list whose next page is refused", () => {
  const descriptorOf = (text: string) => ({ mediaType: MediaType.manifest, digest: digestOf(text), size: text.length });
  const subject = descriptorOf("subject");

  /** A registry that has a first page of every list, with one signature on it, and answers `status` to the next. */
  async function cutOff(status: number, headers: Readonly<Record<string, string>> = {}) {
    const page = { tags: ["1.0.0"], repositories: ["a"], manifests: [descriptorOf("signature")] };
    const url = await serve(({ url: path = "" }, response) => {
      if (path.includes("/manifests/")) return void response.writeHead(404).end();
      if (path.includes("last=")) return void response.writeHead(status, headers).end();
      response.writeHead(200, { link: `<${path.split("?", 1)[0]}?last=x>; rel="next"` }).end(JSON.stringify(page));
    });
    const store = new RemoteStore({ registry: url.host, retry: NO_WAIT });
    onTestFinished(async () => store.close());
    return store;
  }

  it.each([400, 404, 405, 501])("with %i is no list without entries", async (status) => {
    const store = await cutOff(status);
    const repository = store.repository("a");
    await expect(listOf(repository.tags())).rejects.toMatchObject({ code: "RESPONSE_INVALID" });
    await expect(listOf(store.repositories())).rejects.toMatchObject({ code: "RESPONSE_INVALID" });
    await expect(listOf(repository.referrers(subject))).rejects.toMatchObject({ code: "RESPONSE_INVALID" });
  });

  it("with a page for people is no list without entries", async () => {
    const repository = (await cutOff(200, { "content-type": "text/html" })).repository("a");
    await expect(listOf(repository.referrers(subject))).rejects.toMatchObject({ code: "RESPONSE_INVALID" });
  });

  it("because whoever asks may not see it says so", async () => {
    const repository = (await cutOff(403)).repository("a");
    await expect(listOf(repository.referrers(subject))).rejects.toMatchObject({ code: "REGISTRY_DENIED" });
  });
});
