/** What somebody else publishes while an image is on its way here is as safe as what was published before. */
import { describe, expect, it } from "vitest";

import { parseReference } from "../oci/index.ts";
import { copy, MemoryStore, type Repository, type Store } from "../store/index.ts";
import { copyAll, inspect, promote, pull, push, tag } from "./index.ts";
import { collect } from "./testing/collect.ts";
import { RegistryDouble } from "./testing/registry-double.ts";
import { release } from "./testing/release.ts";

const REMOTE = "quay.io/acme/greeter";
const LOCAL = "examples/greeter";

async function registryWith(description: string, state: "testing" | "published"): Promise<RegistryDouble> {
  const [registry, local] = [new RegistryDouble(), new MemoryStore()];
  const { tag: name = "" } = parseReference(await release(local, { description }, state));
  await copy(local.repository(LOCAL), registry.inner.repository(REMOTE), name);
  return registry;
}

/** The store, in which `meanwhile` happens once, when the first content comes. */
function interrupted(store: Store, meanwhile: () => Promise<unknown>, more: Partial<Repository> = {}): Store {
  let isDone = false;
  return {
    repository: (name) => {
      const repository = store.repository(name);
      const push = repository.push.bind(repository);
      return Object.assign(repository, more, {
        push: async (...args: Parameters<Repository["push"]>) => {
          if (!isDone) {
            isDone = true;
            await meanwhile();
          }
          return push(...args);
        },
      });
    },
    repositories: (options) => store.repositories(options),
  };
}

async function digestOf(store: Store, name: string): Promise<string> {
  return (await inspect(store, parseReference(name))).digest;
}

describe("a version that is published meanwhile", () => {
  const publish = async (store: Store): Promise<unknown> =>
    promote(store, parseReference(`${LOCAL}:1.0.0-testing`), "published");

  it("is not replaced by a pull", async () => {
    const [registry, local] = [await registryWith("Theirs.", "published"), new MemoryStore()];
    await release(local, { description: "Ours." }, "testing");
    const as = parseReference(`${LOCAL}:1.0.0`);
    const racing = interrupted(local, async () => publish(local));
    await expect(pull(registry, racing, parseReference(`${REMOTE}:1.0.0`), { as })).rejects.toMatchObject({
      code: "PUBLISHED_IMMUTABLE",
    });
    expect(await digestOf(local, `${LOCAL}:1.0.0`)).not.toBe(await digestOf(registry, `${REMOTE}:1.0.0`));
  });

  it("is what a pull of the same image finds", async () => {
    const [registry, local] = [await registryWith("Theirs.", "published"), new MemoryStore()];
    const reference = parseReference(`${REMOTE}:1.0.0`);
    const racing = interrupted(local, async () => pull(registry, local, reference));
    expect(await pull(registry, racing, reference)).toMatchObject({ unchanged: true });
  });

  it("is what a mirror, or a push, of the same image finds", async () => {
    const [registry, mirror, other] = [
      await registryWith("Theirs.", "published"),
      new MemoryStore(),
      new MemoryStore(),
    ];
    const [from, to] = [parseReference(REMOTE), parseReference(LOCAL)];
    const mirrored = async (target: Store) => collect(copyAll(registry.inner, target, from, to));
    const outcomes = await mirrored(interrupted(mirror, async () => mirrored(mirror)));
    expect(outcomes).toMatchObject([{ result: { reference: `${LOCAL}:1.0.0`, unchanged: true } }]);
    const pushed = async (target: Store) => push(registry.inner, target, parseReference(`${REMOTE}:1.0.0`), to);
    expect(await pushed(interrupted(other, async () => pushed(other)))).toMatchObject({ unchanged: true });
  });

  it("is not replaced by a mirror", async () => {
    const [registry, mirror] = [await registryWith("Theirs.", "published"), new MemoryStore()];
    await release(mirror, { description: "Ours." }, "testing");
    const racing = interrupted(mirror, async () => publish(mirror));
    const [outcome] = await collect(copyAll(registry, racing, parseReference(REMOTE), parseReference(LOCAL)));
    expect(outcome).toMatchObject({ error: { code: "CONFLICT" } });
    expect(await digestOf(mirror, `${LOCAL}:1.0.0`)).not.toBe(await digestOf(registry, `${REMOTE}:1.0.0`));
  });

  it("is not replaced by a tag that comes from another repository of a registry", async () => {
    const store = new MemoryStore();
    await release(store, { name: "other" }, "published");
    await release(store, {}, "testing");
    // A registry's repository does not hold what another one does.
    const more = { exists: async () => false };
    const racing = interrupted(store, async () => publish(store), more);
    const [from, to] = [parseReference("examples/other:1.0.0"), parseReference(`${LOCAL}:1.0.0`)];
    await expect(tag(racing, from, to)).rejects.toMatchObject({ code: "CONFLICT" });
    expect(await digestOf(store, `${LOCAL}:1.0.0`)).not.toBe(await digestOf(store, "examples/other:1.0.0"));
  });
});

