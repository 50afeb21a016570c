/** A registry whose disk has damaged a tag, or what it knew of a manifest: whoever has the image pushes it again, under all rules. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { expect, it, onTestFinished } from "vitest";

import { parseReference, type Reference } from "../src/oci/index.ts";
import type { LifecycleState } from "../src/lifecycle/index.ts";
import { createFsStorage } from "../src/registry/storage/fs/index.ts";
import { RemoteStore } from "../src/remote/index.ts";
import { push } from "../src/skill/index.ts";
import { release } from "../src/skill/testing/release.ts";
import { MemoryStore } from "../src/store/index.ts";
import { passwordOf, startSkillRegistry, type User } from "./fixtures/skill-registry.ts";
import { temporaryDirectory } from "./fixtures/temporary-directory.ts";

const NAME = "acme/greeter";

/** A skill on somebody's own machine. */
interface Local {
  readonly store: MemoryStore;
  readonly reference: Reference;
}

type PushAs = (user: User, local: Local) => Promise<string>;

/** Version 1.0.0, of other content with every description. */
async function made(state: LifecycleState, description: string): Promise<Local> {
  const store = new MemoryStore();
  return { store, reference: parseReference(await release(store, { version: "1.0.0", description }, state)) };
}

/** Serves a directory while `work` runs. */
async function serving(root: string, work: (pushAs: PushAs) => Promise<void>): Promise<void> {
  const storage = await createFsStorage(root);
  const { host, close } = await startSkillRegistry({ storage });
  const pushAs: PushAs = async (user, local) => {
    const find = async () => ({ kind: "basic", username: user, password: passwordOf(user) }) as const;
    const remote = new RemoteStore({ credentials: { find } });
    try {
      const target = parseReference(`${host}/${NAME}`);
      return (await push(local.store, remote, local.reference, target, { force: true })).digest;
    } finally {
      await remote.close();
    }
  };
  try {
    await work(pushAs);
  } finally {
    await close();
    await storage.close();
  }
}

/** A directory with a published version, and its digest there. */
async function published(local: Local): Promise<{ readonly root: string; readonly digest: string }> {
  const { path: root, remove } = await temporaryDirectory();
  onTestFinished(remove);
  let digest = "";
  await serving(root, async (pushAs) => {
    digest = await pushAs("mirror", local);
  });
  return { root, digest };
}

const inRepository = (root: string, ...names: readonly string[]): string =>
  join(root, "repositories", NAME, "_", ...names);
const recordOf = (digest: string): readonly string[] => ["manifests", "sha256", `${digest.slice(7)}.json`];

it("keeps a published version's name for its content while the tag is damaged, and gives it back to that", async () => {
  const local = await made("published", "Greets.");
  const { root, digest } = await published(local);
  await writeFile(inRepository(root, "tags", "1.0.0"), "\0\0\0");
  const other = await made("published", "Welcomes.");
  await serving(root, async (pushAs) => {
    for (const user of ["author", "mirror", "admin"] as const) {
      await expect(pushAs(user, other)).rejects.toMatchObject({ status: 403 });
    }
    expect(await pushAs("mirror", local)).toBe(digest);
  });
  expect(await readFile(inRepository(root, "tags", "1.0.0"), "utf8")).toBe(`${digest}\n`);
});

it("writes again what it knew of a manifest when that is pushed, and lets nothing else in before", async () => {
  const local = await made("published", "Greets.");
  const { root, digest } = await published(local);
  const record = inRepository(root, ...recordOf(digest));
  const before = await readFile(record, "utf8");
  await writeFile(record, "\0\0\0");
  await serving(root, async (pushAs) => {
    const others = [await made("draft", "Welcomes."), await made("published", "Welcomes.")];
    for (const other of others) await expect(pushAs("mirror", other)).rejects.toMatchObject({ status: 500 });
    expect(await pushAs("mirror", local)).toBe(digest);
    for (const other of others) await expect(pushAs("author", other)).rejects.toMatchObject({ status: 403 });
  });
  const [was, is] = [before, await readFile(record, "utf8")].map((text) => ({ ...JSON.parse(text), stored: 0 }));
  expect(is).toEqual(was);
});
