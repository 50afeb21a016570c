import { expect, it } from "vitest";

import { bodyOf, describeContent, describeSection, errorCodes, locationOf, withDigest } from "./subject.ts";

const OTHER = describeContent("something else").digest;

describeSection("Pushing a blob monolithically: POST then PUT", (subject) => {
  it("end-4a, end-6: the blob can be pulled from where the answer says", async () => {
    const { digest } = describeContent("monolith");
    const location = await subject.beginUpload(subject.repository());
    const put = await subject.ask("PUT", withDigest(location, digest), { body: "monolith" });
    expect(put.status).toBe(201);
    expect(put.headers.get("docker-content-digest")).toBe(digest);
    expect(await (await subject.ask("GET", locationOf(put))).text()).toBe("monolith");
  });
  it("a blob of no bytes is a blob", async () => {
    const name = subject.repository();
    const { digest } = await subject.pushBlob(name, "");
    const response = await subject.ask("GET", `/v2/${name}/blobs/${digest}`);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-length")).toBe("0");
  });
  it("sha512 is a digest as good as sha256", async () => {
    const { digest } = describeContent("long hash", "sha512");
    const location = await subject.beginUpload(subject.repository());
    const put = await subject.ask("PUT", withDigest(location, digest), { body: "long hash" });
    expect(put.status).toBe(201);
    expect(await (await subject.ask("GET", locationOf(put))).text()).toBe("long hash");
  });
  it("content of another digest is refused, and nothing is stored", async () => {
    const name = subject.repository();
    const location = await subject.beginUpload(name);
    const put = await subject.ask("PUT", withDigest(location, OTHER), { body: "not that" });
    expect(put.status).toBe(400);
    expect(await errorCodes(put)).toEqual(["DIGEST_INVALID"]);
    expect((await subject.ask("HEAD", `/v2/${name}/blobs/${OTHER}`)).status).toBe(404);
  });
  it("an upload ends with a digest", async () => {
    for (const query of ["", "?digest=", "?digest=sha256:no", "?digest=whirlpool:00"]) {
      const location = await subject.beginUpload(subject.repository());
      const put = await subject.ask("PUT", location + query, { body: "x" });
      expect(put.status).toBe(400);
      expect(await errorCodes(put)).toEqual(["DIGEST_INVALID"]);
    }
  });
  it("an upload that is not there is 404, also to the repository next door", async () => {
    const { digest } = describeContent("x");
    const location = await subject.beginUpload("conformance/mine");
    for (const path of [
      "/v2/conformance/mine/blobs/uploads/00000000-0000-0000-0000-000000000000",
      "/v2/conformance/mine/blobs/uploads/..%2e",
      location.replace("conformance/mine", "conformance/yours"),
    ]) {
      for (const method of ["PUT", "PATCH"]) {
        const response = await subject.ask(method, withDigest(path, digest), { body: "x" });
        expect(response.status).toBe(404);
        expect(await errorCodes(response)).toEqual(["BLOB_UPLOAD_UNKNOWN"]);
      }
      expect((await subject.ask("GET", path)).status).toBe(404);
      expect((await subject.ask("DELETE", path)).status).toBe(404);
    }
    expect((await subject.ask("GET", location)).status).toBe(204);
  });
});

describeSection("Pushing a blob monolithically: Single POST", (subject) => {
  it.each([
    ["small", 10],
    ["large", 1024 * 1024],
  ])("end-4b: a %s blob is there after one request", async (_, size) => {
    const content = Buffer.alloc(size, "single post ");
    const { digest } = describeContent(content);
    const path = `/v2/${subject.repository()}/blobs/uploads/?digest=${digest}`;
    const post = await subject.ask("POST", path, { body: bodyOf(content) });
    expect(post.status).toBe(201);
    const blob = await subject.ask("GET", locationOf(post));
    expect(Buffer.from(await blob.arrayBuffer()).equals(content)).toBe(true);
  });
  it("a digest that does not match is 400", async () => {
    for (const size of [10, 1024 * 1024]) {
      const path = `/v2/${subject.repository()}/blobs/uploads/?digest=${OTHER}`;
      const post = await subject.ask("POST", path, { body: bodyOf(Buffer.alloc(size)) });
      expect(post.status).toBe(400);
      expect(await errorCodes(post)).toEqual(["DIGEST_INVALID"]);
    }
  });
});

