import { describe, expect, it } from "vitest";

import { readAll } from "../content/index.ts";
import { digestOf, MediaType } from "../oci/index.ts";
import { copyImage } from "./copy.ts";
import { copy, MemoryStore, type CopyProgress, type Repository } from "./index.ts";
import { bytesOf, describeBytes, listOf, makeImage, pushImage, pushIndex } from "./testing/images.ts";

function repositories(): { from: Repository; to: Repository } {
  return { from: new MemoryStore().repository("examples/a"), to: new MemoryStore().repository("mirror/a") };
}

describe("copy", () => {
  it("brings an image and its tag", async () => {
    const { from, to } = repositories();
    const image = await pushImage(from, "one");
    await from.tag(image.manifest, "1.0.0");
    expect(await copy(from, to, "1.0.0")).toEqual(image.manifest);
    expect(await to.resolve("1.0.0")).toEqual(image.manifest);
    expect(await readAll(to.fetch(image.layer))).toEqual(bytesOf("layer of one"));
  });

  it("gives the copy another tag, or only its digest", async () => {
    const { from, to } = repositories();
    const { manifest } = await pushImage(from, "one");
    await from.tag(manifest, "1.0.0");
    await copy(from, to, "1.0.0", { as: "latest" });
    expect(await listOf(to.tags())).toEqual(["latest"]);
    const other = new MemoryStore().repository("b");
    await copy(from, other, manifest.digest);
    expect(await other.resolve(manifest.digest)).toEqual(manifest);
    expect(await listOf(other.tags())).toEqual([]);
  });

  it("brings every image of an index", async () => {
    const { from, to } = repositories();
    const images = [await pushImage(from, "amd64"), await pushImage(from, "arm64")];
    await from.tag(
      await pushIndex(
        from,
        images.map(({ manifest }) => manifest),
      ),
      "1.0.0",
    );
    await copy(from, to, "1.0.0");
    for (const { layer, manifest } of images) {
      expect(await to.exists(layer)).toBe(true);
      expect(await to.exists(manifest)).toBe(true);
    }
  });

  it("does not send what the target holds", async () => {
    const { from, to } = repositories();
    const image = await pushImage(from, "one");
    await from.tag(image.manifest, "1.0.0");
    await to.push(image.layer, bytesOf("layer of one"));
    const outcomes = async (): Promise<Record<string, string | undefined>> => {
      const seen: CopyProgress[] = [];
      await copy(from, to, "1.0.0", { onProgress: (progress) => seen.push(progress) });
      return Object.fromEntries(seen.map(({ descriptor, outcome }) => [descriptor.mediaType, outcome]));
    };
    expect(await outcomes()).toEqual({
      [MediaType.layerGzip]: "present",
      [MediaType.config]: "copied",
      [MediaType.manifest]: "copied",
    });
    expect(new Set(Object.values(await outcomes()))).toEqual(new Set(["present"]));
  });

  it("brings referrers when asked to, and theirs", async () => {
    const { from, to } = repositories();
    const image = await pushImage(from, "one");
    const signature = await pushImage(from, "signature", { subject: image.manifest });
    const stamp = await pushImage(from, "stamp", { subject: signature.manifest });
    await from.tag(image.manifest, "1.0.0");
    await copy(from, to, "1.0.0");
    expect(await listOf(to.referrers(image.manifest))).toEqual([]);
    await copy(from, to, "1.0.0", { referrers: true });
    expect(await listOf(to.referrers(image.manifest))).toMatchObject([{ digest: signature.manifest.digest }]);
    expect(await to.exists(stamp.manifest)).toBe(true);
  });

  it("copies the parts of a manifest that the same index also calls a layer", async () => {
    const { from, to } = repositories();
    const image = await pushImage(from, "one");
    const layer = { ...image.manifest, mediaType: MediaType.layer };
    const bytes = bytesOf(JSON.stringify({ schemaVersion: 2, config: image.config, layers: [layer] }));
    const trick = describeBytes(bytes, MediaType.manifest);
    await from.push(trick, bytes);
    const inner = await pushIndex(from, [image.manifest]);
    await from.tag(await pushIndex(from, [trick, inner]), "1.0.0");
    await copy(from, to, "1.0.0", { concurrency: 1 });
    expect(await to.exists(image.layer)).toBe(true);
  });

  it("leaves the target's tag alone when content is missing", async () => {
    const { from, to } = repositories();
    const old = await pushImage(to, "old");
    await to.tag(old.manifest, "1.0.0");
    const image = await pushImage(from, "one");
    await from.tag(image.manifest, "1.0.0");
    const broken: Repository = Object.assign(Object.create(from) as Repository, {
      resolve: async () => image.manifest,
      fetch: (descriptor: typeof image.layer) =>
        new MemoryStore().repository("x").fetch(descriptor.digest === image.manifest.digest ? descriptor : image.layer),
    });
    await expect(copy(broken, to, "1.0.0")).rejects.toMatchObject({ code: "NOT_FOUND" });
    expect(await to.resolve("1.0.0")).toEqual(old.manifest);
    expect(await to.exists(makeImage("one").manifest)).toBe(false);
  });

  it("tells how many bytes have flowed, and never that there were fewer", async () => {
    const { from, to } = repositories();
    const image = await pushImage(from, "one");
    await from.tag(image.manifest, "1.0.0");
    const seen: CopyProgress[] = [];
    await copy(from, to, "1.0.0", { onProgress: (progress) => seen.push(progress) });
    const layer = seen.filter(({ descriptor }) => descriptor.digest === image.layer.digest);
    expect(layer.map(({ bytes, outcome }) => [bytes, outcome])).toEqual([
      [image.layer.size, undefined],
      [image.layer.size, "copied"],
    ]);
    expect(layer.every(({ total }) => total === image.layer.size)).toBe(true);
  });

  it("asks a target that it trusts for nothing below a manifest that is there", async () => {
    const { from, to } = repositories();
    const images = [await pushImage(from, "amd64"), await pushImage(from, "arm64")];
    const root = await pushIndex(
      from,
      images.map(({ manifest }) => manifest),
    );
    await from.tag(root, "1.0.0");
    await copy(from, to, "1.0.0");
    const asked: string[] = [];
    const watched = watch(to, asked);
    await copy(from, watched, "1.0.0", { trustTarget: true });
    expect(asked).toEqual(["resolve"]);
    asked.length = 0;
    await copy(from, watched, "1.0.0", { trustTarget: true, as: "2.0.0" });
    expect(asked).toEqual(["resolve", "exists", "retag"]);
    expect((await to.resolve("2.0.0")).digest).toBe(root.digest);
  });

  it("brings a blob again that the target has lost, unless the target is trusted", async () => {
    const { from, to } = repositories();
    const image = await pushImage(from, "one");
    await from.tag(image.manifest, "1.0.0");
    await copy(from, to, "1.0.0");
    const pushed: string[] = [];
    const watched = watch(to, [], pushed);
    await copy(from, watched, "1.0.0", { trustTarget: true });
    expect(pushed).toEqual([]);
    await copy(from, watched, "1.0.0");
    expect(pushed).toContain(image.layer.digest);
  });

  it("brings the tag only if it names what was expected", async () => {
    const { from, to } = repositories();
    const { manifest } = await pushImage(from, "one");
    const other = await pushImage(to, "other");
    await to.tag(other.manifest, "1.0.0");
    const copied = copyImage(from, to, manifest, { name: "1.0.0", expect: null });
    await expect(copied).rejects.toMatchObject({ code: "CONFLICT" });
    expect(await to.resolve("1.0.0")).toEqual(other.manifest);
  });

  it("is content when somebody else gave the tag to the same image meanwhile", async () => {
    const { from, to } = repositories();
    const { manifest } = await pushImage(from, "one");
    await from.tag(manifest, "1.0.0");
    await copy(from, to, "1.0.0");
    expect(await copyImage(from, to, manifest, { name: "1.0.0", found: null, expect: null })).toBe(true);
  });

  it("does not hang on referrers that a registry lists in a circle", async () => {
    const { from, to } = repositories();
    const image = await pushImage(from, "one");
    const [one, two] = [await pushImage(from, "sig one"), await pushImage(from, "sig two")];
    await from.tag(image.manifest, "1.0.0");
    const lying: Repository = Object.assign(Object.create(from) as Repository, {
      resolve: from.resolve.bind(from),
      fetch: from.fetch.bind(from),
      async *referrers() {
        yield one.manifest;
        yield two.manifest;
        yield image.manifest;
      },
    });
    await copy(lying, to, "1.0.0", { referrers: true });
    expect(await to.exists(two.manifest)).toBe(true);
  });

  it("gives up on referrers without end", async () => {
    const { from, to } = repositories();
    const image = await pushImage(from, "one");
    await from.tag(image.manifest, "1.0.0");
    const lying: Repository = Object.assign(Object.create(from) as Repository, {
      resolve: from.resolve.bind(from),
      fetch: from.fetch.bind(from),
      async *referrers() {
        for (let at = 0; ; at++) yield { ...image.manifest, digest: digestOf(String(at)) };
      },
    });
    await expect(copy(lying, to, "1.0.0", { referrers: true })).rejects.toMatchObject({ code: "RESPONSE_INVALID" });
    expect(await listOf(to.tags())).toEqual([]);
  });

  it("tells a registry from which of its repositories a blob may be taken, and nobody else", async () => {
    const store = new MemoryStore();
    const image = async (name: string): Promise<Repository> => {
      const repository = store.repository(name);
      await repository.tag((await pushImage(repository, "one")).manifest, "1.0.0");
      return repository;
    };
    const seen: (string | undefined)[] = [];
    const to = new MemoryStore().repository("quay.io/acme/b");
    const watched: Repository = Object.assign(Object.create(to) as Repository, {
      resolve: to.resolve.bind(to),
      exists: to.exists.bind(to),
      retag: to.retag.bind(to),
      push: async (...[descriptor, content, options]: Parameters<Repository["push"]>) => {
        seen.push(options?.mountFrom);
        return to.push(descriptor, content, options);
      },
    });
    for (const name of ["quay.io/acme/a", "ghcr.io/acme/a", "acme/a"]) {
      seen.length = 0;
      await copy(await image(name), watched, "1.0.0");
      expect(new Set(seen)).toEqual(new Set([name.startsWith("quay.io") ? name : undefined]));
    }
  });

  it("stops when it is cancelled", async () => {
    const { from, to } = repositories();
    const image = await pushImage(from, "one");
    await from.tag(image.manifest, "1.0.0");
    const controller = new AbortController();
    const copied = copy(from, to, "1.0.0", { signal: controller.signal, onProgress: () => controller.abort() });
    await expect(copied).rejects.toMatchObject({ code: "ABORTED" });
    expect(await listOf(to.tags())).toEqual([]);
  });
});

/** The same repository, which notes what is asked of it and which digests are pushed. */
function watch(repository: Repository, asked: string[], pushed: string[] = []): Repository {
  const noted =
    (name: "resolve" | "exists" | "push" | "retag") =>
    (...args: readonly unknown[]): unknown => {
      asked.push(name);
      if (name === "push") pushed.push((args[0] as { digest: string }).digest);
      return (repository[name] as (...all: readonly unknown[]) => unknown).apply(repository, [...args]);
    };
  return Object.assign(Object.create(repository) as Repository, {
    resolve: noted("resolve"),
    exists: noted("exists"),
    push: noted("push"),
    retag: noted("retag"),
  });
}
