import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";

import { LayoutStore } from "../index.ts";
import { failingFileSystem } from "../testing/failing-file-system.ts";
import { listOf, pushImage } from "../testing/images.ts";
import { layoutFixture } from "../testing/layout-fixture.ts";

const { open, pathTo, readIndex, tagged } = layoutFixture();

describe("a layout directory", () => {
  it("is one that other tools read", async () => {
    const manifest = await tagged(await open(), "examples/hello-world", "1.0.0-draft");
    expect(await readFile(pathTo("oci-layout"), "utf8")).toBe('{"imageLayoutVersion":"1.0.0"}');
    expect(await readIndex()).toEqual({
      schemaVersion: 2,
      mediaType: "application/vnd.oci.image.index.v1+json",
      manifests: [
        { ...manifest, annotations: { "org.opencontainers.image.ref.name": "examples/hello-world:1.0.0-draft" } },
      ],
    });
    expect(await readdir(pathTo("blobs", "sha256"))).toHaveLength(3);
  });

  it("is empty, and is not created, when it is absent and only read", async () => {
    const store = await LayoutStore.open(pathTo("absent"));
    expect(await store.entries()).toEqual([]);
    expect(await listOf(store.repositories())).toEqual([]);
    expect(await store.fsck()).toEqual([]);
    expect((await store.gc()).removed).toEqual([]);
    expect(await readdir(pathTo())).toEqual([]);
  });

  it("is refused when it holds something else", async () => {
    await writeFile(pathTo("thesis.tex"), "");
    await expect(open()).rejects.toMatchObject({ code: "TARGET_EXISTS" });
  });

  it("is refused when it has another layout version", async () => {
    await writeFile(pathTo("oci-layout"), '{"imageLayoutVersion":"9.0.0"}');
    await expect(open()).rejects.toMatchObject({ code: "STORE_CORRUPT" });
  });

  it("keeps what other tools wrote", async () => {
    const own = await tagged(await open(), "examples/own", "1.0.0");
    const foreign = { ...own, annotations: { "org.opencontainers.image.ref.name": "latest" }, data: "e30=" };
    const nameless = { mediaType: own.mediaType, digest: own.digest, size: own.size, urls: ["https://example.org"] };
    const index = { ...(await readIndex()), "x-unknown": { deep: [1, null] } };
    const planted = JSON.parse('{"__proto__":{"polluted":true},"no":"descriptor"}') as Record<string, unknown>;
    const manifests = [foreign, nameless, ...index.manifests, planted];
    await writeFile(pathTo("index.json"), JSON.stringify({ ...index, manifests }));

    await tagged(await open(), "examples/own", "2.0.0");
    const after = await readIndex();
    expect(after["x-unknown"]).toEqual({ deep: [1, null] });
    expect(after.manifests).toContainEqual(foreign);
    expect(after.manifests).toContainEqual(nameless);
    expect(JSON.stringify(after)).toContain('{"__proto__":{"polluted":true},"no":"descriptor"}');
    expect((await (await open()).entries()).map(({ tag }) => tag)).toEqual(["1.0.0", "2.0.0"]);
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });

  it.each(["null", "[]"])("is an empty store when its list of manifests is %s", async (manifests) => {
    await writeFile(pathTo("oci-layout"), '{"imageLayoutVersion":"1.0.0"}');
    const index = `{"schemaVersion":2,"manifests":${manifests}}`;
    await writeFile(pathTo("index.json"), index);
    const store = await open();
    expect(await store.entries()).toEqual([]);
    expect(await store.fsck()).toEqual([]);
    expect(await readFile(pathTo("index.json"), "utf8")).toBe(index);
    await tagged(store, "examples/own", "1.0.0");
    expect((await readdir(pathTo())).sort()).toEqual([".skillimage", "blobs", "index.json", "oci-layout"]);
  });

  it("keeps an entry of another tool whose annotations are null", async () => {
    const own = await tagged(await open(), "examples/own", "1.0.0");
    const { manifests } = await readIndex();
    const index = { schemaVersion: 2, manifests: [{ ...own, annotations: null }, ...manifests] };
    await writeFile(pathTo("index.json"), JSON.stringify(index));
    const store = await open();
    expect(await store.fsck()).toEqual([]);
    await tagged(store, "examples/own", "2.0.0");
    expect((await readIndex()).manifests).toContainEqual(own);
  });

  it("does not let its index grow beyond what it would read", async () => {
    await tagged(await open(), "examples/own", "1.0.0");
    const index = await readIndex();
    const padding = "x".repeat(64 * 1024 ** 2 - JSON.stringify({ ...index, padding: "" }).length);
    await writeFile(pathTo("index.json"), JSON.stringify({ ...index, padding }));
    await expect(tagged(await open(), "examples/own", "2.0.0")).rejects.toMatchObject({ code: "STORE_UNWRITABLE" });
    expect((await stat(pathTo("index.json"))).size).toBe(64 * 1024 ** 2);
  });

  it("refuses to rewrite an index that is nested beyond reason", async () => {
    await tagged(await open(), "examples/own", "1.0.0");
    const bomb = `${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}`;
    const index = JSON.stringify({ ...(await readIndex()), bomb: "BOMB" }).replace('"BOMB"', bomb);
    await writeFile(pathTo("index.json"), index);
    await expect(tagged(await open(), "examples/own", "2.0.0")).rejects.toMatchObject({ code: "STORE_CORRUPT" });
    expect(await readFile(pathTo("index.json"), "utf8")).toBe(index);
  });

  it("lists names that other tools made up only when they are references", async () => {
    const own = await tagged(await open(), "examples/own", "1.0.0");
    const names = ["latest", "a:b:c", "../../etc:1", "\u001b[31m:1", "Upper:1", ":1", "x@sha256:1", "ok:1"];
    const manifests = names.map((name) => ({ ...own, annotations: { "org.opencontainers.image.ref.name": name } }));
    await writeFile(pathTo("index.json"), JSON.stringify({ schemaVersion: 2, manifests }));
    expect((await (await open()).entries()).map(({ repository }) => repository)).toEqual(["ok"]);
  });

  it("gives back the annotations that a tag was given", async () => {
    const store = await open();
    const repository = store.repository("examples/hello-world");
    const { manifest } = await pushImage(repository, "one");
    const annotations = { "io.skillimage.status": "draft" };
    await repository.tag({ ...manifest, annotations }, "1.0.0-draft");
    const descriptor = { ...manifest, annotations };
    expect(await store.entries()).toMatchObject([{ repository: repository.name, tag: "1.0.0-draft", descriptor }]);
    expect(await repository.resolve("1.0.0-draft")).toEqual(descriptor);
  });

  it("sees at once what another process wrote", async () => {
    const [one, other] = [await open(), await open()];
    const manifest = await tagged(one, "examples/a", "1.0.0");
    for (const version of ["2.0.0", "3.0.0", "4.0.0"]) {
      await tagged(other, "examples/a", version);
      await one.repository("examples/a").tag(manifest, `${version}-mine`);
      expect((await other.repository("examples/a").resolve(`${version}-mine`)).digest).toBe(manifest.digest);
    }
    expect(await listOf(one.repository("examples/a").tags())).toHaveLength(7);
  });

  it("sees an edit of the same length", async () => {
    const store = await open();
    const manifest = await tagged(store, "examples/a", "1.0.0");
    await store.repository("examples/a").resolve("1.0.0");
    const text = await readFile(pathTo("index.json"), "utf8");
    await writeFile(pathTo("index.json"), text.replace("examples/a:1.0.0", "examples/a:9.0.0"));
    await expect(store.repository("examples/a").resolve("1.0.0")).rejects.toMatchObject({ code: "NOT_FOUND" });
    expect((await store.repository("examples/a").resolve("9.0.0")).digest).toBe(manifest.digest);
  });

  it("does not show a change that could not be written", async () => {
    let isFull = false;
    const fs = failingFileSystem((operation, path) =>
      isFull && operation === "rename" && path.endsWith("index.json") ? "ENOSPC" : undefined,
    );
    const store = await open({ fs });
    const manifest = await tagged(store, "examples/a", "1.0.0");
    const repository = store.repository("examples/a");
    isFull = true;
    await expect(repository.tag(manifest, "2.0.0")).rejects.toMatchObject({ code: "STORE_UNWRITABLE" });
    expect(await listOf(repository.tags())).toEqual(["1.0.0"]);
    isFull = false;
    await repository.tag(manifest, "3.0.0");
    expect(await listOf(repository.tags())).toEqual(["1.0.0", "3.0.0"]);
  });

  it("writes many tags that come at once in a few rewrites", async () => {
    let rewrites = 0;
    const fs = failingFileSystem((operation, path) => {
      if (operation === "rename" && path.endsWith("index.json")) rewrites += 1;
      return undefined;
    });
    const repository = (await open({ fs })).repository("examples/many");
    const { manifest } = await pushImage(repository, "one");
    await Promise.all(Array.from({ length: 200 }, async (_, at) => repository.tag(manifest, `1.0.${at}`)));
    expect(await listOf(repository.tags())).toHaveLength(200);
    expect(rewrites).toBeLessThan(10);
  });

  it("sees what another store object on the same directory wrote", async () => {
    const [one, two] = [await open(), await open()];
    await Promise.all([tagged(one, "examples/a", "1.0.0"), tagged(two, "examples/b", "1.0.0")]);
    expect(await listOf(one.repositories())).toEqual(["examples/a", "examples/b"]);
    expect(await listOf(two.repositories())).toEqual(["examples/a", "examples/b"]);
  });
});
