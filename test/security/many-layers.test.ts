/** A small manifest that names one harmless layer hundreds of times is a bomb all the same. */
import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, expect, test } from "vitest";

import { digestOf, MediaType, parseReference, type Descriptor } from "../../src/oci/index.ts";
import { pack, unpack } from "../../src/skill/index.ts";
import { MemoryStore, readDocument, type Repository } from "../../src/store/index.ts";

let room: string;

beforeEach(async () => {
  room = await mkdtemp(join(tmpdir(), "many-layers-"));
});

afterEach(() => rm(room, { recursive: true }));

const CARD = `apiVersion: skillimage.io/v1alpha1
kind: SkillCard
metadata: { name: bomb, namespace: examples, version: 1.0.0, description: Looks harmless. }
`;

/** Tags a copy of an image that lists its layer `count` times. */
async function repeatLayer(repository: Repository, tag: string, count: number): Promise<void> {
  const manifest = await json<{ config: Descriptor; layers: Descriptor[] }>(repository, await repository.resolve(tag));
  const config = await json<{ rootfs: { diff_ids: string[] } }>(repository, manifest.config);
  const repeat = <T>(items: readonly T[]): T[] => Array.from({ length: count }, () => items).flat();
  const diffIds = repeat(config.rootfs.diff_ids);
  const configBytes = Buffer.from(JSON.stringify({ ...config, rootfs: { type: "layers", diff_ids: diffIds } }));
  const newConfig = { ...manifest.config, digest: digestOf(configBytes), size: configBytes.length };
  await repository.push(newConfig, configBytes);
  const bytes = Buffer.from(JSON.stringify({ ...manifest, config: newConfig, layers: repeat(manifest.layers) }));
  const descriptor = { mediaType: MediaType.manifest, digest: digestOf(bytes), size: bytes.length };
  await repository.push(descriptor, bytes);
  await repository.tag(descriptor, tag);
}

async function json<T>(repository: Repository, descriptor: Descriptor): Promise<T> {
  return JSON.parse(Buffer.from(await readDocument(repository, descriptor)).toString()) as T;
}

test("an image of 400 times the same layer is refused by unpack's own limits", async () => {
  const skill = join(room, "bomb");
  await mkdir(skill);
  await writeFile(join(skill, "skill.yaml"), CARD);
  await writeFile(join(skill, "SKILL.md"), "# Bomb\n");
  await writeFile(join(skill, "data.bin"), randomBytes(1 << 20));
  const store = new MemoryStore();
  await pack(skill, store);
  await repeatLayer(store.repository("examples/bomb"), "1.0.0-draft", 400);
  const reference = parseReference("examples/bomb:1.0.0-draft");
  await expect(unpack(store, reference, join(room, "home"))).rejects.toMatchObject({ code: "ARCHIVE_LIMIT" });
  expect(await readdir(room)).toEqual(["bomb"]);
});
