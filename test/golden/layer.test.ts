/**
 * Digests that never change: whoever packs the same files, today or in ten years, gets the same layer. A change here
 * changes the digest of every skill that is packed again, and needs a reason and a release note.
 */
import { expect, test } from "vitest";

import { type Content, createLayer, type LayerFile } from "../../src/archive/index.ts";
import { digestOf } from "../../src/oci/digest.ts";

const BLOCK_SIZE = 512 * 1024;

function file(path: string, content: string | Uint8Array = "", executable = false): LayerFile {
  const bytes = Buffer.from(content);
  return { path, executable, size: bytes.length, open: () => pieces(bytes) };
}

async function* pieces(bytes: Uint8Array, size = 100_000): AsyncGenerator<Uint8Array> {
  await Promise.resolve();
  for (let offset = 0; offset < bytes.length; offset += size) yield bytes.subarray(offset, offset + size);
}

async function bytesOf(content: Content): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const chunk of content) parts.push(chunk);
  return Buffer.concat(parts);
}

/** Text-like bytes that are the same in every run. */
function prose(size: number, seed = 1): Buffer {
  const words = ["skill", "layer", "digest", "manifest", "of", "the", "and", "registry", "\n"];
  const parts: string[] = [];
  for (let state = seed, length = 0; length < size;) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    const word = `${words[(state >>> 16) % words.length]} `;
    parts.push(word);
    length += word.length;
  }
  return Buffer.from(parts.join("").slice(0, size));
}

const SAMPLE = [
  file("SKILL.md", "---\nname: hello\n---\nSay hello.\n"),
  file("scripts/run.sh", "#!/bin/sh\necho hello\n", true),
  file("références/données.txt", "é"),
  file(`${"long/".repeat(30)}name.txt`, "long"),
];

test("the digests of a small layer never change", async () => {
  const layer = createLayer(SAMPLE);
  const bytes = await bytesOf(layer.content);
  expect({ layer: digestOf(bytes), ...layer.summary() }).toMatchInlineSnapshot(`
    {
      "diffId": "sha256:fbc0a9eb98b3fd917d94cde5d6c69539ec2f2d7afc7b92353e6cfb3d4c9ae60b",
      "files": 4,
      "layer": "sha256:d07528bf46589361d917dc45cd75bf2fce5f012c9d363860020d63464cc5c2dd",
      "uncompressedSize": 23552,
    }
  `);
});

test("the digest of a layer of several blocks never changes", async () => {
  const layer = createLayer([file("prose.txt", prose(2 * BLOCK_SIZE + 12_345))]);
  expect(digestOf(await bytesOf(layer.content))).toMatchInlineSnapshot(
    `"sha256:d8860f43103bc36a930be67c50dcfd66eebd1d792fb136116dea574fc27c02e5"`,
  );
});

test("the gzip header has no time, no name and no system", async () => {
  const bytes = await bytesOf(createLayer([]).content);
  expect(bytes.toString("hex")).toMatchInlineSnapshot(
    `"1f8b08000000000000ff62601805a360148c5400000000ffff03002eafb5ef00040000"`,
  );
});
