/**
 * Figures: a server on a file system of 8 MiB that is filled to the last byte, on one that becomes read-only, and with too few
 * files that it may open. Every push that fails is told so (5xx), all that was acknowledged is served, and when there is
 * room again pushes work again, without a new start.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, readdirSync } from "node:fs";
import { rm, truncate, writeFile } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { fsck, scrub } from "../../src/registry/maintenance/index.ts";
import { createFsStorage } from "../../src/registry/storage/fs/index.ts";
import { RemoteStore } from "../../src/remote/index.ts";
import { listOf, pushImage } from "../../src/store/testing/images.ts";
import { temporaryDirectory } from "../fixtures/temporary-directory.ts";
import { describeWhere } from "../tools.ts";
import { canMount } from "./mounts.ts";
import { canMeasureMemory } from "./peak-memory.ts";
import { startServer, type ServerProcess } from "./registry-server.ts";

const NAME = "examples/full";
const UNMOUNTABLE = "only root can mount a file system of 8 MiB";

let directory: string;
let remove: () => Promise<void>;
let ends: (() => unknown)[];
beforeEach(async () => {
  ({ path: directory, remove } = await temporaryDirectory());
  ends = [];
});
afterEach(async () => {
  for (const end of ends.toReversed()) await end();
  await remove();
});

/** A small file system, mounted for the test. */
function mountSmall(): string {
  const mounted = join(directory, "small");
  mkdirSync(mounted);
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=8m", "tmpfs", mounted]);
  ends.push(() => execFileSync("umount", ["--lazy", mounted]));
  return mounted;
}

/** The system makes nothing read-only that is being written, as the journal is for some seconds after a push. */
async function remount(mounted: string, mode: "ro" | "rw"): Promise<void> {
  const isDone = async (): Promise<boolean> =>
    spawnSync("mount", ["-o", `remount,${mode}`, mounted], { stdio: "ignore" }).status === 0;
  await expect.poll(isDone, { timeout: 30_000, interval: 200 }).toBe(true);
}

async function start(root: string, options: { readonly files?: number } = {}): Promise<ServerProcess> {
  const server = await startServer(root, options);
  ends.push(async () => {
    server.kill();
    await server.ended;
  });
  return server;
}

/** Pushes and tags an image; resolves to the status with which it was refused, `undefined` when it was not. */
async function push({ host }: ServerProcess, tag: string): Promise<number | undefined> {
  const store = new RemoteStore({ registry: host, retry: { attempts: 1 } });
  const repository = store.repository(`${host}/${NAME}`);
  try {
    const { manifest } = await pushImage(repository, `image ${tag}`);
    await repository.tag(manifest, tag);
    return undefined;
  } catch (error) {
    return (error as { readonly status?: number }).status ?? 0;
  } finally {
    await store.close();
  }
}

/** Pushes until that fails; resolves to the tags that were acknowledged, and what the failure was. */
async function pushUntilRefused(server: ServerProcess): Promise<{ readonly tags: string[]; readonly status: number }> {
  const tags: string[] = [];
  for (let at = 0; ; at += 1) {
    const status = await push(server, `${at}`);
    if (status !== undefined) return { tags, status };
    tags.push(`${at}`);
  }
}

/** Every tag is there, with all that it needs; nothing else is. */
async function expectWhole(server: ServerProcess, root: string, tags: readonly string[]): Promise<void> {
  const response = await fetch(`${server.url}/v2/${NAME}/tags/list`);
  const listed = ((await response.json()) as { readonly tags: readonly string[] }).tags;
  expect(new Set(listed)).toEqual(new Set(tags));
  for (const tag of tags) expect((await fetch(`${server.url}/v2/${NAME}/manifests/${tag}`)).status).toBe(200);
  const beside = await createFsStorage(root, { purpose: "maintain" });
  expect(await listOf(fsck(beside))).toEqual([]);
  expect((await scrub(beside, { dryRun: true })).damaged).toEqual([]);
  await beside.close();
}

