/** A registry whose disk has damaged a tag, or what it knew of a manifest: whoever has the image pushes it again, under all rules. */
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { describe, expect, it, onTestFinished } from "vitest";

import {
  describeManifest,
  digestOf,
  encodeManifest,
  MediaType,
  parseReference,
  type Reference,
} from "../src/oci/index.ts";
import type { LifecycleState } from "../src/lifecycle/index.ts";
import { createFsStorage } from "../src/registry/storage/fs/index.ts";
import { storeBlob } from "../src/registry/storage/testing/images.ts";
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
  // Packed twice, it is the same whatever second it is.
  const reference = await release(store, { version: "1.0.0", description }, state, { sourceDateEpoch: 1_700_000_000 });
  return { store, reference: parseReference(reference) };
}

/** Serves a directory while `work` runs. */
async function serving(root: string, work: (pushAs: PushAs, host: string) => Promise<void>): Promise<void> {
  const storage = await createFsStorage(root);
  const registry = await startSkillRegistry({ storage });
  const pushAs: PushAs = async (user, local) => {
    const find = async () => ({ kind: "basic", username: user, password: passwordOf(user) }) as const;
    const remote = new RemoteStore({ credentials: { find } });
    try {
      const target = parseReference(`${registry.host}/${NAME}`);
      return (await push(local.store, remote, local.reference, target, { force: true })).digest;
    } finally {
      await remote.close();
    }
  };
  try {
    await work(pushAs, registry.host);
  } finally {
    await registry.close();
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

it("writes again what it knew of a manifest, from the bytes, and lets no other content in meanwhile", async () => {
  const local = await made("published", "Greets.");
  const { root, digest } = await published(local);
  const record = inRepository(root, ...recordOf(digest));
  const before = await readFile(record, "utf8");
  const others = [await made("draft", "Welcomes."), await made("published", "Welcomes.")];
  for (const other of others) {
    await writeFile(record, "\0\0\0");
    await serving(root, async (pushAs) => {
      await expect(pushAs("author", other)).rejects.toMatchObject({ status: 403 });
      expect(await pushAs("mirror", local)).toBe(digest);
    });
    const [was, is] = [before, await readFile(record, "utf8")].map((text) => ({ ...JSON.parse(text), stored: 0 }));
    expect(is).toEqual(was);
  }
});

describe("what cannot be read", () => {
  const request = async (host: string, user: User, method: string, path: string): Promise<Response> =>
    fetch(`http://${host}/v2/${NAME}/manifests/${path}`, {
      method,
      headers: { authorization: `Basic ${Buffer.from(`${user}:${passwordOf(user)}`).toString("base64")}` },
    });

  it("is not there for whoever pulls, who is told why, until somebody pushes", async () => {
    const { root, digest } = await published(await made("published", "Greets."));
    await writeFile(inRepository(root, "tags", "1.0.0"), "\0\0\0");
    await writeFile(inRepository(root, ...recordOf(digest)), "\0\0\0");
    await serving(root, async (pushAs, host) => {
      for (const path of ["1.0.0", digest]) {
        const answer = await request(host, "reader", "GET", path);
        const text = await answer.text();
        expect([answer.status, text]).toEqual([404, expect.stringContaining("is damaged. Push it again")]);
      }
      await pushAs("author", await made("draft", "Greets."));
      expect((await request(host, "reader", "GET", digest)).status).toBe(200);
    });
  });

  it("is neither replaced nor removed where it held signatures, but by an admin", async () => {
    const { root, digest } = await published(await made("published", "Greets."));
    const tag = `${digest.replace(":", "-")}.sig`;
    const signature = async (text: string): Promise<Uint8Array> => {
      const storage = await createFsStorage(root);
      const layer = await storeBlob(storage, NAME, text);
      const config = await storeBlob(storage, NAME, "{}");
      await storage.close();
      return encodeManifest({
        schemaVersion: 2,
        mediaType: MediaType.manifest,
        config: { mediaType: MediaType.config, digest: config, size: 2 },
        layers: [{ mediaType: MediaType.cosignSignature, digest: layer, size: text.length }],
      });
    };
    const [one, other] = [await signature("one"), await signature("other")];
    const put = async (host: string, user: User, body: Uint8Array): Promise<number> => {
      const authorization = `Basic ${Buffer.from(`${user}:${passwordOf(user)}`).toString("base64")}`;
      const headers = { authorization, "content-type": MediaType.manifest };
      return (await fetch(`http://${host}/v2/${NAME}/manifests/${tag}`, { method: "PUT", headers, body })).status;
    };
    await serving(root, async (_, host) => expect(await put(host, "author", one)).toBe(201));
    await writeFile(inRepository(root, "tags", tag), "\0\0\0");
    await serving(root, async (_, host) => {
      expect(await put(host, "author", other)).toBe(403);
      const { status } = await request(host, "approver", "DELETE", digestOf(one));
      expect(status).toBe(403);
      expect(await put(host, "author", one)).toBe(403);
      expect(await put(host, "admin", one)).toBe(201);
    });
  });

  it("is removed by an admin, so that the rest can be collected", async () => {
    const { root, digest } = await published(await made("published", "Greets."));
    await writeFile(inRepository(root, "tags", "1.0.0"), "\0\0\0");
    await writeFile(inRepository(root, ...recordOf(digest)), "\0\0\0");
    const hex = digest.slice("sha256:".length);
    await rm(join(root, "blobs", "sha256", hex.slice(0, 2), hex));
    await serving(root, async (_, host) => {
      for (const path of ["1.0.0", digest]) {
        expect((await request(host, "approver", "DELETE", path)).status).toBe(403);
        expect((await request(host, "admin", "DELETE", path)).status).toBe(202);
        expect((await request(host, "admin", "DELETE", path)).status).toBe(404);
      }
    });
  });
});

it("reads, replaces and deletes what was let in before the keys of manifests were looked at", async () => {
  const { path: root, remove } = await temporaryDirectory();
  onTestFinished(remove);
  const storage = await createFsStorage(root);
  const config = await storeBlob(storage, NAME, "{}");
  const descriptor = { mediaType: MediaType.config, digest: config, size: 2 };
  const document = { schemaVersion: 2, mediaType: MediaType.manifest, config: descriptor, layers: [], Layers: [] };
  const old = describeManifest(document, MediaType.manifest);
  const { digest } = old.descriptor;
  await storage.blobs.put(digest, old.bytes);
  const incoming = { descriptor: old.descriptor, references: [config] };
  await storage.metadata.repository(NAME).putManifest(incoming, { tag: "old", to: digest });
  await storage.close();
  await serving(root, async (pushAs, host) => {
    await pushAs("author", await made("draft", "Greets."));
    const { status } = await fetch(`http://${host}/v2/${NAME}/manifests/old`);
    expect(status).toBe(200);
    const headers = { authorization: `Basic ${Buffer.from(`admin:${passwordOf("admin")}`).toString("base64")}` };
    const removed = await fetch(`http://${host}/v2/${NAME}/manifests/${digest}`, { method: "DELETE", headers });
    expect(removed.status).toBe(202);
  });
});
