/** Promoting where tags move one by one and every request counts. */
import { describe, expect, it } from "vitest";

import { SkillError } from "../errors.ts";
import {
  Annotation,
  describeManifest,
  MediaType,
  parseImageManifest,
  parseReference,
  withAnnotations,
} from "../oci/index.ts";
import { copy, MemoryStore } from "../store/index.ts";
import { listOf } from "../store/testing/images.ts";
import { history, inspect, promote, raw } from "./index.ts";
import type { PromoteOptions, PromoteResult } from "./index.ts";
import { RegistryDouble, type RegistryDoubleOptions } from "./testing/registry-double.ts";
import { release } from "./testing/release.ts";

const NAME = "quay.io/acme/greeter";

/** A registry that holds a version in a state, as `quay.io/acme/greeter`. */
async function registryWith(
  state: "draft" | "testing" | "published",
  options?: RegistryDoubleOptions,
  version = "1.0.0",
): Promise<RegistryDouble> {
  const local = new MemoryStore();
  const registry = new RegistryDouble(options);
  const { tag = "" } = parseReference(await release(local, { version }, state));
  await copy(local.repository("examples/greeter"), registry.inner.repository(NAME), tag);
  return registry;
}

async function to(
  registry: RegistryDouble,
  tag: string,
  state: Parameters<typeof promote>[2],
  options?: PromoteOptions,
): Promise<PromoteResult> {
  return promote(registry, parseReference(`${NAME}:${tag}`), state, options);
}

const tagsOf = async (registry: RegistryDouble): Promise<string[]> => listOf(registry.inner.repository(NAME).tags());

/** Lets `count` callers come to a step before any of them goes on. */
function meetingAt(step: string, count: number): NonNullable<RegistryDoubleOptions["onStep"]> {
  let arrived = 0;
  let open = (): void => undefined;
  const everybody = new Promise<void>((resolve) => (open = resolve));
  return async (now) => {
    if (now !== step || arrived >= count) return;
    if (++arrived === count) open();
    await everybody;
  };
}

