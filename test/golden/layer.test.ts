/**
 * Digests that never change: whoever packs the same files, today or in ten years, gets the same layer. A change here
 * changes the digest of every skill that is packed again, and needs a reason and a release note.
 */
import { expect, test } from "vitest";

import { createLayer } from "../../src/archive/index.ts";
import { file, prose, SAMPLE } from "../../src/archive/testing/layer-files.ts";
import { readAll } from "../../src/content/index.ts";
import { digestOf } from "../../src/oci/digest.ts";

const BLOCK_SIZE = 512 * 1024;

test("the digests of a small layer never change", async () => {
  const layer = createLayer(SAMPLE);
  const bytes = await readAll(layer.content);
  expect({ layer: digestOf(bytes), ...layer.summary() }).toMatchInlineSnapshot(`
    {
      "diffId": "sha256:fbc0a9eb98b3fd917d94cde5d6c69539ec2f2d7afc7b92353e6cfb3d4c9ae60b",
      "entries": 36,
      "files": 4,
      "layer": "sha256:d07528bf46589361d917dc45cd75bf2fce5f012c9d363860020d63464cc5c2dd",
      "uncompressedSize": 23552,
    }
  `);
});

test("the digest of a layer of several blocks never changes", async () => {
  const layer = createLayer([file("prose.txt", prose(2 * BLOCK_SIZE + 12_345))]);
  expect(digestOf(await readAll(layer.content))).toMatchInlineSnapshot(
    `"sha256:d8860f43103bc36a930be67c50dcfd66eebd1d792fb136116dea574fc27c02e5"`,
  );
});

test("the gzip header has no time, no name and no system", async () => {
  const bytes = await readAll(createLayer([]).content);
  expect(Buffer.from(bytes).toString("hex")).toMatchInlineSnapshot(
    `"1f8b08000000000000ff62601805a360148c5400000000ffff03002eafb5ef00040000"`,
  );
});