describeWhere(canMount, UNMOUNTABLE, "a disk", () => {
  it("that is full refuses pushes, serves what it has, and takes pushes when there is room again", async () => {
    const mounted = mountSmall();
    const root = join(mounted, "registry");
    const server = await start(root);
    const ballast = join(mounted, "ballast");
    expect(await push(server, "before")).toBeUndefined();
    await writeFile(ballast, "x".repeat(7 * 1024 ** 2));
    const { tags, status } = await pushUntilRefused(server);
    expect(status).toBe(507);
    const isReady = async (): Promise<number> => (await fetch(`${server.url}/readyz`)).status;
    await expect.poll(isReady, { timeout: 10_000 }).toBe(503);
    // What is left of the room, so that nothing at all fits.
    await writeFile(join(mounted, "rest"), "x".repeat(8 * 1024 ** 2)).catch(() => undefined);
    const large = Buffer.alloc(1024 ** 2, "large");
    const begun = await fetch(`${server.url}/v2/${NAME}/blobs/uploads/`, { method: "POST" });
    const location = new URL(begun.headers.get("location") ?? "/", server.url);
    const patched = begun.status === 202 ? await fetch(location, { method: "PATCH", body: large }) : begun;
    expect(patched.status).toBe(507);
    await expectWhole(server, root, ["before", ...tags]);
    expect(server.log()).toContain("ENOSPC");

    await Promise.all([rm(ballast), rm(join(mounted, "rest"))]);
    await expect.poll(isReady, { timeout: 10_000 }).toBe(200);
    expect(await push(server, "after")).toBeUndefined();
    await expectWhole(server, root, ["before", ...tags, "after"]);
    expect(readdirSync(join(root, "work", "tmp"))).toEqual([]);
    await server.end();
  });

  it("that becomes read-only refuses pushes, serves what it has, and takes pushes when it is writable again", async () => {
    const mounted = mountSmall();
    const root = join(mounted, "registry");
    const server = await start(root);
    expect(await push(server, "before")).toBeUndefined();
    await remount(mounted, "ro");
    expect(await push(server, "meanwhile")).toBe(507);
    const removal = await fetch(`${server.url}/v2/${NAME}/manifests/before`, { method: "DELETE" });
    expect(removal.status).toBe(507);
    await expectWhole(server, root, ["before"]);
    await remount(mounted, "rw");
    expect(await push(server, "after")).toBeUndefined();
    await expectWhole(server, root, ["before", "after"]);
    await server.end();
  });
});

describeWhere(canMeasureMemory, "the limit of open files is set as on Linux", "too few open files", () => {
  it("refuse some requests, end no server, and lose nothing", async () => {
    const root = join(directory, "registry");
    const server = await start(root, { files: 80 });
    expect(await push(server, "before")).toBeUndefined();
    const idle = await Promise.all(Array.from({ length: 200 }, async () => holdConnection(server)));
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, async (_, at) => [`${at}`, await push(server, `${at}`).catch(() => 0)] as const),
    );
    for (const socket of idle) socket.destroy();
    const tags = outcomes.flatMap(([tag, status]) => (status === undefined ? [tag] : []));
    expect(tags.length).toBeLessThan(outcomes.length);
    for (const [, status] of outcomes) expect([undefined, 0, 500, 503, 507]).toContain(status);
    await expect.poll(async () => push(server, "after"), { timeout: 30_000 }).toBeUndefined();
    await expectWhole(server, root, ["before", ...tags, "after"]);
    await server.end();
  });
});

describe("a disk that says it wrote what it did not", () => {
  it("is found out by whoever reads", async () => {
    const root = join(directory, "registry");
    const server = await start(root);
    expect(await push(server, "one")).toBeUndefined();
    const { layers } = (await (await fetch(`${server.url}/v2/${NAME}/manifests/one`)).json()) as {
      readonly layers: readonly [{ readonly digest: string }];
    };
    const [{ digest }] = layers;
    const hex = digest.slice("sha256:".length);
    await truncate(join(root, "blobs", "sha256", hex.slice(0, 2), hex), 3);
    const read = await fetch(`${server.url}/v2/${NAME}/blobs/${digest}`).then(
      async (response) => (response.status === 200 ? response.arrayBuffer() : "refused"),
      () => "broken off",
    );
    expect(["refused", "broken off"]).toContain(read);
    await server.end();
  });
});

/** A connection that takes a file of the server and asks for nothing; the server may refuse it. */
async function holdConnection({ host }: ServerProcess): Promise<Socket> {
  const [address = "", port = ""] = host.split(":");
  const socket = connect(Number(port), address);
  await new Promise((resolve) => socket.once("connect", resolve).once("error", resolve));
  socket.on("error", () => {});
  return socket;
}
