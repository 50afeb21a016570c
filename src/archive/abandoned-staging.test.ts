/** What becomes of a target, and of what lies beside it, when replacing it was cut short. */
import { spawnSync } from "node:child_process";
import { chmod, mkdir, mkdtemp, readdir, readFile, realpath, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";

import { buildSync } from "esbuild";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";

import { inPieces, rawTar } from "../../test/fixtures/raw-tar.ts";
import { extractLayers } from "./extract.ts";
import type { LayerSource } from "./types.ts";

let workshop: string;
let room: string;
let target: string;

beforeAll(async () => {
  workshop = await mkdtemp(join(tmpdir(), "killed-"));
  buildSync({
    entryPoints: [join(import.meta.dirname, "extract.ts")],
    outfile: join(workshop, "extract.mjs"),
    bundle: true,
    platform: "node",
    format: "esm",
  });
  await writeFile(join(workshop, "killed.mjs"), KILLED);
  await writeFile(join(workshop, "layer.tar"), rawTar({ name: "f", content: "new" }));
  await chmod(workshop, 0o755);
});

afterAll(() => rm(workshop, { recursive: true }));

beforeEach(async () => {
  room = await realpath(await mkdtemp(join(tmpdir(), "abandoned-")));
  target = join(room, "skill");
  await mkdir(target);
  await writeFile(join(target, "mine"), "mine");
});

afterEach(() => rm(room, { recursive: true }));

function layer(): LayerSource {
  return { content: inPieces(rawTar({ name: "f", content: "new" })), compression: "none" };
}

const everything = async (): Promise<string[]> => (await readdir(room, { recursive: true })).toSorted();

/** Unpacks over the target in a process that kills itself before the given call, counted, of a function of node:fs. */
const KILLED = `
import fs from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
const [name, nth, tar, target] = process.argv.slice(2);
const original = fs[name];
let calls = 0;
fs[name] = (...args) => {
  if (++calls === Number(nth)) process.kill(process.pid, "SIGKILL");
  return original(...args);
};
syncBuiltinESMExports();
const { extractLayers } = await import("./extract.mjs");
async function* content() { yield await fs.readFile(tar); }
await extractLayers([{ content: content(), compression: "none" }], target, { replace: true });
`;

function unpackAndDie(call: string, nth: number): void {
  const parameters = [call, String(nth), join(workshop, "layer.tar"), target];
  const child = spawnSync(process.execPath, [join(workshop, "killed.mjs"), ...parameters]);
  expect(child.signal, child.stderr.toString()).toBe("SIGKILL");
}

describe("a process that is killed while it replaces a directory", () => {
  test.each([
    ["before it moves the old one away", "rename", 1, ["mine"]],
    ["between the two renames", "rename", 2, ["mine"]],
    ["before it removes the old one", "rm", 1, ["f"]],
  ])("%s leaves nothing that the next one does not put right", async (_, call, nth, now) => {
    unpackAndDie(call, nth);
    expect((await readdir(room)).filter((name) => name.startsWith(".skillctl-"))).toHaveLength(1);
    await expect(extractLayers([layer()], target)).rejects.toMatchObject({ code: "TARGET_EXISTS" });
    expect(await everything()).toEqual(["skill", ...now.map((name) => `skill/${name}`)]);
    await extractLayers([layer()], target, { replace: true });
    expect(await everything()).toEqual(["skill", "skill/f"]);
  });

  test("leaves the old directory alone where something else has taken its place", async () => {
    unpackAndDie("rename", 2);
    await mkdir(target);
    await writeFile(join(target, "other"), "other");
    await extractLayers([layer()], target, { replace: true });
    const [staging = ""] = await readdir(room);
    expect(await readFile(join(room, staging, "previous", "mine"), "utf8")).toBe("mine");
    expect(await readdir(target)).toEqual(["f"]);
  });
});

describe("a marker", () => {
  async function leave(text: string): Promise<string> {
    const staging = join(room, `.skillctl-${"a".repeat(24)}`);
    await mkdir(join(staging, "previous"), { recursive: true });
    await writeFile(join(staging, "replacing"), text);
    return staging;
  }
  const other = "0".repeat(16);

  test("of a process that still runs is respected", async () => {
    await leave(`${process.ppid} ${other} gone\n`);
    await extractLayers([layer()], target, { replace: true });
    expect(await readdir(room)).toEqual([`.skillctl-${"a".repeat(24)}`, "skill"]);
  });

  test("of a process that had our number, as in a container, is taken for what it is", async () => {
    await leave(`${process.pid} ${other} gone\n`);
    await extractLayers([layer()], target, { replace: true });
    expect(await readdir(room)).toEqual(["gone", "skill"]);
  });

  test.each(["../gone", "..", "a/b", ""])("that names %j moves nothing", async (name) => {
    const staging = await leave(`${process.pid} ${other} ${name}\n`);
    await extractLayers([layer()], target, { replace: true });
    expect(await readdir(staging)).toEqual(["previous", "replacing"]);
    expect(await readdir(room)).toEqual([basename(staging), "skill"]);
  });
});

describe("an ordinary user's read-only directories", () => {
  beforeEach(async () => {
    await mkdir(join(target, "sub"));
    await writeFile(join(target, "sub", "old"), "old");
    await chmod(join(target, "sub"), 0o555);
    await chmod(target, 0o555);
  });

  afterEach(async () => {
    for (const path of [target, join(target, "sub")]) await chmod(path, 0o755).catch(() => undefined);
  });

  /** Root may write anywhere; so the test becomes somebody else for the time being. */
  async function asOrdinaryUser<T>(act: () => Promise<T>): Promise<T> {
    if (process.getuid?.() !== 0) return act();
    const chown = spawnSync("chown", ["-R", "65534:65534", room]);
    expect(chown.status).toBe(0);
    process.seteuid?.(65_534);
    try {
      return await act();
    } finally {
      process.seteuid?.(0);
    }
  }

  test("are replaced like others, and nothing stays behind", async () => {
    expect(await asOrdinaryUser(() => extractLayers([layer()], target, { replace: true }))).toEqual({
      files: 1,
      size: 3,
    });
    expect(await everything()).toEqual(["skill", "skill/f"]);
  });

  test("keep their modes when they are put back", async () => {
    await asOrdinaryUser(async () => {
      unpackAndDie("rename", 3); // The first is refused, the second moves it away after all.
      await expect(extractLayers([layer()], target)).rejects.toMatchObject({ code: "TARGET_EXISTS" });
    });
    expect((await stat(target)).mode & 0o777).toBe(0o555);
    expect(await everything()).toEqual(["skill", "skill/mine", "skill/sub", "skill/sub/old"]);
  });
});

test.runIf(process.getuid?.() === 0)("an old directory that cannot be removed is told of", async () => {
  await mkdir(join(target, "theirs"));
  await writeFile(join(target, "theirs", "file"), "not ours");
  const chowned = spawnSync("chown", ["65534:65534", room, target]);
  expect(chowned.status).toBe(0);
  process.seteuid?.(65_534);
  const { leftover = "" } = await extractLayers([layer()], target, { replace: true }).finally(() => {
    process.seteuid?.(0);
  });
  expect(await readdir(leftover, { recursive: true })).toContain("previous/theirs/file");
  expect(await readdir(target)).toEqual(["f"]);
});
