/**
 * The digests of the examples, as they were when each was first packed. They hold on every machine; a change of
 * `examples.json` means that images are no longer what they were, and needs a reason and a release note.
 */
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { expect, it } from "vitest";

import { MemoryStore, pack } from "../../src/index.ts";

const EXAMPLES = fileURLToPath(new URL("../../examples", import.meta.url));

it("pack to the same layers and, with SOURCE_DATE_EPOCH, to the same images everywhere", async () => {
  const digests: Record<string, { readonly layer: string; readonly image: string }> = {};
  for (const name of readdirSync(EXAMPLES).toSorted((a, b) => (a < b ? -1 : 1))) {
    const { layerDigest, digest } = await pack(`${EXAMPLES}/${name}`, new MemoryStore(), { sourceDateEpoch: 0 });
    digests[name] = { layer: layerDigest, image: digest };
  }
  await expect(`${JSON.stringify(digests, undefined, 2)}\n`).toMatchFileSnapshot("examples.json");
});

it("have the same layers without it", async () => {
  const { layerDigest } = await pack(`${EXAMPLES}/hello-world`, new MemoryStore());
  const fixed = await pack(`${EXAMPLES}/hello-world`, new MemoryStore(), { sourceDateEpoch: 0 });
  expect(layerDigest).toBe(fixed.layerDigest);
});
