import { describe, expect, it } from "vitest";

import { SkillError } from "../errors.ts";
import { copy, MemoryStore } from "../store/index.ts";
import { pushImage } from "../store/testing/images.ts";
import { listRepository } from "./index.ts";
import { collect } from "./testing/collect.ts";
import { RegistryDouble, type RegistryDoubleOptions } from "./testing/registry-double.ts";
import { release } from "./testing/release.ts";

const NAME = "quay.io/acme/greeter";

async function registryWith(versions: readonly string[], options?: RegistryDoubleOptions): Promise<RegistryDouble> {
  const [local, registry] = [new MemoryStore(), new RegistryDouble(options)];
  for (const version of versions) {
    await release(local, { version }, "testing");
    await copy(local.repository("examples/greeter"), registry.inner.repository(NAME), `${version}-testing`);
  }
  return registry;
}

describe("listRepository", () => {
  it("lists the tags of a registry's repository with their states, newest version first", async () => {
    const registry = await registryWith(["1.9.0", "1.10.0", "1.2.0"]);
    const rows = await collect(listRepository(registry, NAME));
    expect(rows.map(({ reference, status, version }) => [reference, status, version])).toEqual([
      [`${NAME}:1.10.0-testing`, "testing", "1.10.0"],
      [`${NAME}:1.9.0-testing`, "testing", "1.9.0"],
      [`${NAME}:1.2.0-testing`, "testing", "1.2.0"],
    ]);
    expect(rows[0]?.size).toBeGreaterThan(0);
    expect(registry.requests.filter((request) => request.startsWith("GET manifest"))).toHaveLength(3);
    expect(await collect(listRepository(registry, NAME, { status: ["published"] }))).toEqual([]);
  });

  it("leaves out the tags that signatures hide under, and lists other images without a state", async () => {
    const registry = await registryWith(["1.0.0"]);
    const repository = registry.inner.repository(NAME);
    const { manifest } = await pushImage(repository, "something else");
    for (const end of ["", ".sig", ".att"]) {
      await repository.tag(manifest, `${manifest.digest.replace(":", "-")}${end}`);
    }
    await repository.tag(manifest, "other");
    const rows = await collect(listRepository(registry, NAME));
    expect(rows.map(({ tag, status }) => [tag, status])).toEqual([
      ["1.0.0-testing", "testing"],
      ["other", undefined],
    ]);
  });

  it("says that a repository is not there, instead of listing nothing", async () => {
    const listing = collect(listRepository(await registryWith([]), NAME));
    await expect(listing).rejects.toMatchObject({ code: "NOT_FOUND", message: expect.stringContaining(NAME) });
  });

  it("does not take a registry that fails for one that is empty", async () => {
    const registry = await registryWith(["1.0.0"], {
      onRequest: (request) => {
        if (request.startsWith("GET manifest")) throw new SkillError("REGISTRY_DENIED", "not you");
      },
    });
    await expect(collect(listRepository(registry, NAME))).rejects.toMatchObject({ code: "REGISTRY_DENIED" });
  });

  it("lists one repository of a local store, and no other of the same ending", async () => {
    const local = new MemoryStore();
    await release(local, {}, "draft");
    await release(local, { namespace: "team" }, "draft");
    const rows = await collect(listRepository(local, "team/greeter"));
    expect(rows.map(({ reference }) => reference)).toEqual(["team/greeter:1.0.0-draft"]);
  });
});
