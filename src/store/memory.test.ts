import { describe, expect, it } from "vitest";

import { readAll } from "../content/index.ts";
import { MemoryStore } from "./index.ts";
import { describeStore } from "./testing/contract.ts";
import { bytesOf, pushImage } from "./testing/images.ts";

describeStore("MemoryStore", async () => ({ store: new MemoryStore() }));

describe("MemoryStore", () => {
  it("lists everything it holds", async () => {
    const store = new MemoryStore();
    const repository = store.repository("examples/hello-world");
    const { manifest } = await pushImage(repository, "one");
    await repository.tag({ ...manifest, annotations: { status: "draft" } }, "1.0.0-draft");
    expect(await store.entries()).toMatchObject([
      {
        repository: "examples/hello-world",
        tag: "1.0.0-draft",
        descriptor: { ...manifest, annotations: { status: "draft" } },
      },
    ]);
  });

  it("is not changed through the bytes that it hands out", async () => {
    const repository = new MemoryStore().repository("a");
    const { layer } = await pushImage(repository, "one");
    for await (const chunk of repository.fetch(layer)) chunk.fill(0);
    expect(await readAll(repository.fetch(layer))).toEqual(bytesOf("layer of one"));
  });
});
