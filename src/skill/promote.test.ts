import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";

import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { createLayer, type LayerFile } from "../archive/index.ts";
import { LIFECYCLE_STATES, type LifecycleState } from "../lifecycle/index.ts";
import {
  Annotation,
  describeManifest,
  MediaType,
  parseImageManifest,
  parseManifest,
  parseReference,
  withAnnotations,
  type Reference,
} from "../oci/index.ts";
import { copy, MemoryStore, type Store } from "../store/index.ts";
import { inspect, list, pack, promote, raw, tag, type PackOptions } from "./index.ts";
import { collect } from "./testing/collect.ts";
import { skillDirectory } from "./testing/skill-directory.ts";

const NAME = "examples/greeter";
const STEPS = LIFECYCLE_STATES.slice(1);

/** Packs a version and takes it to a state, the whole way. */
async function release(store: Store, version: string, state: LifecycleState, options?: PackOptions): Promise<string> {
  let { reference } = await pack(await skillDirectory({ version }), store, options);
  for (const to of STEPS.slice(0, LIFECYCLE_STATES.indexOf(state))) {
    ({ reference } = await promote(store, parseReference(reference), to));
  }
  return reference;
}

function bytesFile(path: string, content: string): LayerFile {
  const bytes = Buffer.from(content);
  return { path, executable: false, size: bytes.byteLength, open: () => Readable.from([bytes]) };
}

async function tagsOf(store: Store): Promise<Record<string, string | undefined>> {
  const rows = await collect(list(store));
  return Object.fromEntries(
    rows.flatMap((row) => (row.tag === undefined ? [] : [[row.tag, `${row.version} ${row.status}`]])),
  );
}

