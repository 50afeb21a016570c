import { describe, expect, it } from "vitest";

import { parseReference } from "../oci/index.ts";
import { MemoryStore } from "../store/index.ts";
import { listOf } from "../store/testing/images.ts";
import { pushAll, tag, type PushAllOptions } from "./index.ts";
import { collect } from "./testing/collect.ts";
import { RegistryDouble } from "./testing/registry-double.ts";
import { release } from "./testing/release.ts";

async function sent(from: MemoryStore, to: RegistryDouble, options?: PushAllOptions): Promise<unknown[]> {
  const outcomes = await collect(pushAll(from, to, "quay.io/acme", options));
  return outcomes.map((each) => ("error" in each ? each.error.code : each.result.reference));
}

describe("pushAll", () => {
  it("pushes every tagged image under the prefix, and latest follows there", async () => {
    const [local, registry] = [new MemoryStore(), new RegistryDouble()];
    await release(local, { name: "a" }, "published");
    await release(local, { name: "a", version: "1.1.0" }, "testing");
    await release(local, { name: "b" }, "draft");
    await release(local, { name: "c" }, "archived");
    expect(await sent(local, registry)).toEqual([
      "quay.io/acme/a:1.1.0-testing",
      "quay.io/acme/a:1.0.0",
      "quay.io/acme/b:1.0.0-draft",
    ]);
    const tags = async (name: string): Promise<string[]> => listOf(registry.inner.repository(name).tags());
    expect(await tags("quay.io/acme/a")).toEqual(["1.0.0", "1.1.0-testing", "latest"]);
    expect(await tags("quay.io/acme/c")).toEqual([]);
  });

  it("pushes only what the filters let through", async () => {
    const local = new MemoryStore();
    await release(local, { name: "a" }, "testing");
    await release(local, { name: "b" }, "testing");
    await release(local, { name: "b", version: "2.0.0" }, "draft");
    expect(await sent(local, new RegistryDouble(), { name: "b", status: ["testing"] })).toEqual([
      "quay.io/acme/b:1.0.0-testing",
    ]);
  });

  it("pushes none of two that would get one name, and goes on with the others", async () => {
    const [local, registry] = [new MemoryStore(), new RegistryDouble()];
    await release(local, { name: "a" }, "draft");
    await release(local, { name: "a", namespace: "team", description: "Another." }, "draft");
    await release(local, { name: "z", namespace: "zoo" }, "draft");
    expect(await sent(local, registry)).toEqual(["CONFLICT", "CONFLICT", "quay.io/acme/z:1.0.0-draft"]);
    expect(await listOf(registry.inner.repository("quay.io/acme/a").tags())).toEqual([]);
  });

  it("goes on where a name is too long behind the prefix", async () => {
    const [local, registry] = [new MemoryStore(), new RegistryDouble()];
    const reference = parseReference(await release(local, { name: "a" }, "draft"));
    await tag(local, reference, parseReference(`examples/${"x".repeat(100)}:1.0.0-draft`));
    const outcomes = await collect(pushAll(local, registry, `quay.io/${"acme".repeat(40)}`));
    expect(outcomes.map((each) => ("error" in each ? each.error.code : "pushed"))).toEqual([
      "pushed",
      "REFERENCE_INVALID",
    ]);
  });

  it("pushes an image that has two names of one end once, published or not", async () => {
    const [local, registry] = [new MemoryStore(), new RegistryDouble()];
    const reference = parseReference(await release(local, { name: "a" }, "published"));
    await tag(local, reference, parseReference("quay.io/other/a:1.0.0"));
    const outcomes = await collect(pushAll(local, registry, "quay.io/acme/"));
    expect(outcomes.map((each) => "result" in each && each.result.unchanged)).toEqual([false, true]);
  });

  it("says of each image that is there that nothing changed", async () => {
    const [local, registry] = [new MemoryStore(), new RegistryDouble()];
    await release(local, { name: "a" }, "draft");
    await sent(local, registry);
    registry.requests.length = 0;
    await sent(local, registry);
    expect(registry.requests).toEqual(["GET manifest 1.0.0-draft"]);
  });
});
