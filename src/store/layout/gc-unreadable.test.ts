/** What a collection cannot find out, it does not take for nothing. */
import { stat } from "node:fs/promises";
import { describe, expect, it } from "vitest";

import { failingFileSystem } from "../testing/failing-file-system.ts";
import { bytesOf, makeImage } from "../testing/images.ts";
import { layoutFixture } from "../testing/layout-fixture.ts";

const { age, blobPath, open, tagged } = layoutFixture();

describe("garbage collection", () => {
  it.each(["EMFILE", "EIO"])("removes nothing when a young manifest cannot be read: %s", async (errno) => {
    // A push that took long: its layer is older than the grace period, its manifest is not tagged yet.
    const repository = (await open()).repository("examples/a");
    const image = makeImage("one");
    await repository.push(image.layer, bytesOf("layer of one"));
    await repository.push(image.config, bytesOf(JSON.stringify({ text: "one" })));
    await repository.push(image.manifest, image.manifestBytes);
    for (const { digest } of [image.layer, image.config]) await age(digest, 5);
    const fs = failingFileSystem((operation, path) =>
      operation === "open" && path === blobPath(image.manifest.digest) ? errno : undefined,
    );
    await expect((await open({ fs })).gc()).rejects.toMatchObject({ code: "FILE_UNREADABLE" });
    expect((await stat(blobPath(image.layer.digest))).isFile()).toBe(true);
    await (await open()).gc();
    await repository.tag(image.manifest, "1.0.0");
    expect(await (await open()).fsck()).toEqual([]);
  });

  it.each(["EMFILE", "EACCES"])("says what stands in its way, and does not call it damage: %s", async (errno) => {
    // fsck --repair, which damage calls for, leaves it as it is.
    const { digest } = await tagged(await open(), "examples/a", "1.0.0");
    const fs = failingFileSystem((operation, path) =>
      operation === "open" && path === blobPath(digest) ? errno : undefined,
    );
    const failure = { code: "FILE_UNREADABLE", message: expect.stringContaining(blobPath(digest)) as unknown };
    await expect((await open({ fs })).gc()).rejects.toMatchObject(failure);
    await expect((await open({ fs })).gc({ dryRun: true })).rejects.toMatchObject(failure);
  });
});
