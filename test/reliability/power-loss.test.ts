/**
 * Figure: 1,000 cut points, 0 violations (soak: 20,000). After a power failure at any of them the store opens, every
 * acknowledged tag names what it was acknowledged for, every tag's content verifies, and the store can be written.
 */
import { describe, expect, it } from "vitest";

import { readAll } from "../../src/content/index.ts";
import { childrenOf, type Descriptor } from "../../src/oci/index.ts";
import { LayoutStore, readManifest } from "../../src/store/index.ts";
import type { FileSystem } from "../../src/store/layout/file-system.ts";
import { failingFileSystem } from "../../src/store/testing/failing-file-system.ts";
import { pushImage } from "../../src/store/testing/images.ts";
import { SimulatedDisk } from "./simulated-disk.ts";
import { figure, seededRandom } from "./soak.ts";

const CUTS = figure(1000, 20_000);
const WRITERS = 3;
const ROUNDS = 8;

/** What a tag may name: `undefined` for nothing. */
interface Expectation {
  acknowledged: string | undefined;
  /** What is being written and may be found or not; `undefined` within for a removal. */
  pending: { readonly digest: string | undefined } | undefined;
}

const processes = (name: string): { self: string; liveness: (owner: string) => "alive" | "dead" } => ({
  self: name,
  liveness: (owner) => (owner === name ? "alive" : "dead"),
});

describe("power loss", () => {
  it(`leaves every acknowledged tag whole at ${CUTS} cut points`, async () => {
    expect(await violations((disk) => disk, CUTS)).toEqual([]);
  });

  it("is simulated so that a store which does not sync files is caught", async () => {
    expect((await violations((disk) => forgetful(disk, "files"), 200)).length).toBeGreaterThan(0);
  });

  it("is simulated so that a store which does not sync directories is caught", async () => {
    expect((await violations((disk) => forgetful(disk, "directories"), 200)).length).toBeGreaterThan(0);
  });
});

/** Works on a disk, then cuts its power at evenly spaced moments and says what was wrong afterwards. */
async function violations(fileSystem: (disk: SimulatedDisk) => FileSystem, cuts: number): Promise<string[]> {
  const disk = new SimulatedDisk();
  const expected = new Map<string, Expectation>();
  await work(fileSystem(disk), disk, expected);
  const found: string[] = [];
  for (let cut = 0; cut < cuts; cut += 1) {
    expected.clear();
    const after = disk.crash(Math.ceil(((cut + 1) * disk.length) / cuts), seededRandom(cut));
    try {
      await inspect(after, expected);
    } catch (error) {
      found.push(`cut ${cut}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return found;
}

async function work(fs: FileSystem, disk: SimulatedDisk, expected: Map<string, Expectation>): Promise<void> {
  const store = await LayoutStore.open("/store", { fs, processes: processes("first") });
  const repository = store.repository("examples/a");
  const change = async (tag: string, to: Descriptor | undefined): Promise<void> => {
    disk.note(() => {
      const before = expected.get(tag);
      expected.set(tag, { acknowledged: before?.acknowledged, pending: { digest: to?.digest } });
    });
    await repository.retag([{ name: tag, to }]);
    disk.note(() => expected.set(tag, { acknowledged: to?.digest, pending: undefined }));
  };
  const writer = async (number: number): Promise<void> => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const { manifest } = await pushImage(repository, `writer ${number} round ${round % 5}`);
      await change(`w${number}-${round % 3}`, manifest);
      await change(`w${number}-latest`, round % 4 === 3 ? undefined : manifest);
      if (number === 0 && round % 3 === 2) await store.gc({ grace: 0 });
    }
  };
  // Collecting without grace while others push would rightly eat their content, so the collector works alone.
  await Promise.all(Array.from({ length: WRITERS }, async (_, at) => writer(at + 1)));
  await writer(0);
}

async function inspect(fs: FileSystem, expected: ReadonlyMap<string, Expectation>): Promise<void> {
  const store = await LayoutStore.open("/store", { fs, processes: processes("second"), lockTimeout: 100 });
  const repository = store.repository("examples/a");
  const entries = await store.entries();
  const tags = new Map(entries.map(({ tag, descriptor }) => [tag, descriptor.digest as string]));
  for (const [tag, { acknowledged, pending }] of expected) {
    const actual = tags.get(tag);
    if (actual !== acknowledged && (pending === undefined || actual !== pending.digest)) {
      throw new Error(`${tag} is ${actual ?? "absent"}, acknowledged was ${acknowledged ?? "absent"}`);
    }
  }
  for (const { descriptor } of entries) {
    const manifest = await readManifest(repository, descriptor);
    for (const child of childrenOf(manifest)) await readAll(repository.fetch(child));
  }
  const { manifest } = await pushImage(repository, "after the failure");
  await repository.tag(manifest, "after");
  const issues = await store.fsck();
  if (issues.length > 0) throw new Error(`fsck: ${JSON.stringify(issues)}`);
}

/** A disk whose syncs do nothing: what a store would be that forgot them. */
function forgetful(disk: SimulatedDisk, unsynced: "files" | "directories"): FileSystem {
  const fs = failingFileSystem(() => undefined, disk);
  if (unsynced === "directories") return { ...fs, syncDirectory: async () => undefined };
  return { ...fs, create: async (path) => ({ ...(await disk.create(path)), sync: async () => undefined }) };
}
