import { writeFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";

import { listOf, pushImage } from "../testing/images.ts";
import { layoutFixture } from "../testing/layout-fixture.ts";

const { open, pathTo, tagged } = layoutFixture();

describe("an index that has as many values as one may have", () => {
  it("is not given more: what was written could not be read again", async () => {
    const store = await open();
    const image = await tagged(store, "examples/a", "1.0.0");
    const { manifest } = await pushImage(store.repository("examples/a"), "two");
    const ours = { ...image, annotations: { "org.opencontainers.image.ref.name": "examples/a:1.0.0" } };
    const theirs = "0,".repeat(2_499_990);
    await writeFile(
      pathTo("index.json"),
      `{"schemaVersion":2,"manifests":[${theirs.slice(0, -1)},${JSON.stringify(ours)}]}`,
    );
    const repository = (await open()).repository("examples/a");
    expect(await listOf(repository.tags())).toEqual(["1.0.0"]);
    await expect(repository.tag(manifest, "2.0.0")).rejects.toMatchObject({ code: "STORE_UNWRITABLE" });
    expect(await listOf(repository.tags())).toEqual(["1.0.0"]);
  });
});