describeSection("Pushing a blob in chunks", (subject) => {
  const patch = async (location: string, body: string, range?: string): Promise<Response> =>
    subject.ask("PATCH", location, { body, ...(range === undefined ? {} : { headers: { "content-range": range } }) });

  it("end-5, end-13: chunk by chunk, and each answer tells how far it is", async () => {
    const { digest } = describeContent("onetwothree");
    let location = await subject.beginUpload(subject.repository());
    const first = await patch(location, "one", "0-2");
    expect(first.status).toBe(202);
    expect(first.headers.get("range")).toBe("0-2");
    location = locationOf(first);
    const second = await patch(location, "two", "3-5");
    expect(second.headers.get("range")).toBe("0-5");
    location = locationOf(second);
    const status = await subject.ask("GET", location);
    expect(status.status).toBe(204);
    expect(status.headers.get("range")).toBe("0-5");
    const put = await subject.ask("PUT", withDigest(locationOf(status), digest), {
      body: "three",
      headers: { "content-range": "6-10" },
    });
    expect(put.status).toBe(201);
    expect(await (await subject.ask("GET", locationOf(put))).text()).toBe("onetwothree");
  });
  it("a stream, as docker sends it, needs no range", async () => {
    const { digest } = describeContent("streamed");
    const stream = new ReadableStream({
      start: (controller) => {
        for (const part of ["str", "eam", "ed"]) controller.enqueue(new TextEncoder().encode(part));
        controller.close();
      },
    });
    const location = await subject.beginUpload(subject.repository());
    const init = { body: stream, duplex: "half" } as RequestInit;
    const patched = await subject.ask("PATCH", location, init);
    expect(patched.status).toBe(202);
    expect((await subject.ask("PUT", withDigest(locationOf(patched), digest))).status).toBe(201);
  });
  it("a chunk out of order is 416, and the upload goes on from where it was", async () => {
    const { digest } = describeContent("onetwo");
    const location = await subject.beginUpload(subject.repository());
    expect((await patch(location, "two", "3-5")).status).toBe(416);
    await patch(location, "one", "0-2");
    for (const range of ["0-2", "4-6", "2-4"]) {
      const response = await patch(location, "two", range);
      expect(response.status).toBe(416);
      expect(response.headers.get("range")).toBe("0-2");
      expect(await errorCodes(response)).toEqual(["BLOB_UPLOAD_INVALID"]);
    }
    const last = { body: "two", headers: { "content-range": "9-11" } };
    expect((await subject.ask("PUT", withDigest(location, digest), last)).status).toBe(416);
    await patch(location, "two", "3-5");
    expect((await subject.ask("PUT", withDigest(location, digest))).status).toBe(201);
  });
  it("a range that is none, or of another length than the body, is 400", async () => {
    const location = await subject.beginUpload(subject.repository());
    for (const range of ["bytes 0-2/3", "0-", "2-0", "0-9"])
      expect((await patch(location, "one", range)).status).toBe(400);
    const status = await subject.ask("GET", location);
    expect(status.headers.get("range")).toBe("0-0");
  });
  it("DELETE gives an upload up", async () => {
    const location = await subject.beginUpload(subject.repository());
    await patch(location, "half");
    expect((await subject.ask("DELETE", location)).status).toBe(204);
    expect((await subject.ask("GET", location)).status).toBe(404);
  });
});

describeSection("Mounting a blob from another repository", (subject) => {
  const mount = async (name: string, digest: string, from?: string): Promise<Response> =>
    subject.ask("POST", `/v2/${name}/blobs/uploads/?mount=${digest}${from === undefined ? "" : `&from=${from}`}`);

  it("end-11: the blob is there without being sent", async () => {
    const [source, target] = [subject.repository(), subject.repository()];
    const { digest } = await subject.pushBlob(source, "mounted");
    const response = await mount(target, digest, source);
    expect(response.status).toBe(201);
    expect(response.headers.get("docker-content-digest")).toBe(digest);
    expect(locationOf(response)).toContain(target);
    expect(await (await subject.ask("GET", locationOf(response))).text()).toBe("mounted");
  });
  it("without from, it is found wherever it is", async () => {
    const { digest } = await subject.pushBlob(subject.repository(), "found somewhere");
    expect((await mount(subject.repository(), digest)).status).toBe(201);
  });
  it("a blob that is not there begins an upload", async () => {
    const name = subject.repository();
    const content = "not there before";
    const { digest } = describeContent(content);
    for (const from of [subject.repository(), undefined, "Not/A/Name"]) {
      const response = await mount(name, digest, from);
      expect(response.status).toBe(202);
      expect((await subject.ask("GET", locationOf(response))).status).toBe(204);
    }
    const { digest: elsewhere } = await subject.pushBlob(subject.repository(), "in a third one");
    expect((await mount(name, elsewhere, subject.repository())).status).toBe(202);
  });
  it("a digest that is none is 400", async () => {
    expect((await mount(subject.repository(), "sha256:no", subject.repository())).status).toBe(400);
  });
});
