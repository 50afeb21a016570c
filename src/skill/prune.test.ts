import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import { parseReference } from "../oci/index.ts";
import { LayoutStore } from "../store/index.ts";
import { failingFileSystem } from "../store/testing/failing-file-system.ts";
import { entryOf } from "./entry.ts";
import { readImage } from "./image.ts";
import { history, list, pack, promote, prune, pull, remove } from "./index.ts";
import { collect } from "./testing/collect.ts";
import { skillDirectory, temporaryDirectory } from "./testing/skill-directory.ts";

/** A published skill whose draft was packed again, with other content, before it was raised to testing once more. */
async function storeWithLeftovers() {
  const store = await LayoutStore.open(await temporaryDirectory());
  const directory = await skillDirectory();
  await pack(directory, store);
  await promote(store, parseReference("examples/greeter:1.0.0-draft"), "testing");
  await writeFile(join(directory, "SKILL.md"), "# Changed\n");
  await pack(directory, store);
  await promote(store, parseReference("examples/greeter:1.0.0-testing"), "published");
  return store;
}

async function tagsOf(store: LayoutStore) {
  return (await collect(list(store))).map((row) => row.tag);
}

describe("prune", () => {
  it("removes superseded states and what only they needed", async () => {
    const store = await storeWithLeftovers();
    expect(await tagsOf(store)).toEqual(["1.0.0", "1.0.0-draft", "latest"]);
    const result = await prune(store, { grace: 0 });
    expect(result).toMatchObject({ tags: ["examples/greeter:1.0.0-draft"], dryRun: false, kept: 0 });
    expect(result.blobs).toBeGreaterThanOrEqual(3);
    expect(result.bytes).toBeGreaterThan(0);
    expect(await tagsOf(store)).toEqual(["1.0.0", "latest"]);
    expect(await store.fsck()).toEqual([]);
  });

  it("keeps the history of what stays, also of a skill that was pulled, and no images of it", async () => {
    const store = await LayoutStore.open(await temporaryDirectory());
    await pack(await skillDirectory(), store);
    for (const [tag, state] of [
      ["1.0.0-draft", "testing"],
      ["1.0.0-testing", "published"],
    ] as const) {
      await promote(store, parseReference(`examples/greeter:${tag}`), state, { actor: state });
    }
    const published = parseReference("examples/greeter:1.0.0");
    const before = await history(store, published);
    expect(before).toMatchObject({ complete: true, steps: [{ actor: "published" }, { actor: "testing" }] });
    const foretold = await prune(store, { grace: 0, dryRun: true });
    const { blobs } = await prune(store, { grace: 0 });
    expect([foretold.blobs, blobs]).toEqual([2, 2]);
    expect(await history(store, published)).toEqual(before);
    expect(await store.fsck()).toEqual([]);

    const root = await temporaryDirectory();
    const elsewhere = await LayoutStore.open(root);
    await pull(store, elsewhere, published, { referrers: true });
    expect(await history(elsewhere, published)).toEqual(before);
    await prune(elsewhere, { grace: 0 });
    expect(await history(elsewhere, published)).toEqual(before);
    await remove(elsewhere, published);
    await prune(elsewhere, { grace: 0 });
    expect(await readdir(join(root, "blobs/sha256"))).toEqual([]);
  });

  it("says beforehand exactly what it will remove, and removes nothing then", async () => {
    const store = await storeWithLeftovers();
    const foretold = await prune(store, { grace: 0, dryRun: true });
    expect(await tagsOf(store)).toEqual(["1.0.0", "1.0.0-draft", "latest"]);
    const done = await prune(store, { grace: 0 });
    expect(foretold).toEqual({ ...done, dryRun: true });
  });

  it("keeps what is younger than the grace period, and says how much that is", async () => {
    const result = await prune(await storeWithLeftovers());
    expect(result).toMatchObject({ blobs: 0, bytes: 0 });
    expect(result.kept).toBeGreaterThan(0);
  });

  it("keeps a draft that was packed after its version went to testing", async () => {
    const store = await LayoutStore.open(await temporaryDirectory());
    const directory = await skillDirectory();
    await pack(directory, store, { now: () => new Date("2026-01-01T00:00:00Z") });
    await promote(store, parseReference("examples/greeter:1.0.0-draft"), "testing");
    await writeFile(join(directory, "SKILL.md"), "# Mended\n");
    await pack(directory, store, { now: () => new Date("2026-01-02T00:00:00Z") });
    expect((await prune(store, { grace: 0 })).tags).toEqual([]);
    expect(await tagsOf(store)).toEqual(["1.0.0-draft", "1.0.0-testing"]);
  });

  // SOURCE_DATE_EPOCH, a clock that was set back to the second, or a pipeline that is quick.
  it("keeps a draft with other content than its version has in testing when both say the same time", async () => {
    const store = await LayoutStore.open(await temporaryDirectory());
    const directory = await skillDirectory();
    const options = { sourceDateEpoch: 1_700_000_000 };
    await pack(directory, store, options);
    await promote(store, parseReference("examples/greeter:1.0.0-draft"), "testing");
    await writeFile(join(directory, "SKILL.md"), "# Mended\n");
    await pack(directory, store, options);
    for (const dryRun of [true, false]) expect((await prune(store, { grace: 0, dryRun })).tags).toEqual([]);
    expect(await tagsOf(store)).toEqual(["1.0.0-draft", "1.0.0-testing"]);
  });

  it("removes a draft that is what its version has in testing, to the byte", async () => {
    const store = await LayoutStore.open(await temporaryDirectory());
    const { digest } = await pack(await skillDirectory(), store);
    const repository = store.repository("examples/greeter");
    const draft = await repository.resolve(digest);
    await promote(store, parseReference("examples/greeter:1.0.0-draft"), "testing");
    await repository.tag(draft, "1.0.0-draft");
    expect((await prune(store, { grace: 0 })).tags).toEqual(["examples/greeter:1.0.0-draft"]);
  });

  it("removes the drafts of many skills in a few writes", async () => {
    let writes = 0;
    const fs = failingFileSystem((operation, path) => {
      if (operation === "rename" && path.endsWith("/index.json")) writes += 1;
      return undefined;
    });
    const store = await LayoutStore.open(await temporaryDirectory(), { fs });
    await pack(await skillDirectory(), store);
    const own = store.repository("examples/greeter");
    const draft = entryOf(await readImage(own, await own.resolve("1.0.0-draft")));
    await promote(store, parseReference("examples/greeter:1.0.0-draft"), "testing");
    const testing = entryOf(await readImage(own, await own.resolve("1.0.0-testing")));
    const names = Array.from({ length: 64 }, (_, at) => `examples/skill-${at}`);
    const leftOver = async (name: string): Promise<void> =>
      store.repository(name).retag([
        { name: "1.0.0-draft", to: draft },
        { name: "1.0.0-testing", to: testing },
      ]);
    await Promise.all(names.map(leftOver));
    writes = 0;
    expect((await prune(store)).tags).toHaveLength(64);
    expect(writes).toBeLessThan(8);
  });

  it("keeps archived images", async () => {
    const store = await storeWithLeftovers();
    await promote(store, parseReference("examples/greeter:1.0.0"), "deprecated");
    await promote(store, parseReference("examples/greeter:1.0.0"), "archived");
    await prune(store, { grace: 0 });
    expect((await collect(list(store))).map((row) => [row.tag, row.status])).toEqual([[undefined, "archived"]]);
    expect(await store.fsck()).toEqual([]);
  });
});
