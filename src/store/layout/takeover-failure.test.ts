/** Taking over the lock of a dead process on a disk that fails in the midst of it. */
import { readdir, readFile, writeFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";

import { failingFileSystem, type FileOperation } from "../testing/failing-file-system.ts";
import { listOf } from "../testing/images.ts";
import { layoutFixture } from "../testing/layout-fixture.ts";

const { open, pathTo, tagged } = layoutFixture();
const DEAD = "0".repeat(36);
const processes = {
  self: "me",
  liveness: (owner: string) => (owner === "me" ? ("alive" as const) : ("dead" as const)),
};

describe("a lock that could not be taken over", () => {
  const faults: [string, FileOperation, RegExp][] = [
    ["the void claims cannot be listed", "list", /\.skillimage$/],
    ["the void claims cannot be removed", "unlink", /lock\.after\./],
    ["the claim cannot take the lock's place", "rename", /lock$/],
    ["the lock cannot be read again", "readFile", /lock$/],
  ];

  it.each(faults)("is free for the next one, in this process and in others: %s", async (_, operation, path) => {
    await tagged(await open(), "examples/a", "1.0.0");
    const record = { id: DEAD, owner: "other", purpose: "write", since: "2025-01-01T00:00:00.000Z" };
    await writeFile(pathTo(".skillimage", "lock"), JSON.stringify(record));
    let reads = 0;
    let broken = true;
    const fs = failingFileSystem((now, where) => {
      if (!broken || now !== operation || !path.test(where)) return undefined;
      return operation === "readFile" && ++reads < 2 ? undefined : "EIO";
    });
    const store = await open({ fs, processes, lockTimeout: 20_000 });
    await store
      .repository("examples/a")
      .untag("1.0.0")
      .catch(() => undefined);
    // What another process would wait for as long as we live: a lock of ours, or a claim on one that is there.
    const lock = await readFile(pathTo(".skillimage", "lock"), "utf8").catch(() => "");
    const claims = (await readdir(pathTo(".skillimage"))).filter((name) => name === `lock.after.${DEAD}`);
    expect(lock).not.toContain('"me"');
    if (lock.includes(DEAD)) expect(claims).toEqual([]);
    broken = false;
    await tagged(store, "examples/a", "2.0.0");
    // Another process sees that we live; it must not see a lock or claim of ours.
    const other = { self: "another", liveness: (owner: string) => (owner === "other" ? "dead" : "alive") } as const;
    await tagged(await open({ processes: other, lockTimeout: 20_000 }), "examples/a", "3.0.0");
    expect(await listOf((await open()).repository("examples/a").tags())).toContain("3.0.0");
  });
});
