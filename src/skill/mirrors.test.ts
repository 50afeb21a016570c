/** Whoever is about to change a registry must know what it holds itself, not what a mirror of it held a while ago. */
import { expect, it, onTestFinished } from "vitest";

import { parseReference } from "../oci/index.ts";
import { RemoteStore, type Endpoint } from "../remote/index.ts";
import { setUpRemote } from "../remote/testing/remote-fixture.ts";
import { MemoryStore } from "../store/index.ts";
import { copyAll, promote, push } from "./index.ts";
import { listOf } from "../store/testing/images.ts";
import { release } from "./testing/release.ts";

const NAME = "registry.example.com/examples/hello";

/** A registry, a mirror that is asked before it, and a store with what both are about. */
async function setUp() {
  const [registry, mirror] = [await setUpRemote(), await setUpRemote()];
  const at = ({ host }: { readonly host: string }, more: Partial<Endpoint> = {}): Endpoint => ({
    registry: host,
    repository: "examples/hello",
    scheme: "http",
    tls: {},
    ...more,
  });
  const store = new RemoteStore({
    endpoints: {
      endpoints: async () => [at(mirror.registry, { mirror: { pull: "all" } }), at(registry.registry)],
    },
  });
  onTestFinished(async () => store.close());
  return { registry, mirror, store, local: new MemoryStore() };
}

it("a push is not spared because a mirror still has what the registry has not", async () => {
  const { registry, mirror, store, local } = await setUp();
  const source = parseReference(await release(local, { version: "1.0.0" }, "draft"));
  await push(local, mirror.store, source, parseReference(`${mirror.repository.name}:1.0.0-draft`));
  const result = await push(local, store, source, parseReference(`${NAME}:1.0.0-draft`));
  expect(result.unchanged).toBe(false);
  expect(await listOf(registry.repository.tags())).toEqual(["1.0.0-draft"]);
});

it("a copy of all tags neither", async () => {
  const { registry, mirror, store, local } = await setUp();
  const source = parseReference(await release(local, { version: "1.0.0" }, "draft"));
  await push(local, mirror.store, source, parseReference(`${mirror.repository.name}:1.0.0-draft`));
  await listOf(copyAll(local, store, parseReference("examples/greeter"), parseReference(NAME)));
  expect(await listOf(registry.repository.tags())).toEqual(["1.0.0-draft"]);
});

it("the draft that is promoted is the registry's, not an older one of a mirror", async () => {
  const { registry, mirror, store, local } = await setUp();
  const older = new MemoryStore();
  const draft = async (from: MemoryStore, description: string) =>
    parseReference(await release(from, { version: "1.0.0", description }, "draft"));
  await push(
    older,
    mirror.store,
    await draft(older, "as it was"),
    parseReference(`${mirror.repository.name}:1.0.0-draft`),
  );
  await push(
    local,
    registry.store,
    await draft(local, "as it is"),
    parseReference(`${registry.repository.name}:1.0.0-draft`),
  );
  const { digest } = await registry.repository.resolve("1.0.0-draft");
  const { previousDigest } = await promote(store, parseReference(`${NAME}:1.0.0-draft`), "testing");
  expect(previousDigest).toBe(digest);
  expect(await listOf(registry.repository.tags())).toEqual(["1.0.0-testing"]);
});

it("latest is that of the registry", async () => {
  const { registry, mirror, store, local } = await setUp();
  const source = parseReference(await release(local, { version: "1.0.0" }, "published"));
  await push(local, mirror.store, source, parseReference(`${mirror.repository.name}:1.0.0`));
  await push(local, store, source, parseReference(`${NAME}:1.0.0`));
  expect(await listOf(registry.repository.tags())).toEqual(["1.0.0", "latest"]);
});
