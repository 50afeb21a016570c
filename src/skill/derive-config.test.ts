import { randomBytes } from "node:crypto";
import { gzipSync } from "node:zlib";

import { describe, expect, it } from "vitest";

import { readAll } from "../content/index.ts";
import { describeManifest, digestOf, MediaType, parseReference, type Descriptor } from "../oci/index.ts";
import { copy, MemoryStore, type Repository } from "../store/index.ts";
import { readImage } from "./image.ts";
import { pull, promote, type PackOptions } from "./index.ts";
import { RegistryDouble } from "./testing/registry-double.ts";
import { release } from "./testing/release.ts";
import type { CardFields } from "./testing/skill-directory.ts";

const REMOTE = "quay.io/acme/greeter";

/** Pulls what `tag` names in a registry; tells what was asked for: `manifest`, `config`, `layer`. */
async function pulled(registry: RegistryDouble, tag: string, local = new MemoryStore()): Promise<readonly string[]> {
  const there = registry.inner.repository(REMOTE);
  const { members } = await readImage(there, await there.resolve(tag));
  const kinds = new Map<string, string>();
  for (const { manifest } of members) {
    kinds.set(manifest.config.digest, "config");
    for (const { digest } of manifest.layers) kinds.set(digest, "layer");
  }
  await pull(registry, local, parseReference(`${REMOTE}:${tag}`));
  const asked = registry.requests.map((request) => kinds.get(request.split(" ")[2] ?? "") ?? "manifest");
  // Whatever was asked for, what is here is what is there.
  const here = local.repository(REMOTE);
  for (const { manifest } of members) {
    expect(await readAll(here.fetch(manifest.config))).toEqual(await readAll(there.fetch(manifest.config)));
  }
  return asked;
}

async function released(
  state: Parameters<typeof release>[2],
  options: { readonly card?: CardFields; readonly pack?: PackOptions } = {},
): Promise<{ registry: RegistryDouble; tag: string }> {
  const [local, registry] = [new MemoryStore(), new RegistryDouble()];
  const { tag = "" } = parseReference(await release(local, options.card ?? {}, state, options.pack));
  await copy(local.repository("examples/greeter"), registry.inner.repository(REMOTE), tag);
  return { registry, tag };
}

async function layersOf(repository: Repository, tag: string): Promise<readonly [Descriptor]> {
  const { members } = await readImage(repository, await repository.resolve(tag));
  return members[0].manifest.layers as unknown as readonly [Descriptor];
}

/** Puts an image of a layer and a config made by hand under a tag, with the annotations and the config's size of a packed one. */
async function counterfeit(
  there: Repository,
  tag: string,
  change: (config: Record<string, unknown>) => object,
  replaced?: Uint8Array,
): Promise<void> {
  const { members } = await readImage(there, await there.resolve(tag));
  const packed = members[0].manifest;
  const config = JSON.parse(new TextDecoder().decode(await readAll(there.fetch(packed.config)))) as Record<
    string,
    unknown
  >;
  const { bytes, descriptor } = describeManifest({ ...change(config) }, packed.config.mediaType);
  await there.push(descriptor, bytes);
  const [own] = await layersOf(there, tag);
  const layer: Descriptor =
    replaced === undefined
      ? own
      : { mediaType: MediaType.layerGzip, digest: digestOf(replaced), size: replaced.byteLength };
  if (replaced !== undefined) await there.push(layer, replaced);
  const manifest = describeManifest({ ...packed.document, config: descriptor, layers: [layer] }, packed.mediaType);
  await there.retag([{ name: tag, to: manifest.descriptor, content: manifest.bytes }]);
}

describe("the config of what pack made", () => {
  it.each(["draft", "testing", "published"] as const)("is not asked for when the skill is %s", async (state) => {
    const { registry, tag } = await released(state);
    expect(await pulled(registry, tag)).toEqual(["manifest", "layer"]);
  });

  it("is not asked for when the skill was deprecated, for a reason", async () => {
    const { registry, tag } = await released("published");
    const reference = parseReference(`${REMOTE}:${tag}`);
    await promote(registry.inner, reference, "deprecated", { reason: "too polite", replacedBy: "2.0.0" });
    expect(await pulled(registry, tag)).toEqual(["manifest", "layer"]);
  });

  it("is not asked for in the other media types", async () => {
    const { registry, tag } = await released("draft", { pack: { profile: "redhat" } });
    expect(await pulled(registry, tag)).toEqual(["manifest", "layer"]);
  });

  it("is asked for but once when images of several platforms share the layer", async () => {
    const { registry, tag } = await released("draft", { pack: { platforms: ["linux/amd64", "linux/arm64/v8"] } });
    const asked = await pulled(registry, tag);
    expect(asked.filter((each) => each === "config")).toHaveLength(1);
    expect(asked.filter((each) => each === "layer")).toHaveLength(1);
  });

  it("is asked for when the layer is here already", async () => {
    const { registry, tag } = await released("draft");
    const there = registry.inner.repository(REMOTE);
    const [layer] = await layersOf(there, tag);
    const local = new MemoryStore();
    await local.repository(REMOTE).push(layer, there.fetch(layer));
    expect(await pulled(registry, tag, local)).toEqual(["manifest", "config"]);
  });
});

describe("a config that only looks as if pack had made it", () => {
  it.each<[string, (config: Record<string, unknown>) => object]>([
    ["tells of another layer", (config) => ({ ...config, rootfs: { type: "layers", diff_ids: [digestOf("other")] } })],
    ["is for another platform", (config) => ({ ...config, architecture: "s390x" })],
    ["has more fields", (config) => ({ ...config, author: "me" })],
  ])("is fetched: it %s", async (_, change) => {
    const { registry, tag } = await released("draft");
    await counterfeit(registry.inner.repository(REMOTE), tag, change);
    expect((await pulled(registry, tag)).toSorted()).toEqual(["config", "layer", "manifest"]);
  });

  it.each([
    ["no gzip", new TextEncoder().encode("no gzip")],
    ["a bomb", gzipSync(new Uint8Array(64 * 1024 * 1024))],
    ["too much to be looked at", gzipSync(randomBytes(300 * 1024))],
  ])("is fetched: the layer is %s", async (_, layer) => {
    const { registry, tag } = await released("draft");
    await counterfeit(registry.inner.repository(REMOTE), tag, (config) => config, layer);
    expect((await pulled(registry, tag)).toSorted()).toEqual(["config", "layer", "manifest"]);
  });
});
