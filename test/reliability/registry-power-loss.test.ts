/**
 * Figure: 400 cut points, 0 violations (soak: 20,000). After a power failure at any of them a registry's directory opens,
 * every acknowledged manifest, tag and blob is there and verifies, tags that were moved together moved together, and the registry
 * can be written.
 */
import { describe, expect, it } from "vitest";

import { readAll } from "../../src/content/index.ts";
import { digestOf, type Digest } from "../../src/oci/index.ts";
import { fsck, gc } from "../../src/registry/maintenance/index.ts";
import { createFsStorage } from "../../src/registry/storage/fs/index.ts";
import { contentOf, incoming, listOf, storeImage } from "../../src/registry/storage/testing/images.ts";
import type { RegistryStorage, TagMove } from "../../src/registry/storage/types.ts";
import type { FileSystem } from "../../src/store/layout/file-system.ts";
import { failingFileSystem } from "../../src/store/testing/failing-file-system.ts";
import { bytesOf, makeImage } from "../../src/store/testing/images.ts";
import { SimulatedDisk } from "./simulated-disk.ts";
import { figure, seededRandom } from "./soak.ts";

const CUTS = figure(400, 20_000);
const WRITERS = 3;
const ROUNDS = 5;
const NAME = "examples/a";

/** What was acknowledged, and what was under way, when the power went. */
interface Expectations {
  readonly tags: Map<string, Digest | undefined>;
  readonly manifests: Map<Digest, "there" | "gone">;
  /** Changes that may be found or not; each wholly or not at all. */
  readonly pending: Map<object, readonly TagMove[]>;
  readonly pendingManifests: Set<Digest>;
}

const processes = (name: string): { self: string; liveness: (owner: string) => "alive" | "dead" } => ({
  self: name,
  liveness: (owner) => (owner === name ? "alive" : "dead"),
});

describe("power loss", () => {
  it(`leaves all that was acknowledged whole at ${CUTS} cut points`, async () => {
    expect(await violations((disk) => disk, CUTS)).toEqual([]);
  });

  it("is simulated so that a registry which does not sync files is caught", async () => {
    expect((await violations((disk) => forgetful(disk, "files"), 150)).length).toBeGreaterThan(0);
  });

  it("is simulated so that a registry which does not sync directories is caught", async () => {
    expect((await violations((disk) => forgetful(disk, "directories"), 150)).length).toBeGreaterThan(0);
  });
});

