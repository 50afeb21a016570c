/** The verbs over the real client and a registry on loopback: what each of them asks of it, request by request. */
import { describe, expect, it, onTestFinished } from "vitest";

import { RemoteStore } from "../src/remote/index.ts";
import type { FakeRegistryOptions } from "../src/remote/testing/fake-options.ts";
import { startFakeRegistry, type FakeRegistry } from "../src/remote/testing/fake-registry.ts";
import { copyAll, history, inspect, list, listRepository, promote, pull, push } from "../src/skill/index.ts";
import { collect } from "../src/skill/testing/collect.ts";
import { release } from "../src/skill/testing/release.ts";
import { copy, copyRepository, MemoryStore } from "../src/store/index.ts";
import { parseReference, type Reference } from "../src/oci/index.ts";

interface World {
  readonly local: MemoryStore;
  readonly remote: RemoteStore;
  readonly registry: FakeRegistry;
  /** `acme/<text>` in the registry. */
  readonly at: (text: string) => Reference;
}

async function world(options?: FakeRegistryOptions): Promise<World> {
  const registry = await startFakeRegistry(options);
  onTestFinished(async () => registry.close());
  const at = (text: string): Reference => parseReference(`${registry.host}/acme/${text}`);
  return { local: new MemoryStore(), remote: new RemoteStore(), registry, at };
}

/** {@link world} with a draft that was pushed. */
async function withDraft(options?: FakeRegistryOptions): Promise<World> {
  const all = await world(options);
  const source = parseReference(await release(all.local, {}, "draft"));
  await push(all.local, all.remote, source, all.at("greeter"));
  all.registry.takeLog();
  return all;
}

