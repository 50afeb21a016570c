import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import { parseReference } from "../oci/index.ts";
import { copy, LayoutStore, MemoryStore } from "../store/index.ts";
import { history, inspect, list, promote, pull, pullAll, push, type PullOptions, type PullResult } from "./index.ts";
import { collect } from "./testing/collect.ts";
import { RegistryDouble } from "./testing/registry-double.ts";
import { release } from "./testing/release.ts";
import { temporaryDirectory, type CardFields } from "./testing/skill-directory.ts";

const REMOTE = "quay.io/acme/greeter";

/** A registry that holds a version in a state, and whatever refers to it. */
async function registryWith(
  state: Parameters<typeof release>[2],
  card: CardFields = {},
  registry = new RegistryDouble(),
): Promise<RegistryDouble> {
  const local = new MemoryStore();
  const { tag, digest } = parseReference(await release(local, card, state));
  const to = registry.inner.repository(`quay.io/acme/${card.name ?? "greeter"}`);
  await copy(local.repository(`examples/${card.name ?? "greeter"}`), to, tag ?? digest ?? "", { referrers: true });
  return registry;
}

async function fetch(from: RegistryDouble, to: MemoryStore, name: string, options?: PullOptions): Promise<PullResult> {
  return pull(from, to, parseReference(name), options);
}

describe("pull", () => {
  it("brings an image under the name by which it was asked for, and lists it without reading it", async () => {
    const [registry, local] = [await registryWith("testing"), new MemoryStore()];
    const result = await fetch(registry, local, `${REMOTE}:1.0.0-testing`);
    expect(result).toMatchObject({
      reference: `${REMOTE}:1.0.0-testing`,
      status: "testing",
      version: "1.0.0",
      unchanged: false,
      blobs: { sent: 3, present: 0 },
    });
    expect(await collect(list(local))).toMatchObject([
      { reference: `${REMOTE}:1.0.0-testing`, digest: result.digest, status: "testing", version: "1.0.0" },
    ]);
  });

  it("asks once when the image is here", async () => {
    const [registry, local] = [await registryWith("testing"), new MemoryStore()];
    await fetch(registry, local, `${REMOTE}:1.0.0-testing`);
    registry.requests.length = 0;
    expect(await fetch(registry, local, `${REMOTE}:1.0.0-testing`)).toMatchObject({
      unchanged: true,
      blobs: { sent: 0, bytes: 0 },
    });
    expect(registry.requests).toEqual(["GET manifest 1.0.0-testing"]);
  });

  it("fetches again what is damaged here, and nothing else", async () => {
    const registry = await registryWith("testing");
    const directory = await temporaryDirectory();
    const local = await LayoutStore.open(directory);
    const reference = parseReference(`${REMOTE}:1.0.0-testing`);
    await pull(registry, local, reference);
    const [layer] = (await inspect(local, reference)).image.layers;
    const path = join(directory, "blobs", ...(layer?.digest ?? "").split(":"));
    const bytes = await readFile(path);
    bytes[20] = (bytes[20] ?? 0) ^ 1;
    await writeFile(path, bytes);
    registry.requests.length = 0;
    expect((await pull(registry, local, reference)).blobs).toMatchObject({ sent: 1, present: 2 });
    expect(registry.requests).toEqual(["GET manifest 1.0.0-testing", `GET blob ${layer?.digest}`]);
    expect(await local.fsck()).toEqual([]);
  });

  it("takes latest where no tag is given", async () => {
    const [registry, local] = [await registryWith("published"), new MemoryStore()];
    await copy(registry.inner.repository(REMOTE), registry.inner.repository(REMOTE), "1.0.0", { as: "latest" });
    expect(await fetch(registry, local, REMOTE)).toMatchObject({ reference: `${REMOTE}:latest`, version: "1.0.0" });
  });

  it("keeps what was asked for by digest under its digest", async () => {
    const [registry, local] = [await registryWith("archived"), new MemoryStore()];
    const [{ descriptor } = { descriptor: undefined }] = await registry.inner.entries();
    const digest = descriptor?.digest ?? "";
    expect(await fetch(registry, local, `${REMOTE}:whatever@${digest}`)).toMatchObject({
      reference: `${REMOTE}@${digest}`,
      status: "archived",
    });
    expect((await inspect(local, parseReference(`${REMOTE}@${digest}`))).lifecycle.status).toBe("archived");
  });

  it("gives the image another name here", async () => {
    const [registry, local] = [await registryWith("testing"), new MemoryStore()];
    const as = parseReference("mine/greeter");
    expect(await fetch(registry, local, `${REMOTE}:1.0.0-testing`, { as })).toMatchObject({
      reference: "mine/greeter:1.0.0-testing",
    });
  });

  it("unpacks the skill into a directory of its name", async () => {
    const [registry, local] = [await registryWith("testing"), new MemoryStore()];
    const output = await temporaryDirectory();
    const { directory, directoryUnchanged } = await fetch(registry, local, `${REMOTE}:1.0.0-testing`, { output });
    expect([directory, directoryUnchanged]).toEqual([join(output, "greeter"), undefined]);
    expect(await readdir(join(output, "greeter"))).toEqual(["SKILL.md", "skill.yaml"]);
    expect(await fetch(registry, local, `${REMOTE}:1.0.0-testing`, { output })).toMatchObject({
      directory,
      directoryUnchanged: true,
    });
    await writeFile(join(output, "greeter", "SKILL.md"), "mine");
    await expect(fetch(registry, local, `${REMOTE}:1.0.0-testing`, { output })).rejects.toMatchObject({
      code: "TARGET_EXISTS",
    });
    await fetch(registry, local, `${REMOTE}:1.0.0-testing`, { output, force: true });
  });

  it("does not unpack a skill into a directory that another name asks for", async () => {
    const registry = await registryWith("testing");
    await copy(registry.inner.repository(REMOTE), registry.inner.repository("quay.io/acme/other"), "1.0.0-testing");
    const output = await temporaryDirectory();
    const pulled = fetch(registry, new MemoryStore(), "quay.io/acme/other:1.0.0-testing", { output });
    await expect(pulled).rejects.toMatchObject({ code: "NOT_A_SKILL" });
    expect(await readdir(output)).toEqual([]);
  });

  it("says that a skill is deprecated, why, and what to use instead", async () => {
    const [registry, local] = [await registryWith("published"), new MemoryStore()];
    await fetch(registry, local, `${REMOTE}:1.0.0`);
    const deprecation = { reason: "It greets too loudly.", replacedBy: "2.0.0" };
    await promote(registry, parseReference(`${REMOTE}:1.0.0`), "deprecated", deprecation);
    const result = await fetch(registry, local, `${REMOTE}:1.0.0`);
    expect(result).toMatchObject({ status: "deprecated", deprecation, unchanged: false });
    expect(await collect(list(local))).toMatchObject([{ status: "deprecated", deprecation }]);
  });

  it("does not take a published version whose content was changed, except by force", async () => {
    const [registry, local] = [await registryWith("published"), new MemoryStore()];
    const { digest } = await fetch(registry, local, `${REMOTE}:1.0.0`);
    await registryWith("published", { description: "Another one." }, registry);
    await expect(fetch(registry, local, `${REMOTE}:1.0.0`)).rejects.toMatchObject({ code: "PUBLISHED_IMMUTABLE" });
    expect((await inspect(local, parseReference(`${REMOTE}:1.0.0`))).digest).toBe(digest);
    expect(await fetch(registry, local, `${REMOTE}:1.0.0`, { force: true })).toMatchObject({ unchanged: false });
  });

  it("lets tags move that are made to", async () => {
    const [registry, local] = [await registryWith("published"), new MemoryStore()];
    const repository = registry.inner.repository(REMOTE);
    for (const tag of ["latest", "stable"]) {
      await copy(repository, repository, "1.0.0", { as: tag });
      await fetch(registry, local, `${REMOTE}:${tag}`);
    }
    await registryWith("published", { version: "2.0.0", description: "Another one." }, registry);
    for (const tag of ["latest", "stable"]) {
      await copy(repository, repository, "2.0.0", { as: tag });
      expect(await fetch(registry, local, `${REMOTE}:${tag}`)).toMatchObject({ version: "2.0.0" });
    }
  });

  it("brings the records of promotions along when asked to", async () => {
    const [registry, local] = [new RegistryDouble(), new MemoryStore()];
    const source = await release(local, {}, "published");
    await push(local, registry, parseReference(source), parseReference(REMOTE));
    await fetch(registry, local, `${REMOTE}:1.0.0`, { referrers: true });
    expect(await history(local, parseReference(`${REMOTE}:1.0.0`))).toMatchObject({ complete: true });
  });

  it("changes nothing here when what is asked for is not there, and says where it looked", async () => {
    const [registry, local] = [new RegistryDouble(), new MemoryStore()];
    await expect(fetch(registry, local, `${REMOTE}:1.0.0`)).rejects.toMatchObject({
      code: "NOT_FOUND",
      hint: "Check the name, and that you may read it: skillctl login quay.io.",
    });
    expect(await collect(list(local))).toEqual([]);
  });
});

