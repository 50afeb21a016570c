import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";

import { failingFileSystem } from "../testing/failing-file-system.ts";
import { pushImage } from "../testing/images.ts";
import { layoutFixture } from "../testing/layout-fixture.ts";

const { blobPath, open } = layoutFixture();

describe("what cannot be read at the moment", () => {
  it.each(["EMFILE", "EACCES", "EIO"])(
    "is reported by fsck, and not taken for damaged by --repair: %s",
    async (errno) => {
      const repository = (await open()).repository("examples/a");
      const image = await pushImage(repository, "one");
      await repository.tag(image.manifest, "1.0.0");
      const fs = failingFileSystem((operation, path) =>
        operation === "open" && path.includes("sha256") ? errno : undefined,
      );
      const issues = await (await open({ fs })).fsck({ repair: true });
      expect(issues.map(({ kind, repaired }) => ({ kind, repaired }))).toEqual(
        Array.from({ length: 3 }, () => ({ kind: "blob-unreadable", repaired: false })),
      );
      expect(issues.map(({ reference }) => reference)).toContain("examples/a:1.0.0");
      expect(await readFile(blobPath(image.layer.digest), "utf8")).toBe("layer of one");
      const store = await open();
      expect(await store.repository("examples/a").resolve("1.0.0")).toEqual(image.manifest);
      expect(await store.fsck()).toEqual([]);
    },
  );

  it("is not repaired either when it fails for the check of entries only", async () => {
    const repository = (await open()).repository("examples/a");
    const image = await pushImage(repository, "one");
    await repository.tag(image.manifest, "1.0.0");
    let looks = 0;
    const fs = failingFileSystem((operation, path) =>
      operation === "open" && path === blobPath(image.manifest.digest) && ++looks > 1 ? "EMFILE" : undefined,
    );
    const issues = await (await open({ fs })).fsck({ repair: true });
    expect(issues).toMatchObject([{ kind: "blob-unreadable", digest: image.manifest.digest, repaired: false }]);
    expect(await (await open()).repository("examples/a").resolve("1.0.0")).toEqual(image.manifest);
  });
});
