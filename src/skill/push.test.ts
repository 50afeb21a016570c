import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import { MediaType, parseReference } from "../oci/index.ts";
import { SkillError } from "../errors.ts";
import { copy, LayoutStore, MemoryStore, type CopyProgress } from "../store/index.ts";
import { listOf, pushImage } from "../store/testing/images.ts";
import {
  history,
  inspect,
  listRepository,
  pack,
  promote,
  push,
  type PushResult,
  type PushSkillOptions,
} from "./index.ts";
import { RegistryDouble } from "./testing/registry-double.ts";
import { release } from "./testing/release.ts";
import { skillDirectory, temporaryDirectory } from "./testing/skill-directory.ts";

const REMOTE = "quay.io/acme/greeter";

async function send(
  from: MemoryStore,
  to: RegistryDouble,
  source: string,
  target = REMOTE,
  options?: PushSkillOptions,
): Promise<PushResult> {
  return push(from, to, parseReference(source), parseReference(target), options);
}

async function tagsOf(registry: RegistryDouble): Promise<Record<string, string | undefined>> {
  const tags: Record<string, string | undefined> = {};
  for await (const { tag = "", status } of listRepository(registry, REMOTE)) tags[tag] = status;
  return tags;
}

describe("push", () => {
  it("brings an image under the name that it shall have, and says what was sent", async () => {
    const [local, registry] = [new MemoryStore(), new RegistryDouble()];
    const source = await release(local, {}, "draft");
    const result = await send(local, registry, source, `${REMOTE}:mine`);
    const { digest } = await inspect(local, parseReference(source));
    expect(result).toMatchObject({ reference: `${REMOTE}:mine`, digest, unchanged: false, warnings: [] });
    expect(result.blobs).toMatchObject({ sent: 3, present: 0 });
    expect((await inspect(registry, parseReference(`${REMOTE}:mine`))).digest).toBe(digest);
  });

  it("keeps the tag when the target names none, and the digest of an image without a tag", async () => {
    const [local, registry] = [new MemoryStore(), new RegistryDouble()];
    expect(await send(local, registry, await release(local, {}, "draft"))).toMatchObject({
      reference: `${REMOTE}:1.0.0-draft`,
    });
    const archived = await release(local, { version: "0.9.0" }, "archived");
    const { reference, digest } = await send(local, registry, archived);
    expect(reference).toBe(`${REMOTE}@${digest}`);
  });

  it("asks twice and sends nothing when the image is there", async () => {
    const [local, registry] = [new MemoryStore(), new RegistryDouble()];
    const source = await release(local, {}, "draft");
    await send(local, registry, source);
    registry.requests.length = 0;
    const again = await send(local, registry, source);
    expect(again).toMatchObject({ unchanged: true, blobs: { sent: 0, present: 1, bytes: 0 } });
    expect(registry.requests).toEqual(["GET manifest 1.0.0-draft"]);
  });

  it("sends no blob that is there: of a promoted skill only the manifest and its record", async () => {
    const [local, registry] = [new MemoryStore(), new RegistryDouble()];
    const draft = await release(local, {}, "draft");
    await send(local, registry, draft);
    const { reference } = await promote(local, parseReference(draft), "testing");
    expect((await send(local, registry, reference)).blobs).toMatchObject({ sent: 2, present: 2 });
  });

  it("tells how far each blob is", async () => {
    const [local, registry] = [new MemoryStore(), new RegistryDouble()];
    const seen: CopyProgress[] = [];
    const onProgress = (progress: CopyProgress): void => void seen.push(progress);
    await send(local, registry, await release(local, {}, "draft"), REMOTE, { onProgress });
    const layer = seen.filter(({ descriptor }) => descriptor.mediaType === MediaType.layerGzip);
    expect(layer.at(0)).toMatchObject({ bytes: layer[0]?.total });
    expect(layer.at(-1)).toMatchObject({ outcome: "copied" });
  });

  it("does not replace what is published by other content, except by force", async () => {
    const [mine, theirs, registry] = [new MemoryStore(), new MemoryStore(), new RegistryDouble()];
    await send(theirs, registry, await release(theirs, {}, "published"));
    const source = await release(mine, { description: "Greets other people." }, "published");
    await expect(send(mine, registry, source)).rejects.toMatchObject({ code: "PUBLISHED_IMMUTABLE" });
    const forced = await send(mine, registry, source, REMOTE, { force: true });
    expect((await inspect(registry, parseReference(`${REMOTE}:1.0.0`))).digest).toBe(forced.digest);
  });

  it("deprecates there what was deprecated here, and never takes that back", async () => {
    const [local, earlier, registry] = [new MemoryStore(), new MemoryStore(), new RegistryDouble()];
    const source = await release(local, {}, "published");
    await copy(local.repository("examples/greeter"), earlier.repository("examples/greeter"), "1.0.0");
    await send(local, registry, source);
    await promote(local, parseReference(source), "deprecated");
    await send(local, registry, source);
    expect(await tagsOf(registry)).toEqual({ "1.0.0": "deprecated" });
    await expect(send(earlier, registry, source)).rejects.toMatchObject({ code: "LIFECYCLE_TRANSITION_INVALID" });
    expect(await tagsOf(registry)).toEqual({ "1.0.0": "deprecated" });
  });

  it("does not give a draft the tag of a version", async () => {
    const [local, registry] = [new MemoryStore(), new RegistryDouble()];
    const draft = await release(local, {}, "draft");
    await expect(send(local, registry, draft, `${REMOTE}:1.0.0`)).rejects.toMatchObject({
      code: "LIFECYCLE_TRANSITION_INVALID",
    });
    expect(await listOf(registry.inner.repository(REMOTE).tags())).toEqual([]);
  });

  it("lets latest follow at the target", async () => {
    const [local, registry] = [new MemoryStore(), new RegistryDouble()];
    const two = await release(local, { version: "2.0.0" }, "published");
    expect(await send(local, registry, two)).toMatchObject({ latest: "2.0.0", latestMoved: true });
    const one = await release(local, { version: "1.0.0" }, "published");
    expect(await send(local, registry, one)).toMatchObject({ latest: "2.0.0", latestMoved: false });
    expect(await tagsOf(registry)).toEqual({ "1.0.0": "published", "2.0.0": "published", latest: "published" });
    const { digest } = await inspect(registry, parseReference(REMOTE));
    expect(digest).toBe((await inspect(local, parseReference(two))).digest);
  });

  it("stands when latest cannot follow, and says so", async () => {
    const local = new MemoryStore();
    const registry = new RegistryDouble({
      onRequest: (request) => {
        if (request === "GET tags") throw new SkillError("REGISTRY_ERROR", "it is tired");
      },
    });
    const result = await send(local, registry, await release(local, {}, "published"));
    expect(result.warnings).toEqual(["latest could not be brought up to date: it is tired"]);
    expect((await registry.inner.repository(REMOTE).resolve("1.0.0")).digest).toBe(result.digest);
  });

  it("lets one of two who push different content to one version win, and tells the other", async () => {
    const registry = new RegistryDouble();
    const sources = await Promise.all(
      ["One.", "Two."].map(async (description) => {
        const store = new MemoryStore();
        return { store, source: await release(store, { description }, "published") };
      }),
    );
    const outcomes = await Promise.allSettled(sources.map(({ store, source }) => send(store, registry, source)));
    const failed = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason as unknown] : []));
    expect(failed).toHaveLength(1);
    expect(["CONFLICT", "PUBLISHED_IMMUTABLE"]).toContain((failed[0] as { code: string }).code);
  });

  it("brings the records of all promotions along, unless told not to", async () => {
    const [local, registry] = [new MemoryStore(), new RegistryDouble()];
    const source = await release(local, {}, "deprecated");
    await send(local, registry, source, REMOTE, { referrers: false });
    const reference = parseReference(`${REMOTE}:1.0.0`);
    expect((await history(registry, reference)).steps).toEqual([]);
    await send(local, registry, source);
    const { steps, complete, valid } = await history(registry, reference);
    expect([steps.map(({ from }) => from), complete, valid]).toEqual([["published", "testing", "draft"], true, true]);
  });

  it("sends again what the target has lost, by force", async () => {
    const local = new MemoryStore();
    const directory = await temporaryDirectory();
    const target = await LayoutStore.open(directory);
    const source = parseReference(await release(local, {}, "draft"));
    await push(local, target, source, parseReference(REMOTE));
    const { image } = await inspect(local, source);
    const [layer] = image.layers;
    await writeFile(join(directory, "blobs", ...(layer?.digest ?? "").split(":")), "rotten");
    await push(local, target, source, parseReference(REMOTE), { force: true });
    const { files } = await inspect(target, parseReference(`${REMOTE}:1.0.0-draft`), { files: true });
    expect(files?.map(({ path }) => path)).toEqual(["SKILL.md", "skill.yaml"]);
  });

  it("replaces something that is no skill", async () => {
    const [local, registry] = [new MemoryStore(), new RegistryDouble()];
    const repository = registry.inner.repository(REMOTE);
    await repository.tag((await pushImage(repository, "something else")).manifest, "1.0.0-draft");
    await send(local, registry, await release(local, {}, "draft"));
    expect(await tagsOf(registry)).toEqual({ "1.0.0-draft": "draft" });
  });

  it("gives the tag that stands beside a digest", async () => {
    const [local, registry] = [new MemoryStore(), new RegistryDouble()];
    const source = await release(local, {}, "draft");
    const { digest } = await inspect(local, parseReference(source));
    await send(local, registry, source, `${REMOTE}:1.0.0-draft@${digest}`);
    expect(await tagsOf(registry)).toEqual({ "1.0.0-draft": "draft" });
  });

  it.each(["2.0.0", "2.0.0-draft", "1.0.1-testing"])("refuses %s, the tag of another version", async (tag) => {
    const [local, registry] = [new MemoryStore(), new RegistryDouble()];
    const source = await release(local, {}, "draft");
    await expect(send(local, registry, source, `${REMOTE}:${tag}`)).rejects.toMatchObject({
      code: "LIFECYCLE_TRANSITION_INVALID",
      message: expect.stringContaining("not 1.0.0") as string,
    });
    await send(local, registry, source, `${REMOTE}:${tag}`, { force: true });
  });

  it("refuses a digest that is not the image's", async () => {
    const [local, registry] = [new MemoryStore(), new RegistryDouble()];
    const source = await release(local, {}, "draft");
    const target = `${REMOTE}@sha256:${"0".repeat(64)}`;
    await expect(send(local, registry, source, target)).rejects.toMatchObject({ code: "REFERENCE_INVALID" });
  });

  it("replaces a draft by the next one", async () => {
    const [local, registry] = [new MemoryStore(), new RegistryDouble()];
    const directory = await skillDirectory();
    const { reference } = await pack(directory, local);
    await send(local, registry, reference);
    await writeFile(join(directory, "SKILL.md"), "# Other\n");
    const again = await pack(directory, local);
    expect(await send(local, registry, again.reference)).toMatchObject({ unchanged: false });
    expect(await listOf(registry.inner.repository(REMOTE).tags())).toEqual(["1.0.0-draft"]);
  });
});
