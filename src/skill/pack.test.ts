import { appendFile, chmod, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import { Annotation, MediaType, parseImageManifest, parseManifest, parseReference } from "../oci/index.ts";
import { LayoutStore, MemoryStore, readManifest } from "../store/index.ts";
import { cat, inspect, list, pack, packAll, promote, raw } from "./index.ts";
import { collect, text } from "./testing/collect.ts";
import { cardText, skillDirectory, temporaryDirectory } from "./testing/skill-directory.ts";

const at = (time: string) => ({ now: () => new Date(time) });
const morning = at("2026-01-02T03:04:05.678Z");
const evening = at("2026-01-02T20:00:00Z");

async function manifestOf(store: MemoryStore, reference: string) {
  return parseImageManifest(await raw(store, parseReference(reference), "manifest"));
}

describe("pack", () => {
  it("makes the image that the format describes", async () => {
    const store = new MemoryStore();
    const more = `  display-name: The Greeter
  license: Apache-2.0
  compatibility: any agent
  tags: [hello, "quote\\"d"]
  authors:
    - { name: Ada, email: ada@example.com }
    - { name: Bob }
provenance: { source: https://example.com/greeter.git, commit: abc123 }
`;
    const directory = await skillDirectory(
      { more },
      { "SKILL.md": "---\nname: greeter\n---\n# Greeter\n\nSay hello.\n" },
    );
    const packed = await pack(directory, store, morning);

    expect(packed).toMatchObject({
      reference: "examples/greeter:1.0.0-draft",
      status: "draft",
      files: 2,
      unchanged: false,
    });
    const manifest = await manifestOf(store, packed.reference);
    expect(manifest.config.mediaType).toBe(MediaType.config);
    expect(manifest.layers.map((layer) => [layer.mediaType, layer.digest])).toEqual([
      [MediaType.layerGzip, packed.layerDigest],
    ]);
    expect(manifest.annotations).toEqual({
      "org.opencontainers.image.title": "The Greeter",
      "org.opencontainers.image.description": "Greets people.",
      "org.opencontainers.image.version": "1.0.0",
      "org.opencontainers.image.authors": "Ada <ada@example.com>, Bob",
      "org.opencontainers.image.licenses": "Apache-2.0",
      "org.opencontainers.image.vendor": "examples",
      "org.opencontainers.image.created": "2026-01-02T03:04:05Z",
      "org.opencontainers.image.source": "https://example.com/greeter.git",
      "org.opencontainers.image.revision": "abc123",
      "io.skillimage.status": "draft",
      "io.skillimage.name": "greeter",
      "io.skillimage.tags": '["hello","quote\\"d"]',
      "io.skillimage.compatibility": "any agent",
      "io.skillimage.wordcount": "4",
    });
    const config = JSON.parse(
      new TextDecoder().decode(await raw(store, parseReference(packed.reference), "config")),
    ) as Record<string, unknown>;
    const { [Annotation.status]: _status, ...labels } = manifest.annotations;
    expect(config).toMatchObject({
      os: "linux",
      architecture: "amd64",
      config: { Labels: labels },
      rootfs: { type: "layers" },
    });
  });

  it("leaves out annotations of fields that the card does not have", async () => {
    const store = new MemoryStore();
    const { reference } = await pack(await skillDirectory(), store, morning);
    expect(Object.keys((await manifestOf(store, reference)).annotations).toSorted()).toEqual([
      "io.skillimage.name",
      "io.skillimage.status",
      "io.skillimage.wordcount",
      "org.opencontainers.image.created",
      "org.opencontainers.image.description",
      "org.opencontainers.image.title",
      "org.opencontainers.image.vendor",
      "org.opencontainers.image.version",
    ]);
  });

  it("cuts the description at a whole character within 256 bytes", async () => {
    const store = new MemoryStore();
    const { reference } = await pack(await skillDirectory({ description: "ü".repeat(200) }), store, morning);
    expect((await manifestOf(store, reference)).annotations[Annotation.description]).toBe("ü".repeat(128));
    const odd = await pack(await skillDirectory({ name: "odd", description: `x${"ü".repeat(200)}` }), store, morning);
    expect((await manifestOf(store, odd.reference)).annotations[Annotation.description]).toBe(`x${"ü".repeat(127)}`);
  });

  it("gives the same image at another time, says it is unchanged, and writes nothing", async () => {
    const store = new MemoryStore();
    const directory = await skillDirectory();
    const first = await pack(directory, store, morning);
    await utimes(join(directory, "SKILL.md"), 1, 1);
    const second = await pack(directory, store, evening);
    expect(second).toEqual({ ...first, unchanged: true });
  });

  it("replaces a draft whose content changed", async () => {
    const store = new MemoryStore();
    const directory = await skillDirectory();
    const first = await pack(directory, store, morning);
    await writeFile(join(directory, "SKILL.md"), "# Other\n");
    const second = await pack(directory, store, morning);
    expect(second).toMatchObject({ reference: first.reference, unchanged: false });
    expect(second.digest).not.toBe(first.digest);
  });

  it("notices a file that became executable", async () => {
    const store = new MemoryStore();
    const directory = await skillDirectory({}, { "run.txt": "x" });
    const first = await pack(directory, store, morning);
    await chmod(join(directory, "run.txt"), 0o755);
    expect((await pack(directory, store, morning)).layerDigest).not.toBe(first.layerDigest);
  });

  it("takes all times from SOURCE_DATE_EPOCH", async () => {
    const directory = await skillDirectory();
    const [a, b] = [new MemoryStore(), new MemoryStore()];
    const first = await pack(directory, a, { ...morning, sourceDateEpoch: 1_700_000_000 });
    const second = await pack(directory, b, { ...evening, sourceDateEpoch: 1_700_000_000 });
    expect(second.digest).toBe(first.digest);
    expect((await manifestOf(a, first.reference)).annotations[Annotation.created]).toBe("2023-11-14T22:13:20Z");
  });

  it("does not overwrite a published version, and recognizes it when it is the same", async () => {
    const store = new MemoryStore();
    const directory = await skillDirectory();
    await pack(directory, store, morning);
    await promote(store, parseReference("examples/greeter:1.0.0-draft"), "testing");
    const published = await promote(store, parseReference("examples/greeter:1.0.0-testing"), "published");

    expect(await pack(directory, store, evening)).toMatchObject({
      reference: "examples/greeter:1.0.0",
      digest: published.digest,
      status: "published",
      unchanged: true,
    });
    await writeFile(join(directory, "SKILL.md"), "# Changed\n");
    await expect(pack(directory, store, evening)).rejects.toMatchObject({
      code: "PUBLISHED_IMMUTABLE",
      message: "examples/greeter 1.0.0 is published with other content",
    });
    await expect(pack(directory, store, { ...evening, tag: "1.0.0" })).rejects.toMatchObject({
      code: "PUBLISHED_IMMUTABLE",
    });
  });

  it("does not overwrite another version's published tag with --tag", async () => {
    const store = new MemoryStore();
    await pack(await skillDirectory(), store, morning);
    await promote(store, parseReference("examples/greeter:1.0.0-draft"), "testing");
    await promote(store, parseReference("examples/greeter:1.0.0-testing"), "published");
    const next = await skillDirectory({ version: "2.0.0" });
    await expect(pack(next, store, { ...morning, tag: "latest" })).rejects.toMatchObject({
      code: "PUBLISHED_IMMUTABLE",
    });
  });

  it("gives the same image under another tag", async () => {
    const store = new MemoryStore();
    const directory = await skillDirectory();
    const first = await pack(directory, store, morning);
    expect(await pack(directory, store, { ...evening, tag: "wip" })).toMatchObject({ digest: first.digest });
  });

  it("uses the tag that it is told", async () => {
    const store = new MemoryStore();
    const packed = await pack(await skillDirectory(), store, { ...morning, tag: "wip" });
    expect(packed.reference).toBe("examples/greeter:wip");
  });

  it("packs a directory that has only a SKILL.md", async () => {
    const store = new MemoryStore();
    const text = "---\nname: greeter\ndescription: Greets people.\nmetadata:\n  version: 2.1.0\n---\n# Hi\n";
    const packed = await pack(await skillDirectory(null, { "SKILL.md": text }), store, morning);
    expect(packed.reference).toBe("local/greeter:2.1.0-draft");
    const { card } = await inspect(store, parseReference(packed.reference));
    expect(card).toMatchObject({ name: "greeter", description: "Greets people.", version: "2.1.0" });
  });

  it("uses the redhat profile's media types when asked", async () => {
    const store = new MemoryStore();
    const directory = await skillDirectory();
    const standard = await pack(directory, store, morning);
    const redhat = await pack(directory, store, { ...morning, profile: "redhat" });
    expect(redhat.unchanged).toBe(false);
    expect(redhat.layerDigest).toBe(standard.layerDigest);
    const manifest = await manifestOf(store, redhat.reference);
    expect([manifest.config.mediaType, manifest.layers[0]?.mediaType]).toEqual([
      MediaType.redhatConfig,
      MediaType.redhatLayer,
    ]);
  });

  it("makes an index over one shared layer for several platforms", async () => {
    const store = new MemoryStore();
    const packed = await pack(await skillDirectory(), store, {
      ...morning,
      platforms: ["linux/amd64", "linux/arm64/v8"],
    });
    const repository = store.repository("examples/greeter");
    const root = parseManifest(await raw(store, parseReference(packed.reference), "manifest"));
    if (root.kind !== "index") throw new Error("not an index");
    expect(root.manifests.map((child) => child.platform)).toEqual([
      { architecture: "amd64", os: "linux" },
      { architecture: "arm64", os: "linux", variant: "v8" },
    ]);
    expect(root.annotations[Annotation.status]).toBe("draft");
    const layers = new Set<string>();
    for (const child of root.manifests) {
      const manifest = await readManifest(repository, child);
      if (manifest.kind === "manifest") for (const layer of manifest.layers) layers.add(layer.digest);
    }
    expect([...layers]).toEqual([packed.layerDigest]);
  });

  it("packs the card that it checked, even if the file is another one meanwhile", async () => {
    const directory = await skillDirectory();
    const store = new MemoryStore();
    const repository = store.repository.bind(store);
    store.repository = (name) => {
      const inner = repository(name);
      const ingest = inner.ingest.bind(inner);
      inner.ingest = async (...args) => {
        await writeFile(join(directory, "skill.yaml"), cardText({ description: "Something else" }));
        return ingest(...args);
      };
      return inner;
    };
    const { reference } = await pack(directory, store, morning);
    expect(await text(cat(store, parseReference(reference), "skill.yaml"))).toBe(cardText());
  });

  it("packs again over a draft that is damaged", async () => {
    const home = await temporaryDirectory();
    const directory = await skillDirectory();
    const { digest, reference } = await pack(directory, await LayoutStore.open(home), morning);
    await appendFile(join(home, "blobs/sha256", digest.slice(7)), " ");
    const again = await pack(directory, await LayoutStore.open(home), morning);
    expect(again).toMatchObject({ reference, digest, unchanged: false });
    expect(await (await LayoutStore.open(home)).fsck()).toEqual([]);
  });

  it("does not pack the store into itself", async () => {
    const directory = await skillDirectory();
    const store = await LayoutStore.open(join(directory, "store"));
    const first = await pack(directory, store, morning);
    expect(await pack(directory, store, evening)).toMatchObject({
      digest: first.digest,
      unchanged: true,
      excluded: ["store/"],
    });
  });

  it("refuses more platforms than an index may hold", async () => {
    const platforms = Array.from({ length: 33 }, (_, at) => `linux/arm/v${at}`);
    await expect(pack(await skillDirectory(), new MemoryStore(), { platforms })).rejects.toMatchObject({
      code: "USAGE",
    });
  });

  it("suggests the platform that was meant", async () => {
    const packing = pack(await skillDirectory(), new MemoryStore(), { platforms: ["linux/amd46"] });
    await expect(packing).rejects.toMatchObject({ code: "USAGE", hint: "Did you mean linux/amd64?" });
  });

  it("refuses a platform that is none", async () => {
    const packing = pack(await skillDirectory(), new MemoryStore(), { platforms: ["amd64"] });
    await expect(packing).rejects.toMatchObject({ code: "USAGE" });
  });

  it("reports every problem of a bad card and stores nothing", async () => {
    const store = new MemoryStore();
    const directory = await skillDirectory({ version: "one", more: "  licence: MIT\n" });
    const failure = await pack(directory, store).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "SKILLCARD_INVALID" });
    expect((failure as { issues: { path: string }[] }).issues.map((issue) => issue.path)).toEqual(
      expect.arrayContaining(["metadata.version", "metadata.licence"]),
    );
    expect(await collect(list(store))).toEqual([]);
  });

  it("stores nothing when it is cancelled", async () => {
    const store = new MemoryStore();
    const packing = pack(await skillDirectory(), store, { signal: AbortSignal.abort() });
    await expect(packing).rejects.toMatchObject({ code: "ABORTED" });
    expect(await collect(list(store))).toEqual([]);
  });

  it("tells how far it has come", async () => {
    const seen: number[] = [];
    const directory = await skillDirectory({}, { "data.txt": "x".repeat(100_000) });
    await pack(directory, new MemoryStore(), { onProgress: ({ bytes, total }) => seen.push(bytes / total) });
    expect(seen.at(-1)).toBe(1);
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
  });

  it("lets several packs of one directory race: one packs, the others find it unchanged", async () => {
    const store = new MemoryStore();
    const directory = await skillDirectory();
    const results = await Promise.all([1, 2, 3, 4].map(() => pack(directory, store, morning)));
    expect(new Set(results.map((result) => result.digest)).size).toBe(1);
  });
});