describe("promote on a registry", () => {
  it("takes a draft to testing in six requests, none of them for a layer", async () => {
    const registry = await registryWith("draft");
    const result = await to(registry, "1.0.0-draft", "testing", { checkCard: "annotations" });
    expect(registry.requests).toEqual([
      "GET manifest 1.0.0-draft",
      "HEAD manifest 1.0.0-testing",
      "HEAD manifest 1.0.0-draft",
      "PUT manifest 1.0.0-testing",
      `PUT manifest ${result.record}`,
      "DELETE manifest 1.0.0-draft",
    ]);
    expect(result.tags).toEqual({ set: ["1.0.0-testing"], removed: ["1.0.0-draft"], left: [] });
    expect(await tagsOf(registry)).toEqual(["1.0.0-testing"]);
  });

  it("publishes, and lets latest follow", async () => {
    const registry = await registryWith("testing");
    const result = await to(registry, "1.0.0-testing", "published");
    expect(result).toMatchObject({ latest: "1.0.0", warnings: [] });
    expect(result.tags).toEqual({ set: ["1.0.0", "latest"], removed: ["1.0.0-testing"], left: [] });
    expect(await tagsOf(registry)).toEqual(["1.0.0", "latest"]);
    expect(registry.requests).toHaveLength(10);
  });

  it("goes through the whole life, and the layer never moves", async () => {
    const registry = await registryWith("draft");
    await to(registry, "1.0.0-draft", "testing");
    registry.requests.length = 0;
    await to(registry, "1.0.0-testing", "published");
    await to(registry, "1.0.0", "deprecated");
    expect(await tagsOf(registry)).toEqual(["1.0.0"]);
    const archived = await to(registry, "1.0.0", "archived");
    expect(await tagsOf(registry)).toEqual([]);
    expect(archived.reference).toBe(`${NAME}@${archived.digest}`);
    expect(registry.requests.filter((request) => request.includes("blob"))).toEqual([]);
    const steps = await history(registry, parseReference(archived.reference));
    expect(steps).toMatchObject({ complete: true, valid: true });
    expect(steps.steps.map(({ to: state }) => state)).toEqual(["archived", "deprecated", "published", "testing"]);
  });

  it("judges a draft by its annotations when the layer shall not be read", async () => {
    const registry = await registryWith("draft");
    const inner = registry.inner.repository(NAME);
    const draft = parseReference(`${NAME}:1.0.0-draft`);
    const manifest = parseImageManifest(await raw(registry.inner, draft, "manifest"));
    for (const [key, value] of [
      [Annotation.vendor, undefined],
      [Annotation.description, "  "],
      [Annotation.name, "Not_A_Name"],
    ] as const) {
      const bad = describeManifest(withAnnotations(manifest, { [key]: value }), MediaType.manifest);
      await inner.retag([{ name: "1.0.0-draft", to: bad.descriptor, content: bad.bytes }]);
      const promotion = to(registry, "1.0.0-draft", "testing", { checkCard: "annotations" });
      await expect(promotion).rejects.toMatchObject({ code: "SKILLCARD_INVALID" });
    }
    expect(await tagsOf(registry)).toEqual(["1.0.0-draft"]);
  });

  it("names the annotations that an image lacks, and no line of a file that there is not", async () => {
    const registry = await registryWith("draft");
    const draft = parseReference(`${NAME}:1.0.0-draft`);
    const manifest = parseImageManifest(await raw(registry.inner, draft, "manifest"));
    const bad = describeManifest(
      withAnnotations(manifest, { [Annotation.description]: undefined, [Annotation.vendor]: undefined }),
      MediaType.manifest,
    );
    await registry.inner.repository(NAME).retag([{ name: "1.0.0-draft", to: bad.descriptor, content: bad.bytes }]);
    await expect(to(registry, "1.0.0-draft", "testing", { checkCard: "annotations" })).rejects.toMatchObject({
      code: "SKILLCARD_INVALID",
      message:
        `${NAME}:1.0.0-draft is not valid: 2 errors\n` +
        "  annotation org.opencontainers.image.vendor: metadata.namespace must not be empty\n" +
        "  annotation org.opencontainers.image.description: metadata.description must not be empty",
      hint: "Build the image with these annotations; skillctl pack writes all of them.",
    });
  });

  it("stands on a registry that removes no tags, and says what is left", async () => {
    const registry = await registryWith("testing", { removesTags: false });
    const result = await to(registry, "1.0.0-testing", "published");
    expect(result.tags).toEqual({ set: ["1.0.0", "latest"], removed: [], left: ["1.0.0-testing"] });
    expect(await tagsOf(registry)).toEqual(["1.0.0", "1.0.0-testing", "latest"]);
    const deprecated = await to(registry, "1.0.0", "deprecated");
    expect(deprecated.tags).toEqual({ set: ["1.0.0", "latest"], removed: [], left: ["latest"] });
    expect(deprecated).toMatchObject({ latest: "1.0.0", warnings: ["latest still names 1.0.0, which is deprecated"] });
    const { digest } = await registry.inner.repository(NAME).resolve("latest");
    expect(digest, "latest, which readers are warned of by what it names").toBe(deprecated.digest);
    const archived = await to(registry, "1.0.0", "archived");
    expect(archived.tags).toEqual({ set: [], removed: [], left: ["1.0.0", "latest"] });
    expect(archived).toMatchObject({ latest: "1.0.0", warnings: ["latest still names 1.0.0, which is archived"] });
  });

  it("says what was promoted already where the old tag cannot go, and records it once", async () => {
    const registry = await registryWith("draft", { removesTags: false });
    const first = await to(registry, "1.0.0-draft", "testing", { actor: "anna" });
    expect(first).toMatchObject({ isRepeated: false, tags: { set: ["1.0.0-testing"], left: ["1.0.0-draft"] } });
    const again = await to(registry, "1.0.0-draft", "testing", { actor: "bob" });
    expect(again).toMatchObject({
      isRepeated: true,
      reference: `${NAME}:1.0.0-testing`,
      record: first.record,
      tags: { set: [], removed: [], left: ["1.0.0-draft"] },
      warnings: [expect.stringMatching(/^anna promoted it before, at 20/)],
    });
    const { steps } = await history(registry, parseReference(`${NAME}:1.0.0-testing`));
    expect(steps.map(({ actor }) => actor)).toEqual(["anna"]);
  });

  it("records each step once, however often it is taken where no tag can go", async () => {
    const registry = await registryWith("draft", { removesTags: false });
    const life = [
      ["1.0.0-draft", "testing"],
      ["1.0.0-testing", "published"],
      ["1.0.0", "deprecated"],
      ["1.0.0", "archived"],
    ] as const;
    for (const [tag, state] of life) {
      expect(await to(registry, tag, state)).toMatchObject({ isRepeated: false });
      if (state !== "deprecated") expect(await to(registry, tag, state)).toMatchObject({ isRepeated: true });
    }
    const { digest } = await to(registry, "1.0.0", "archived");
    const { steps } = await history(registry, parseReference(`${NAME}@${digest}`));
    expect(steps.map(({ to: state }) => state)).toEqual(["archived", "deprecated", "published", "testing"]);
  });

  it.each([
    ["draft", "testing"],
    ["published", "archived"],
  ] as const)(
    "is not recorded once more when the old image, a %s one, is promoted by its digest",
    async (from, state) => {
      const registry = await registryWith(from);
      const tag = from === "draft" ? "1.0.0-draft" : "1.0.0";
      if (from === "published") await to(registry, tag, "deprecated");
      // Registries keep what no tag names; this one does not.
      const inner = registry.inner.repository(NAME);
      await inner.retag([{ name: "kept", to: await inner.resolve(tag) }]);
      const first = await to(registry, tag, state);
      const byDigest = parseReference(`${NAME}@${first.previousDigest}`);
      const again = await promote(registry, byDigest, state);
      expect(again).toMatchObject({ isRepeated: true, record: first.record, tags: { set: [], removed: [], left: [] } });
      const { steps } = await history(registry, parseReference(`${NAME}@${first.digest}`));
      expect(steps[0]?.record).toBe(first.record);
      expect(steps.map((step) => step.to).filter((each) => each === state)).toHaveLength(1);
    },
  );

  it("is finished where it was cut off before latest followed, and where no tag can go", async () => {
    let isCutOff = true;
    const registry = await registryWith("testing", {
      removesTags: false,
      onRequest: (request) => {
        if (isCutOff && request === "GET tags") throw new SkillError("REGISTRY_UNREACHABLE", "gone");
      },
    });
    await to(registry, "1.0.0-testing", "published");
    expect(await tagsOf(registry)).toEqual(["1.0.0", "1.0.0-testing"]);
    isCutOff = false;
    expect(await to(registry, "1.0.0-testing", "published")).toMatchObject({ isRepeated: true, latest: "1.0.0" });
    expect(await tagsOf(registry)).toEqual(["1.0.0", "1.0.0-testing", "latest"]);
  });

  it("is not undone by a record that cannot be written", async () => {
    const registry = await registryWith("draft", {
      onRequest: (request) => {
        if (request.startsWith("PUT manifest sha256:")) throw new SkillError("REGISTRY_DENIED", "no artifacts here");
      },
    });
    const result = await to(registry, "1.0.0-draft", "testing");
    expect(result).not.toHaveProperty("record");
    expect(result.warnings).toEqual([
      `${NAME}:1.0.0-testing stands, but the promotion is not recorded: no artifacts here`,
    ]);
    expect(await tagsOf(registry)).toEqual(["1.0.0-testing"]);
  });

  it("is not undone by being cancelled after the tags have moved", async () => {
    const controller = new AbortController();
    const registry = await registryWith("testing", {
      onRequest: (request) => {
        if (request === "GET tags") controller.abort();
      },
    });
    const result = await to(registry, "1.0.0-testing", "published", { signal: controller.signal });
    expect(result.warnings).toEqual(["latest could not be brought up to date: the operation was cancelled"]);
  });

  it("says what stands when it is cancelled between the new tag and the old one, and can go on", async () => {
    const controller = new AbortController();
    let isFull = false;
    const registry = await registryWith("draft", {
      onRequest: (request) => {
        if (isFull && request.startsWith("PUT manifest sha256:"))
          throw new SkillError("REGISTRY_DENIED", "one will do");
        if (!request.startsWith("DELETE") || controller.signal.aborted) return;
        controller.abort();
        throw new SkillError("ABORTED", "the operation was cancelled");
      },
    });
    await expect(to(registry, "1.0.0-draft", "testing", { signal: controller.signal })).rejects.toMatchObject({
      code: "ABORTED",
      message: `${NAME}:1.0.0-testing stands, but 1.0.0-draft may be there still: the operation was cancelled`,
      hint: expect.stringContaining("once more") as string,
    });
    const { steps } = await history(registry, parseReference(`${NAME}:1.0.0-testing`));
    expect(steps).toHaveLength(1);
    isFull = true;
    const again = await to(registry, "1.0.0-draft", "testing");
    expect(again).toMatchObject({ isRepeated: false, record: steps[0]?.record, warnings: [] });
    expect(await tagsOf(registry)).toEqual(["1.0.0-testing"]);
  });

  it("says what stands when a registry refuses to say what the tag names", async () => {
    const registry = await registryWith("published", {
      onRequest: (request) => {
        if (request === "HEAD manifest 1.0.0" && registry.requests.some((each) => each.startsWith("PUT"))) {
          throw new SkillError("REGISTRY_DENIED", "no more for today");
        }
      },
    });
    await expect(to(registry, "1.0.0", "deprecated")).rejects.toMatchObject({
      code: "REGISTRY_DENIED",
      message: `${NAME}:1.0.0 stands, but it is not known whether somebody else set it too: no more for today`,
    });
  });

  it("is recorded before the old tag goes, so that being killed in between loses no record", async () => {
    let isKilled = true;
    const registry = await registryWith("draft", {
      onRequest: (request) => {
        if (isKilled && request.startsWith("DELETE")) throw new SkillError("REGISTRY_UNREACHABLE", "killed");
      },
    });
    await expect(to(registry, "1.0.0-draft", "testing", { actor: "anna" })).rejects.toThrow("killed");
    const { steps } = await history(registry, parseReference(`${NAME}:1.0.0-testing`));
    expect(steps).toMatchObject([{ from: "draft", to: "testing", actor: "anna", valid: true }]);
    isKilled = false;
    await to(registry, "1.0.0-draft", "testing");
    expect(await tagsOf(registry)).toEqual(["1.0.0-testing"]);
  });

  it("takes its record back when somebody else was first", async () => {
    let isFirst = true;
    const registry = await registryWith("draft", {
      onStep: async (step) => {
        if (step !== "remove" || !isFirst) return;
        isFirst = false;
        await to(registry, "1.0.0-draft", "testing", { actor: "first" });
      },
    });
    await expect(to(registry, "1.0.0-draft", "testing", { actor: "late" })).rejects.toMatchObject({ code: "CONFLICT" });
    const { steps } = await history(registry, parseReference(`${NAME}:1.0.0-testing`));
    expect(steps.map(({ actor }) => actor)).toEqual(["first"]);
  });

  it("leaves everything as it was when the new tag cannot be set", async () => {
    const registry = await registryWith("draft", {
      onRequest: (request) => {
        if (request.startsWith("PUT")) throw new SkillError("REGISTRY_DENIED", "read-only");
      },
    });
    await expect(to(registry, "1.0.0-draft", "testing")).rejects.toMatchObject({
      code: "REGISTRY_DENIED",
      message: `${NAME}:1.0.0-draft is not promoted: read-only`,
    });
    expect(await tagsOf(registry)).toEqual(["1.0.0-draft"]);
  });

  it("goes on where somebody stopped between the new tag and the old one", async () => {
    const registry = await registryWith("testing", {
      onRequest: (request) => {
        if (request.startsWith("DELETE") && fails) throw new SkillError("REGISTRY_UNREACHABLE", "gone");
      },
    });
    let fails = true;
    await expect(to(registry, "1.0.0-testing", "published")).rejects.toMatchObject({ code: "REGISTRY_UNREACHABLE" });
    expect(await tagsOf(registry)).toEqual(["1.0.0", "1.0.0-testing"]);
    fails = false;
    expect(await to(registry, "1.0.0-testing", "published")).toMatchObject({ latest: "1.0.0" });
    expect(await tagsOf(registry)).toEqual(["1.0.0", "latest"]);
  });

  it.each(["check", "set", "remove"])("lets one of two win who promote at once and meet at %s", async (step) => {
    const registry = await registryWith("draft", { onStep: meetingAt(step, 2) });
    const promotions = ["ada", "bob"].map((actor) => to(registry, "1.0.0-draft", "testing", { actor }));
    const outcomes = await Promise.allSettled(promotions);
    const lost = outcomes.flatMap((each) => (each.status === "rejected" ? [each.reason as unknown] : []));
    const hint = `It is no longer what was to be promoted: skillctl list ${NAME} shows what it is now, and skillctl history who took the step.`;
    expect(lost).toMatchObject([{ code: "CONFLICT", hint }]);
    expect(await tagsOf(registry)).toEqual(["1.0.0-testing"]);
    const { steps } = await history(registry, parseReference(`${NAME}:1.0.0-testing`));
    expect(steps).toHaveLength(1);
  });

  it("keeps the record of the one who won when both are called the same and promote at the same moment", async () => {
    const registry = await registryWith("draft", { onStep: meetingAt("set", 2) });
    const options = { actor: "ci", now: () => new Date(0) };
    const both = [1, 2].map(async () => to(registry, "1.0.0-draft", "testing", options));
    const won = (await Promise.allSettled(both)).flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
    const { steps } = await history(registry, parseReference(`${NAME}:1.0.0-testing`));
    expect(steps.map(({ record }) => record)).toEqual(won.map(({ record }) => record));
    expect(steps).toHaveLength(1);
  });

  it("tells two who promote at once of each other where no tag is removed", async () => {
    const registry = await registryWith("draft", { onStep: meetingAt("remove", 2), removesTags: false });
    const promotions = ["ada", "bob"].map((actor) => to(registry, "1.0.0-draft", "testing", { actor }));
    const warnings = (await Promise.all(promotions)).flatMap((result) => result.warnings);
    expect(warnings).not.toEqual([]);
    for (const warning of warnings) expect(warning).toMatch(/^(?:ada|bob) promoted it (?:too|before), at 20/);
  });

  it("does not take another's image from the tag of the new state", async () => {
    const registry = await registryWith("testing");
    const inner = registry.inner.repository(NAME);
    const local = new MemoryStore();
    await release(local, { description: "Another one." }, "published");
    await copy(local.repository("examples/greeter"), inner, "1.0.0");
    await expect(to(registry, "1.0.0-testing", "published")).rejects.toMatchObject({ code: "PUBLISHED_IMMUTABLE" });
    expect(await tagsOf(registry)).toEqual(["1.0.0", "1.0.0-testing"]);
  });

  it("promotes every image of an index with one tag", async () => {
    const local = new MemoryStore();
    await release(local, {}, "draft", { platforms: ["linux/amd64", "linux/arm64"] });
    const registry = new RegistryDouble();
    await copy(local.repository("examples/greeter"), registry.inner.repository(NAME), "1.0.0-draft");
    const { layerDigests } = await to(registry, "1.0.0-draft", "testing", { checkCard: "annotations" });
    const { lifecycle, image } = await inspect(registry, parseReference(`${NAME}:1.0.0-testing`));
    expect(lifecycle).toMatchObject({ status: "testing" });
    expect(image.platforms).toEqual(["linux/amd64", "linux/arm64"]);
    expect(image.layers.map(({ digest }) => digest)).toEqual(layerDigests);
    expect(await history(registry, parseReference(`${NAME}:1.0.0-testing`))).toMatchObject({
      complete: true,
      valid: true,
    });
  });
});