describe("pullAll", () => {
  it("gives each outcome in order; one that fails stops no other", async () => {
    const registry = await registryWith("testing");
    await registryWith("testing", { name: "waver" }, registry);
    const references = ["greeter:1.0.0-testing", "nobody:1.0.0", "waver:1.0.0-testing"].map((name) =>
      parseReference(`quay.io/acme/${name}`),
    );
    const outcomes = await collect(pullAll(registry, new MemoryStore(), references));
    expect(outcomes.map((each) => ("error" in each ? each.error.code : each.result.status))).toEqual([
      "testing",
      "NOT_FOUND",
      "testing",
    ]);
  });

  it("does not unpack one skill over another of its name, whatever it may replace", async () => {
    const registry = await registryWith("testing");
    const { inner } = registry;
    await copy(inner.repository(REMOTE), inner.repository("quay.io/other/greeter"), "1.0.0-testing");
    const references = [REMOTE, "quay.io/other/greeter"].map((name) => parseReference(`${name}:1.0.0-testing`));
    const output = await temporaryDirectory();
    const outcomes = await collect(pullAll(registry, new MemoryStore(), references, { output, force: true }));
    expect(outcomes.map((each) => ("error" in each ? each.error.code : each.result.directory))).toEqual([
      join(output, "greeter"),
      "CONFLICT",
    ]);
  });
});