/** Works on a disk, then cuts its power at evenly spaced moments and says what was wrong afterwards. */
async function violations(fileSystem: (disk: SimulatedDisk) => FileSystem, cuts: number): Promise<string[]> {
  const disk = new SimulatedDisk();
  const expected: Expectations = {
    tags: new Map(),
    manifests: new Map(),
    pending: new Map(),
    pendingManifests: new Set(),
  };
  await work(fileSystem(disk), disk, expected);
  const found: string[] = [];
  for (let cut = 0; cut < cuts; cut += 1) {
    for (const each of Object.values(expected)) each.clear();
    const after = disk.crash(Math.ceil(((cut + 1) * disk.length) / cuts), seededRandom(cut));
    try {
      await inspect(after, expected);
    } catch (error) {
      found.push(`cut ${cut}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return found;
}

async function work(fs: FileSystem, disk: SimulatedDisk, expected: Expectations): Promise<void> {
  // Three lives, so that the journal is cleared in between.
  for (const life of ["one", "two", "three"]) {
    const storage = await createFsStorage("/registry", { fs, processes: processes(life) });
    const writers = Array.from({ length: WRITERS }, async (_, at) => write(storage, `${life} ${at}`, disk, expected));
    await Promise.all(writers);
    // Alone, because without grace a collector rightly eats what is being pushed.
    await gc(storage, { grace: 0, now: () => Date.now() + 1000 });
    await storage.close();
  }
}

async function write(
  storage: RegistryStorage,
  writer: string,
  disk: SimulatedDisk,
  { tags, manifests, pending, pendingManifests }: Expectations,
): Promise<void> {
  const repository = storage.metadata.repository(NAME);
  const id = writer.replace(" ", "-");
  for (let round = 0; round < ROUNDS; round += 1) {
    const text = `${writer} round ${round}`;
    const image = makeImage(text);
    const { digest } = image.manifest;
    const move = { tag: `${id}-${round % 3}`, to: digest };
    await upload(storage, JSON.stringify({ text }));
    await upload(storage, `layer of ${text}`);
    await storage.blobs.put(digest, image.manifestBytes);
    disk.note(() => {
      pending.set(move, [move]);
      pendingManifests.add(digest);
    });
    await repository.putManifest(incoming(image), move);
    disk.note(() => {
      pending.delete(move);
      pendingManifests.delete(digest);
      tags.set(move.tag, digest);
      manifests.set(digest, "there");
    });
    const moves: TagMove[] = [
      { tag: `${id}-a`, to: round % 4 === 3 ? undefined : digest },
      { tag: `${id}-b`, to: digest },
      { tag: `${id}-c`, to: round % 2 === 0 ? digest : undefined },
    ];
    disk.note(() => pending.set(moves, moves));
    await repository.moveTags(moves);
    disk.note(() => {
      pending.delete(moves);
      for (const { tag, to } of moves) tags.set(tag, to);
    });
    if (round % 3 !== 2) continue;
    const named = (await listOf(repository.tags())).filter((tag) => tag.startsWith(id));
    const removed: TagMove[] = [];
    for (const tag of named) if ((await repository.tag(tag)) === digest) removed.push({ tag, to: undefined });
    disk.note(() => {
      pending.set(removed, removed);
      pendingManifests.add(digest);
    });
    await repository.deleteManifest(digest);
    disk.note(() => {
      pending.delete(removed);
      pendingManifests.delete(digest);
      for (const { tag } of removed) tags.set(tag, undefined);
      manifests.set(digest, "gone");
    });
  }
}

async function upload(storage: RegistryStorage, text: string): Promise<void> {
  const bytes = bytesOf(text);
  const { id } = await storage.blobs.uploads.begin(NAME);
  await storage.blobs.uploads.append(id, 0, contentOf(bytes.slice(0, 5), bytes.slice(5)));
  const { digest } = await storage.blobs.uploads.finish(id, digestOf(bytes));
  await storage.metadata.repository(NAME).linkBlob(digest);
}

async function inspect(fs: FileSystem, expected: Expectations): Promise<void> {
  const storage = await createFsStorage("/registry", { fs, processes: processes("after") });
  const repository = storage.metadata.repository(NAME);
  const actual = new Map<string, Digest | undefined>();
  for await (const tag of repository.tags()) actual.set(tag, await repository.tag(tag));
  const wanted = new Map(expected.tags);
  for (const moves of expected.pending.values()) {
    const isThere = moves.map(({ tag, to }) => actual.get(tag) === to);
    const isAsBefore = moves.every(({ tag }) => actual.get(tag) === expected.tags.get(tag));
    if (!isAsBefore && !isThere.every(Boolean)) throw new Error(`${moves.length} tags were moved in part`);
    if (!isAsBefore) for (const { tag, to } of moves) wanted.set(tag, to);
  }
  for (const [tag, digest] of wanted) {
    if (actual.get(tag) !== digest) throw new Error(`${tag} is ${actual.get(tag)}, acknowledged was ${digest}`);
  }
  for (const [digest, state] of expected.manifests) {
    const isThere = (await repository.manifest(digest)) !== undefined;
    if (isThere !== (state === "there") && !expected.pendingManifests.has(digest)) {
      throw new Error(`${digest} should be ${state}`);
    }
  }
  await check(storage);
  await storeImage(storage, NAME, "after the failure", { tag: "after" });
  await check(storage);
  await storage.close();
}

async function check(storage: RegistryStorage): Promise<void> {
  const issues = await listOf(fsck(storage));
  if (issues.length > 0) throw new Error(`fsck: ${JSON.stringify(issues)}`);
  for await (const { digest } of storage.blobs.list()) await readAll(storage.blobs.read(digest));
}

/** A disk whose syncs do nothing: what a registry would be that forgot them. */
function forgetful(disk: SimulatedDisk, unsynced: "files" | "directories"): FileSystem {
  const fs = failingFileSystem(() => undefined, disk);
  if (unsynced === "directories") return { ...fs, syncDirectory: async () => undefined };
  const withoutSync = async (path: string, open: (path: string) => ReturnType<FileSystem["open"]>) => ({
    ...(await open(path)),
    sync: async () => undefined,
  });
  return {
    ...fs,
    open: async (path) => withoutSync(path, async (each) => disk.open(each)),
    create: async (path) => withoutSync(path, async (each) => disk.create(each)),
    append: async (path) => withoutSync(path, async (each) => disk.append(each)),
  };
}