describe("the verbs over a registry", () => {
  it("push a skill, find nothing to do the next time, and send of a promoted one its manifest and record", async () => {
    const { local, remote, registry, at } = await world();
    const draft = await release(local, {}, "draft");
    expect((await push(local, remote, parseReference(draft), at("greeter"))).blobs).toMatchObject({ sent: 3 });
    registry.takeLog();
    expect(await push(local, remote, parseReference(draft), at("greeter"))).toMatchObject({ unchanged: true });
    expect(registry.takeLog()).toHaveLength(1);
    const { reference } = await promote(local, parseReference(draft), "testing");
    expect((await push(local, remote, parseReference(reference), at("greeter"))).blobs).toMatchObject({ sent: 2 });
    expect(registry.takeLog().filter((line) => /^(?:PUT|POST|PATCH)/.test(line))).toEqual([
      expect.stringMatching(/^PUT \/v2\/acme\/greeter\/manifests\/sha256:\w+ 201$/) as string,
      "PUT /v2/acme/greeter/manifests/1.0.0-testing 201",
    ]);
  });

  it("list says that a repository is not there, and lists nothing where all tags are gone", async () => {
    const { remote, at } = await withDraft();
    const name = (text: string): string => `${at(text).registry}/acme/${text}`;
    await expect(collect(listRepository(remote, name("absent")))).rejects.toMatchObject({
      code: "NOT_FOUND",
      message: `there is no repository ${name("absent")}`,
    });
    await remote.repository(name("greeter")).untag("1.0.0-draft");
    expect(await collect(listRepository(remote, name("greeter")))).toEqual([]);
  });

  it("promote a draft in six requests, none of them for a blob", async () => {
    const { remote, registry, at } = await withDraft();
    const result = await promote(remote, at("greeter:1.0.0-draft"), "testing", { checkCard: "annotations" });
    expect(result.warnings).toEqual([]);
    const log = registry.takeLog();
    expect(log.filter((line) => line.includes("/blobs/"))).toEqual([]);
    expect(log.length).toBeLessThanOrEqual(6);
    expect(log).toContain(`PUT /v2/acme/greeter/manifests/${result.record} 201`);
  });

  it.each<[string, FakeRegistryOptions]>([
    ["that lists referrers", {}],
    ["that does not list referrers", { referrers: false }],
    ["that honours conditions", { conditional: true }],
  ])("take a skill through its whole life in a registry %s", async (_, options) => {
    const { remote, at } = await withDraft(options);
    let { reference } = await promote(remote, at("greeter:1.0.0-draft"), "testing", { actor: "ada" });
    ({ reference } = await promote(remote, parseReference(reference), "published", { actor: "bob" }));
    expect((await inspect(remote, at("greeter"))).lifecycle.status).toBe("published");
    const deprecation = { reason: "It greets too loudly.", replacedBy: "2.0.0" };
    const gone = await promote(remote, parseReference(reference), "deprecated", deprecation);
    expect(gone).toMatchObject({ warnings: [], tags: { set: ["1.0.0"], removed: ["latest"], left: [] } });
    const told = await history(remote, parseReference(gone.reference));
    expect(told).toMatchObject({ complete: true, valid: true });
    expect(told.steps.map(({ to, actor }) => [to, actor])).toEqual([
      ["deprecated", undefined],
      ["published", "bob"],
      ["testing", "ada"],
    ]);
    expect(await collect(listRepository(remote, `${at("greeter").registry}/acme/greeter`))).toMatchObject([
      { tag: "1.0.0", status: "deprecated", deprecation },
    ]);
  });

  it("let a promotion stand where the registry removes no tags, and say what is left", async () => {
    const { remote, at } = await withDraft({ deletes: "none" });
    const { tags } = await promote(remote, at("greeter:1.0.0-draft"), "testing");
    expect(tags).toEqual({ set: ["1.0.0-testing"], removed: [], left: ["1.0.0-draft"] });
    expect((await inspect(remote, at("greeter:1.0.0-testing"))).lifecycle.status).toBe("testing");
  });

  it.each<[string, FakeRegistryOptions]>([
    ["without conditions", {}],
    ["with conditions", { conditional: true }],
  ])("let one of two programs win that promote within one millisecond, %s", async (_, options) => {
    const { remote, at } = await withDraft(options);
    const other = new RemoteStore();
    const draft = at("greeter:1.0.0-draft");
    const now = (): Date => new Date("2026-01-01T00:00:00Z");
    const outcomes = await Promise.allSettled(
      [remote, other].map((store) => promote(store, draft, "testing", { now })),
    );
    const failed = outcomes.flatMap((each) => (each.status === "rejected" ? [each.reason as unknown] : []));
    expect(failed).toHaveLength(1);
    expect(["CONFLICT", "NOT_FOUND"]).toContain((failed[0] as { code: string }).code);
    expect((await history(remote, at("greeter:1.0.0-testing"))).steps).toHaveLength(1);
  });

  it("promote no image that another one has taken the place of", async () => {
    const { remote, local, at } = await withDraft();
    const draft = await inspect(remote, at("greeter:1.0.0-draft"));
    const other = await release(local, { description: "Another greeting." }, "draft");
    await push(local, remote, parseReference(other), at("greeter"));
    const superseded = { ...at("greeter"), digest: draft.digest };
    await expect(promote(remote, superseded, "testing")).rejects.toMatchObject({ code: "CONFLICT" });
    expect((await promote(remote, at("greeter:1.0.0-draft"), "testing")).from).toBe("draft");
  });

  it("mirror a repository without moving latest back", async () => {
    const { remote, local, registry, at } = await world();
    for (const [version, name] of [
      ["1.0.0", "greeter"],
      ["2.0.0", "mirror"],
    ] as const) {
      await push(local, remote, parseReference(await release(local, { version }, "published")), at(name));
    }
    const outcomes = async (): Promise<unknown> => collect(copyAll(remote, remote, at("greeter"), at("mirror")));
    await outcomes();
    expect((await inspect(remote, at("mirror:latest"))).card.version).toBe("2.0.0");
    expect(await outcomes()).toMatchObject([
      { source: `${registry.host}/acme/greeter:1.0.0`, result: { unchanged: true } },
      { source: `${registry.host}/acme/greeter:latest`, result: { unchanged: true } },
    ]);
    await collect(copyAll(remote, remote, at("greeter"), at("fresh")));
    expect((await inspect(remote, at("fresh:latest"))).card.version).toBe("1.0.0");
  });

  it("pull a skill, and ask once the next time", async () => {
    const { remote, registry, at } = await withDraft();
    const mine = new MemoryStore();
    const reference = at("greeter:1.0.0-draft");
    expect(await pull(remote, mine, reference)).toMatchObject({ unchanged: false, blobs: { sent: 3 } });
    registry.takeLog();
    expect(await pull(remote, mine, reference)).toMatchObject({ unchanged: true, blobs: { sent: 0 } });
    expect(registry.takeLog()).toEqual(["GET /v2/acme/greeter/manifests/1.0.0-draft 200"]);
    expect(await collect(list(mine))).toMatchObject([{ status: "draft", version: "1.0.0" }]);
  });

  it("inspect a skill by its manifest and config alone", async () => {
    const { remote, registry, at } = await withDraft();
    const { image } = await inspect(remote, at("greeter:1.0.0-draft"));
    expect(registry.takeLog()).toEqual([
      "GET /v2/acme/greeter/manifests/1.0.0-draft 200",
      `GET /v2/acme/greeter/blobs/${image.config.digest} 200`,
    ]);
  });

  it("copy within a registry without sending a blob, and move nothing the second time", async () => {
    const { remote, registry, at } = await withDraft();
    const { host } = registry;
    await promote(remote, at("greeter:1.0.0-draft"), "testing");
    const [from, to] = [remote.repository(`${host}/acme/greeter`), remote.repository(`${host}/mirror/greeter`)];
    registry.takeLog();
    const options = { referrers: true, trustTarget: true };
    const unchanged = async (): Promise<unknown> =>
      (await collect(copyRepository(from, to, options))).map((each) => "unchanged" in each && each.unchanged);
    expect(await unchanged()).toEqual([false]);
    expect(registry.takeLog().filter((line) => /^(?:PUT|PATCH) \S+\/blobs\//.test(line))).toEqual([]);
    expect(await unchanged()).toEqual([true]);
    expect(registry.takeLog().filter((line) => !/^(?:GET|HEAD) /.test(line))).toEqual([]);
    expect(await history(remote, parseReference(`${host}/mirror/greeter:1.0.0-testing`))).toMatchObject({
      complete: true,
    });
  });

  it("find no image where a registry says nothing, and tell how to get in", async () => {
    const { remote, local, registry, at } = await world();
    await expect(pull(remote, local, at("nothing:1.0.0"))).rejects.toMatchObject({
      code: "NOT_FOUND",
      hint: `Check the name, and that you may read it: skillctl login ${registry.host}.`,
    });
  });

  it("copy an image by its digest", async () => {
    const { remote, registry, at } = await withDraft();
    const { digest } = await inspect(remote, at("greeter:1.0.0-draft"));
    const to = new MemoryStore().repository("mirror/greeter");
    await copy(remote.repository(`${registry.host}/acme/greeter`), to, digest);
    expect((await to.resolve(digest)).digest).toBe(digest);
  });
});
