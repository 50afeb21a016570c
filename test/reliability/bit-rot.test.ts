/** Figure: 100 blobs flipped or truncated, 100 found, none served, and a push heals every one. */
import { open, readFile, truncate } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";

import { readAll } from "../../src/content/index.ts";
import type { Descriptor } from "../../src/oci/index.ts";
import { LayoutStore } from "../../src/store/index.ts";
import { temporaryDirectory } from "../fixtures/temporary-directory.ts";
import { pushImage } from "../../src/store/testing/images.ts";
import { seededRandom } from "./soak.ts";

const IMAGES = 60;
const DAMAGED = 100;

let directory: string;
let remove: () => Promise<void>;
beforeAll(async () => {
  ({ path: directory, remove } = await temporaryDirectory());
});
afterAll(async () => remove());

it(`finds ${DAMAGED} of ${DAMAGED} damaged blobs, serves none, and is healed by pushing`, async () => {
  const store = await LayoutStore.open(directory);
  const repository = store.repository("examples/rotten");
  const blobs: { readonly descriptor: Descriptor; readonly bytes: Uint8Array }[] = [];
  for (let at = 0; at < IMAGES; at += 1) {
    const image = await pushImage(repository, `image ${at}`);
    await repository.tag(image.manifest, `1.0.${at}`);
    for (const descriptor of [image.layer, image.config, image.manifest]) {
      blobs.push({ descriptor, bytes: await readFile(pathOf(descriptor)) });
    }
  }
  const random = seededRandom(1);
  const damaged = blobs
    .map((blob) => ({ blob, order: random() }))
    .sort((a, b) => a.order - b.order)
    .slice(0, DAMAGED)
    .map(({ blob }) => blob);
  for (const { descriptor } of damaged) await damage(descriptor, random);

  const found = (await store.fsck()).filter(({ kind }) => kind === "blob-damaged" || kind === "size-wrong");
  expect(new Set(found.map(({ digest }) => digest))).toEqual(
    new Set(damaged.map(({ descriptor }) => descriptor.digest)),
  );
  for (const { descriptor } of damaged) {
    await expect(readAll(repository.fetch(descriptor))).rejects.toMatchObject({ code: /^(DIGEST|SIZE)_MISMATCH$/ });
  }
  for (const { descriptor, bytes } of blobs) await repository.push(descriptor, bytes);
  expect(await store.fsck()).toEqual([]);
});

function pathOf({ digest }: Descriptor): string {
  return join(directory, "blobs", ...digest.split(":"));
}

/** Flips one bit, or cuts the file at a random place. */
async function damage(descriptor: Descriptor, random: () => number): Promise<void> {
  const at = Math.floor(random() * descriptor.size);
  if (random() < 0.5) return truncate(pathOf(descriptor), at);
  const file = await open(pathOf(descriptor), "r+");
  const byte = Buffer.alloc(1);
  await file.read(byte, 0, 1, at);
  byte[0] = (byte[0] ?? 0) ^ (1 << Math.floor(random() * 8));
  await file.write(byte, 0, 1, at);
  await file.close();
}