describe("promote", () => {
  it("goes through the whole life, moving tags as the format says", async () => {
    const store = new MemoryStore();
    const packed = await pack(await skillDirectory(), store);
    const seen: Record<string, unknown>[] = [await tagsOf(store)];
    let reference = packed.reference;
    for (const to of STEPS) {
      const result = await promote(store, parseReference(reference), to);
      expect(result.layerDigests).toEqual([packed.layerDigest]);
      seen.push(await tagsOf(store));
      reference = result.reference;
    }
    expect(seen).toEqual([
      { "1.0.0-draft": "1.0.0 draft" },
      { "1.0.0-testing": "1.0.0 testing" },
      { "1.0.0": "1.0.0 published", latest: "1.0.0 published" },
      { "1.0.0": "1.0.0 deprecated" },
      {},
    ]);
    expect(reference).toMatch(/^examples\/greeter@sha256:/);
    const archived = await inspect(store, parseReference(reference));
    expect(archived.lifecycle).toEqual({ status: "archived", tags: [] });
  });

  it("changes nothing but the status: config, layers, other annotations and unknown fields stay to the byte", async () => {
    const store = new MemoryStore();
    const { reference } = await pack(await skillDirectory(), store);
    const repository = store.repository(NAME);
    const before = parseImageManifest(await raw(store, parseReference(reference), "manifest"));
    const foreign = describeManifest(
      { "x-first": 1, ...before.document, "x-last": { deep: [null] } },
      MediaType.manifest,
    );
    await repository.push(foreign.descriptor, foreign.bytes);
    await repository.tag(foreign.descriptor, "1.0.0-draft");

    const result = await promote(store, parseReference(reference), "testing");
    const after = new TextDecoder().decode(await raw(store, parseReference(result.reference), "manifest"));
    expect(after).toBe(new TextDecoder().decode(foreign.bytes).replace('"draft"', '"testing"'));
  });

  it("says which step is possible when another is asked for", async () => {
    const store = new MemoryStore();
    const reference = parseReference(await release(store, "1.0.0", "draft"));
    await expect(promote(store, reference, "published")).rejects.toMatchObject({
      code: "LIFECYCLE_TRANSITION_INVALID",
      hint: "From draft the next step is testing.",
    });
    expect(await tagsOf(store)).toEqual({ "1.0.0-draft": "1.0.0 draft" });
  });

  it("does not let a draft into testing whose layer holds no valid card", async () => {
    const store = new MemoryStore();
    const { reference } = await pack(await skillDirectory(), store);
    const repository = store.repository(NAME);
    const { document } = parseImageManifest(await raw(store, parseReference(reference), "manifest"));
    const bad = createLayer([bytesFile("skill.yaml", "kind: SkillCard\n")]);
    const layer = await repository.ingest(MediaType.layerGzip, bad.content);
    const config = { rootfs: { type: "layers", diff_ids: [bad.summary().diffId] } };
    const { descriptor, bytes } = describeManifest(config, MediaType.config);
    await repository.push(descriptor, bytes);
    const forged = describeManifest({ ...document, config: descriptor, layers: [layer] }, MediaType.manifest);
    await repository.push(forged.descriptor, forged.bytes);
    await repository.tag(forged.descriptor, "1.0.0-draft");
    await expect(promote(store, parseReference(reference), "testing")).rejects.toMatchObject({
      code: "SKILLCARD_INVALID",
    });
    expect((await tagsOf(store))["1.0.0-draft"]).toBe("1.0.0 draft");
  });

  it("keeps latest at the highest published version", async () => {
    const store = new MemoryStore();
    await release(store, "2.0.0", "published");
    await release(store, "1.5.0", "published");
    expect((await tagsOf(store))["latest"]).toBe("2.0.0 published");
    await release(store, "3.0.0-rc.1", "published");
    expect((await tagsOf(store))["latest"]).toBe("2.0.0 published");
    await release(store, "10.0.0", "published");
    expect((await tagsOf(store))["latest"]).toBe("10.0.0 published");
    await promote(store, parseReference(`${NAME}:10.0.0`), "deprecated");
    expect((await tagsOf(store))["latest"]).toBe("2.0.0 published");
    await promote(store, parseReference(`${NAME}:2.0.0`), "deprecated");
    expect((await tagsOf(store))["latest"]).toBe("1.5.0 published");
    await promote(store, parseReference(`${NAME}:1.5.0`), "deprecated");
    expect((await tagsOf(store))["latest"]).toBe("3.0.0-rc.1 published");
    await promote(store, parseReference(`${NAME}:3.0.0-rc.1`), "deprecated");
    expect(await tagsOf(store)).not.toHaveProperty("latest");
  });

  it("publishes through latest and by digest alike", async () => {
    const store = new MemoryStore();
    await release(store, "1.0.0", "published");
    const deprecated = await promote(store, parseReference(`${NAME}:latest`), "deprecated");
    expect(await tagsOf(store)).toEqual({ "1.0.0": "1.0.0 deprecated" });
    await promote(store, parseReference(`${NAME}@${deprecated.digest}`), "archived");
    expect(await tagsOf(store)).toEqual({});
  });

  it.each([
    { others: [], left: {} },
    { others: ["0.9.0"], left: { "0.9.0": "0.9.0 published", latest: "0.9.0 published" } },
  ])("takes latest from an archived version where a tool left it there: $others", async ({ others, left }) => {
    const store = new MemoryStore();
    for (const version of others) await release(store, version, "published");
    await release(store, "1.0.0", "published");
    const repository = store.repository(NAME);
    const published = await repository.resolve("latest");
    await promote(store, parseReference(`${NAME}:1.0.0`), "deprecated");
    await repository.tag(published, "latest");
    const archived = await promote(store, parseReference(`${NAME}:1.0.0`), "archived");
    expect(await tagsOf(store)).toEqual(left);
    expect(others.length === 0 ? archived.tags.removed : archived.tags.set).toContain("latest");
  });

  it("does not publish a version over itself", async () => {
    const store = new MemoryStore();
    await release(store, "1.0.0", "published");
    const other = new MemoryStore();
    const again = await release(other, "1.0.0", "testing", { tag: "x" });
    const image = parseReference(again);
    const from = other.repository(NAME);
    const to = store.repository(NAME);
    await copy(from, to, image.tag ?? "");
    await expect(promote(store, image, "published")).rejects.toMatchObject({ code: "PUBLISHED_IMMUTABLE" });
  });

  it("does not publish a version again that was archived", async () => {
    const store = new MemoryStore();
    await release(store, "1.0.0", "archived");
    const directory = await skillDirectory();
    expect(await pack(directory, store)).toMatchObject({ status: "archived", unchanged: true });
    await writeFile(join(directory, "SKILL.md"), "# Other\n");
    await expect(pack(directory, store)).rejects.toMatchObject({ code: "PUBLISHED_IMMUTABLE" });
    const other = new MemoryStore();
    const reference = parseReference(await release(other, "1.0.0", "testing"));
    await copy(other.repository(NAME), store.repository(NAME), reference.tag ?? "");
    await expect(promote(store, reference, "published")).rejects.toMatchObject({ code: "PUBLISHED_IMMUTABLE" });
  });

  it("lets one of two people win when both promote at once", async () => {
    const store = new MemoryStore();
    const reference = parseReference(await release(store, "1.0.0", "testing"));
    const outcomes = await Promise.allSettled([1, 2, 3].map(() => promote(store, reference, "published")));
    const failures = outcomes.filter((outcome) => outcome.status === "rejected");
    expect(failures).toHaveLength(2);
    for (const failure of failures) {
      expect(["CONFLICT", "NOT_FOUND", "PUBLISHED_IMMUTABLE"]).toContain((failure.reason as { code: string }).code);
    }
    expect(await tagsOf(store)).toEqual({ "1.0.0": "1.0.0 published", latest: "1.0.0 published" });
  });

  it("lets exactly one of 100 images become a version when all are published at once", async () => {
    const store = new MemoryStore();
    const directory = await skillDirectory();
    const candidates: Reference[] = [];
    for (let at = 0; at < 100; at++) {
      await writeFile(join(directory, "SKILL.md"), `# Candidate ${at}\n`);
      const { reference } = await pack(directory, store);
      const testing = await promote(store, parseReference(reference), "testing");
      const candidate = parseReference(`${NAME}:candidate-${at}`);
      await tag(store, parseReference(testing.reference), candidate);
      candidates.push(candidate);
    }
    const outcomes = await Promise.allSettled(candidates.map((candidate) => promote(store, candidate, "published")));
    const [winner, ...others] = outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []));
    expect(others).toEqual([]);
    expect((await inspect(store, parseReference(`${NAME}:1.0.0`))).digest).toBe(winner?.digest);
  });

  it("lets two versions be published at once, and latest is the higher one", async () => {
    const store = new MemoryStore();
    const references = [await release(store, "1.0.0", "testing"), await release(store, "2.0.0", "testing")];
    await Promise.all(references.map((each) => promote(store, parseReference(each), "published")));
    expect(await tagsOf(store)).toEqual({
      "1.0.0": "1.0.0 published",
      "2.0.0": "2.0.0 published",
      latest: "2.0.0 published",
    });
  });

  it("keeps latest right when one version is published while another is deprecated", async () => {
    const store = new MemoryStore();
    const old = await release(store, "2.0.0", "published");
    const next = await release(store, "1.0.0", "testing");
    await Promise.all([
      promote(store, parseReference(old), "deprecated"),
      promote(store, parseReference(next), "published"),
    ]);
    expect((await tagsOf(store))["latest"]).toBe("1.0.0 published");
  });

  it.each<[string, readonly (readonly [string, LifecycleState])[], string | undefined]>([
    [
      "both published versions are deprecated",
      [
        ["1.0.0", "deprecated"],
        ["2.0.0", "deprecated"],
      ],
      undefined,
    ],
    [
      "one is published while the highest is deprecated",
      [
        ["1.5.0", "published"],
        ["2.0.0", "deprecated"],
      ],
      "1.5.0 published",
    ],
  ])("leaves latest right, whoever is quicker, when %s", async (_, moves, latest) => {
    for (const order of [moves, moves.toReversed()]) {
      const store = new MemoryStore();
      await release(store, "1.0.0", "published");
      await release(store, "1.5.0", "testing");
      await release(store, "2.0.0", "published");
      await Promise.all(
        order.map(([version, to]) => {
          const tagged = to === "published" ? `${version}-testing` : version;
          return promote(store, parseReference(`${NAME}:${tagged}`), to);
        }),
      );
      expect((await tagsOf(store))["latest"]).toBe(latest);
    }
  });

  it("does not promote an image whose annotations tell of another skill than its card", async () => {
    const store = new MemoryStore();
    const { reference } = await pack(await skillDirectory(), store);
    const manifest = parseImageManifest(await raw(store, parseReference(reference), "manifest"));
    const forged = describeManifest(withAnnotations(manifest, { [Annotation.version]: "9.9.9" }), MediaType.manifest);
    await store.repository(NAME).push(forged.descriptor, forged.bytes);
    await store.repository(NAME).tag(forged.descriptor, "9.9.9-draft");
    await expect(promote(store, parseReference(`${NAME}:9.9.9-draft`), "testing")).rejects.toMatchObject({
      code: "NOT_A_SKILL",
      message: `${NAME}:9.9.9-draft calls itself greeter 9.9.9, the card inside greeter 1.0.0`,
    });
  });

  it("promotes every image of an index, and the index", async () => {
    const store = new MemoryStore();
    const packed = await pack(await skillDirectory(), store, { platforms: ["linux/amd64", "linux/arm64"] });
    const result = await promote(store, parseReference(packed.reference), "testing");
    const root = parseManifest(await raw(store, parseReference(result.reference), "manifest"));
    if (root.kind !== "index") throw new Error("not an index");
    expect(root.annotations[Annotation.status]).toBe("testing");
    for (const child of root.manifests) {
      const [bytes] = await collect(store.repository(NAME).fetch(child));
      const manifest = parseImageManifest(bytes ?? new Uint8Array());
      expect([child.platform?.os, manifest.annotations[Annotation.status]]).toEqual(["linux", "testing"]);
      expect(manifest.layers[0]?.digest).toBe(packed.layerDigest);
    }
  });

  it("refuses an image that has no state", async () => {
    const store = new MemoryStore();
    const { reference } = await pack(await skillDirectory(), store);
    const { document } = parseImageManifest(await raw(store, parseReference(reference), "manifest"));
    const bare = describeManifest({ ...document, annotations: {} }, MediaType.manifest);
    await store.repository(NAME).push(bare.descriptor, bare.bytes);
    await store.repository(NAME).tag(bare.descriptor, "bare");
    await expect(promote(store, parseReference(`${NAME}:bare`), "testing")).rejects.toMatchObject({
      code: "NOT_A_SKILL",
    });
  });

  it("keeps the rules for every order of releases", async () => {
    const directories = new Map<string, string>();
    for (const version of ["1.0.0", "1.1.0-rc.1", "1.1.0", "2.0.0"])
      directories.set(version, await skillDirectory({ version }));
    const step = fc.constantFrom(...directories.keys());
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 20 }), async (steps) => {
        const store = new MemoryStore();
        const at = new Map<string, { reference: string; state: LifecycleState }>();
        for (const version of steps) {
          const now = at.get(version);
          const to = now === undefined ? "draft" : LIFECYCLE_STATES[LIFECYCLE_STATES.indexOf(now.state) + 1];
          if (to === undefined) continue;
          const { reference } =
            now === undefined
              ? await pack(directories.get(version) ?? "", store)
              : await promote(store, parseReference(now.reference), to);
          at.set(version, { reference, state: to });
        }
        const published = [...at].filter(([, { state }]) => state === "published").map(([version]) => version);
        const releases = published.filter((version) => !version.includes("-"));
        const latest = (releases.length > 0 ? releases : published).toSorted().at(-1);
        expect((await tagsOf(store))["latest"]).toBe(latest === undefined ? undefined : `${latest} published`);
      }),
      { numRuns: 25 },
    );
  });
});