describe("a draft that is pushed meanwhile", () => {
  it("is replaced by a mirror's, as of drafts the last one wins", async () => {
    const [theirs, mirror] = [new MemoryStore(), new MemoryStore()];
    await release(theirs, { description: "Theirs." }, "draft");
    const racing = interrupted(mirror, async () => release(mirror, { description: "Ours." }, "draft"));
    const [outcome] = await collect(copyAll(theirs, racing, parseReference(LOCAL), parseReference(LOCAL)));
    expect(outcome).toMatchObject({ result: { reference: `${LOCAL}:1.0.0-draft`, unchanged: false } });
    expect(await digestOf(mirror, `${LOCAL}:1.0.0-draft`)).toBe(await digestOf(theirs, `${LOCAL}:1.0.0-draft`));
  });
});

describe("a version that is archived here", () => {
  const reference = parseReference(`${REMOTE}:1.0.0`);

  it.each([
    ["Ours.", "LIFECYCLE_TRANSITION_INVALID"],
    ["Theirs.", "PUBLISHED_IMMUTABLE"],
  ])("is not published again by a pull: %s", async (description, code) => {
    const now = (): Date => new Date("2026-01-01T00:00:00Z");
    const [registry, local, source] = [new RegistryDouble(), new MemoryStore(), new MemoryStore()];
    await release(source, { description }, "published", { now });
    await copy(source.repository(LOCAL), registry.inner.repository(REMOTE), "1.0.0");
    await release(local, { description: "Ours." }, "archived", { now });
    const options = { as: parseReference(`${LOCAL}:1.0.0`) };
    await expect(pull(registry, local, reference, options)).rejects.toMatchObject({ code });
    expect(await collect(local.repository(LOCAL).tags())).toEqual([]);
    await pull(registry, local, reference, { ...options, force: true });
    expect(await collect(local.repository(LOCAL).tags())).toEqual(["1.0.0"]);
  });

  it("is not published again by a push or a tag", async () => {
    const [theirs, here] = [new MemoryStore(), new MemoryStore()];
    await release(theirs, { description: "Theirs." }, "published");
    await release(here, { description: "Ours." }, "archived");
    await copy(theirs.repository(LOCAL), here.repository("examples/other"), "1.0.0");
    const [to, other] = [parseReference(`${LOCAL}:1.0.0`), parseReference("examples/other:1.0.0")];
    await expect(push(theirs, here, to, to)).rejects.toMatchObject({ code: "PUBLISHED_IMMUTABLE" });
    await expect(tag(here, other, to)).rejects.toMatchObject({ code: "PUBLISHED_IMMUTABLE" });
    expect(await collect(here.repository(LOCAL).tags())).toEqual([]);
    await tag(here, other, to, { force: true });
    expect(await collect(here.repository(LOCAL).tags())).toEqual(["1.0.0"]);
  });
});
