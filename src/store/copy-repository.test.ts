import { describe, expect, it } from "vitest";

import { isSkillError } from "../errors.ts";
import { copyRepository, MemoryStore, type CopyProgress, type Repository } from "./index.ts";
import { listOf, pushImage } from "./testing/images.ts";

async function filled(...texts: readonly string[]): Promise<Repository> {
  const repository = new MemoryStore().repository("examples/a");
  for (const text of texts) await repository.tag((await pushImage(repository, text)).manifest, text);
  return repository;
}

describe("copyRepository", () => {
  it("brings every tag, in order, and says on a second run that nothing changed", async () => {
    const from = await filled("1.0.0", "1.1.0", "2.0.0");
    const to = new MemoryStore().repository("mirror/a");
    const unchanged = async (): Promise<unknown> =>
      (await listOf(copyRepository(from, to))).map((each) =>
        "error" in each ? each.error : [each.tag, each.unchanged],
      );
    expect(await unchanged()).toEqual([
      ["1.0.0", false],
      ["1.1.0", false],
      ["2.0.0", false],
    ]);
    expect(await listOf(to.tags())).toEqual(["1.0.0", "1.1.0", "2.0.0"]);
    expect(await unchanged()).toEqual([
      ["1.0.0", true],
      ["1.1.0", true],
      ["2.0.0", true],
    ]);
  });

  it("brings only the tags that are wanted, and leaves those that only the target has", async () => {
    const from = await filled("1.0.0", "1.0.0-draft");
    const to = await filled("0.9.0");
    await listOf(copyRepository(from, to, { tags: (tag) => !tag.endsWith("-draft") }));
    expect(await listOf(to.tags())).toEqual(["0.9.0", "1.0.0"]);
  });

  it("sends what several tags share once", async () => {
    const from = await filled("1.0.0");
    const root = await from.resolve("1.0.0");
    for (const tag of ["a", "b", "c", "latest"]) await from.tag(root, tag);
    const to = new MemoryStore().repository("mirror/a");
    const sent: CopyProgress[] = [];
    const onProgress = (progress: CopyProgress): void => void (progress.outcome === "copied" && sent.push(progress));
    await listOf(copyRepository(from, to, { onProgress }));
    const blobs = sent.filter(({ descriptor }) => descriptor.digest !== root.digest);
    expect(blobs).toHaveLength(2);
  });

  it("looks for what refers to an image once, however many tags it has", async () => {
    const from = await filled("1.0.0");
    const root = await from.resolve("1.0.0");
    for (const tag of ["a", "b", "c", "latest"]) await from.tag(root, tag);
    let looks = 0;
    const referrers = from.referrers.bind(from);
    from.referrers = (...args) => {
      looks += 1;
      return referrers(...args);
    };
    await listOf(copyRepository(from, new MemoryStore().repository("mirror/a"), { referrers: true }));
    expect(looks).toBe(1);
  });

  it("goes on when one tag fails, and says which", async () => {
    const from = await filled("1.0.0", "1.1.0", "2.0.0");
    const bad = await from.resolve("1.1.0");
    const to = new MemoryStore().repository("mirror/a");
    const refusing: Repository = Object.assign(Object.create(to) as Repository, {
      ...bound(to),
      retag: async (changes: Parameters<Repository["retag"]>[0]) => {
        if (changes.some((change) => change.to?.digest === bad.digest)) await to.resolve("nothing");
        return to.retag(changes);
      },
    });
    const outcomes = await listOf(copyRepository(from, refusing));
    expect(outcomes.map((each) => ["error" in each ? each.error.code : "copied", each.tag])).toEqual([
      ["copied", "1.0.0"],
      ["NOT_FOUND", "1.1.0"],
      ["copied", "2.0.0"],
    ]);
    expect(await listOf(to.tags())).toEqual(["1.0.0", "2.0.0"]);
  });

  it("stops when it is cancelled", async () => {
    const from = await filled("1.0.0", "1.1.0");
    const to = new MemoryStore().repository("mirror/a");
    const copied = listOf(copyRepository(from, to, { signal: AbortSignal.abort() }));
    await expect(copied).rejects.toSatisfy((error) => isSkillError(error, "ABORTED"));
    expect(await listOf(to.tags())).toEqual([]);
  });
});

function bound(repository: Repository): Partial<Repository> {
  return {
    resolve: repository.resolve.bind(repository),
    exists: repository.exists.bind(repository),
    fetch: repository.fetch.bind(repository),
    push: repository.push.bind(repository),
  };
}