describe("where a skill comes from", () => {
  const provenance = { source: "https://git.example.com/skills", commit: "c0ffee", path: "skills/greeter" };
  const recorded = {
    [Annotation.source]: provenance.source,
    [Annotation.revision]: provenance.commit,
    [Annotation.path]: provenance.path,
  };

  it("is recorded in annotations and labels, and changes no layer", async () => {
    const [directory, store] = [await skillDirectory(), new MemoryStore()];
    const { reference, layerDigest } = await pack(directory, store, { ...morning, provenance });
    const { image } = await inspect(store, parseReference(reference));
    expect(image.annotations).toMatchObject(recorded);
    expect(image.labels).toMatchObject(recorded);
    expect((await pack(directory, new MemoryStore(), morning)).layerDigest).toBe(layerDigest);
  });

  it("is what the card says, if it says something", async () => {
    const more = "provenance: { source: https://example.com/upstream, commit: abc123 }\n";
    const store = new MemoryStore();
    const { reference } = await pack(await skillDirectory({ more }), store, { ...morning, provenance });
    const { annotations } = (await inspect(store, parseReference(reference))).image;
    expect(annotations).toMatchObject({
      [Annotation.source]: "https://example.com/upstream",
      [Annotation.revision]: "abc123",
    });
    expect(annotations).not.toHaveProperty(Annotation.path);
  });
});

describe("packAll", () => {
  it("does not let two directories become one image", async () => {
    const directories = [await skillDirectory(), await skillDirectory()];
    const outcomes = await collect(packAll(directories, new MemoryStore()));
    const failures = outcomes.flatMap((outcome) => ("error" in outcome ? [outcome.error] : []));
    expect(failures).toMatchObject([{ code: "CONFLICT" }]);
    for (const directory of directories) expect(failures[0]?.message).toContain(directory);
  });

  it("packs what it can, in order, and tells what failed", async () => {
    const store = new MemoryStore();
    const good = await skillDirectory();
    const bad = await skillDirectory({ version: "one" });
    const other = await skillDirectory({ name: "other" });
    const outcomes = await collect(packAll([good, bad, other], store, { concurrency: 2 }));
    expect(outcomes.map((outcome) => ("error" in outcome ? outcome.error.code : outcome.result.reference))).toEqual([
      "examples/greeter:1.0.0-draft",
      "SKILLCARD_INVALID",
      "examples/other:1.0.0-draft",
    ]);
  });
});
