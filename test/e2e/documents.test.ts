/** Every command in README.md and in the commands' own help, run as it stands. */
import { execFile } from "node:child_process";
import { once } from "node:events";
import { chmodSync, cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { beforeAll, describe, expect, it } from "vitest";

import { COMMANDS } from "../../src/cli/program.ts";
import { copyRepository, exportImages, LayoutStore, pack, parseReference, promote } from "../../src/index.ts";
import { RobotTokens } from "../../src/registry/access/index.ts";
import { backup } from "../../src/registry/maintenance/index.ts";
import { createFsStorage } from "../../src/registry/storage/fs/index.ts";
import { storeImage } from "../../src/registry/storage/testing/images.ts";
import { RemoteStore } from "../../src/remote/index.ts";
import { collect } from "../../src/skill/testing/collect.ts";
import { howToGet, zsh } from "../tools.ts";
import { registryFor } from "./registry.ts";
import { createWorkspace, finished, type Workspace } from "./skillctl.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const README = readFileSync(`${ROOT}README.md`, "utf8");

const blocks = (markdown: string): string[] =>
  [...markdown.matchAll(/^```sh\n(.*?)^```/gms)].map((match) => match[1] ?? "");

async function run(workspace: Workspace, script: string, shell = "bash") {
  return workspace.shell(shell, ["-euo", "pipefail", "-c", script], {
    env: { HOME: workspace.directory, TOKEN: "t0ken" },
  });
}

describe("README.md", () => {
  let workspace: Workspace;
  beforeAll(async () => {
    workspace = await createWorkspace();
    cpSync(`${ROOT}examples`, workspace.path("examples"), { recursive: true });
    await registryFor(workspace);
  });

  it.each(blocks(README))("%s", async (script) => {
    const { status, stderr } = await run(workspace, script);
    expect([status, stderr.split("\n").filter((line) => /^(?:error|warning)/.test(line))]).toEqual([0, []]);
  });

  it("names the two commands that package.json has", () => {
    const { scripts } = JSON.parse(readFileSync(`${ROOT}package.json`, "utf8")) as { scripts: Record<string, string> };
    expect(README).toContain("npm ci && npm run demo ");
    expect(README).toContain("npm ci && npm test ");
    expect(scripts).toMatchObject({ demo: expect.any(String) as string, test: expect.any(String) as string });
  });

  it("shows a program that works as it stands", async () => {
    const own = await createWorkspace();
    cpSync(`${ROOT}examples`, own.path("examples"), { recursive: true });
    const [program = ""] = [...README.matchAll(/^```ts\n(.*?)^```/gms)].map((match) => match[1]);
    await own.write({ "program.mjs": program.replace('"skillimage"', JSON.stringify(`${ROOT}dist/index.js`)) });
    expect(await own.shell(process.execPath, ["program.mjs"])).toEqual({ status: 0, stdout: "", stderr: "" });
  });
});

describe.each(["skill-images", "lifecycle"])("docs/concepts/%s.md", (name) => {
  it("shows commands that work, one after the other", async () => {
    const workspace = await createWorkspace();
    cpSync(`${ROOT}examples`, workspace.path("examples"), { recursive: true });
    const scripts = blocks(readFileSync(`${ROOT}docs/concepts/${name}.md`, "utf8"));
    expect(scripts).not.toEqual([]);
    expect(await run(workspace, scripts.join("\n"))).toMatchObject({ status: 0 });
  });
});

describe("the demo", () => {
  it("does the main job from beginning to end", async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [`${ROOT}scripts/demo.mjs`]);
    expect(stdout).toMatch(/the layer that was packed is the layer that is published: sha256:[0-9a-f]{64}/);
    expect(stdout).toMatch(/^Done in [\d.]+ s/m);
  });
});

/** Examples that need a terminal say so instead of doing something that nobody confirmed. */
const NEEDS_TERMINAL = new Set([
  "skillctl rm examples/hello-world:1.0.0-draft",
  "skillctl init my-skill",
  "skillctl login quay.io",
]);

const EXAMPLES = await Promise.all(
  COMMANDS.filter((entry) => !entry.name.startsWith("_")).map(async ({ name, load }) => {
    const { examples } = await load();
    return examples.map((example) => [name, example.command] as const);
  }),
);

describe("the help", () => {
  it.for(EXAMPLES.flat())("of %s: %s", async ([, command], { skip }) => {
    const isZsh = command.includes("zsh");
    if (isZsh && zsh.path === undefined && process.env["CI"] === undefined) skip(howToGet([zsh]));
    const workspace = await createWorkspace();
    await prepare(workspace, command);
    if (command.startsWith("skillctl serve")) return serves(workspace, command);
    const before = isZsh ? "autoload -Uz compinit && compinit -u\n" : command.includes("pack .") ? "cd mine\n" : "";
    const { status, stderr } = await run(workspace, before + command, isZsh ? "zsh" : "bash");
    if (NEEDS_TERMINAL.has(command)) expect([status, stderr]).toEqual([2, expect.stringContaining("terminal")]);
    else expect([status, stderr.split("\n").filter((line) => line.startsWith("error"))]).toEqual([0, []]);
  });
});

/** A server never ends by itself; and a test listens on this machine only, on any port that is free. */
async function serves(workspace: Workspace, command: string): Promise<void> {
  await workspace.write({ "registry.yaml": "listen: 127.0.0.1:0\n" });
  const local = command.replace(/--listen \S+/, "").replace("/srv", "srv");
  const child = workspace.start([...local.split(/\s+/).slice(1), "--listen", "127.0.0.1:0"], {
    env: { XDG_DATA_HOME: workspace.path("data") },
  });
  const done = finished(child);
  if (child.stdout === null) throw new Error("the command has no output");
  await once(child.stdout, "data");
  child.kill("SIGTERM");
  const { status, stdout } = await done;
  expect([status, stdout]).toEqual([143, expect.stringMatching(/^serving http:\/\/127\.0\.0\.1:\d+ from /)]);
}

/** What the examples speak of: skills, an image in the state that the command names, a file, a program at the other end. */
async function prepare(workspace: Workspace, command: string): Promise<void> {
  for (const name of ["examples", "skills"]) cpSync(`${ROOT}examples`, workspace.path(name), { recursive: true });
  for (const name of ["hello-world", "mine"])
    cpSync(`${ROOT}examples/hello-world`, workspace.path(name), { recursive: true });
  await workspace.skill("models");
  await workspace.write({
    "bin/ssh": '#!/bin/sh\nshift\nexec "$@"\n',
    "bin/podman": "#!/bin/sh\ncat >/dev/null\n",
    "bin/jq": '#!/bin/sh\ngrep -qE "lifecycle|steps"\n',
    ".config/fish/completions/.keep": "",
    "registry.yaml": "root: registry\n",
    "new.yaml": "root: new\n",
  });
  for (const program of ["ssh", "podman", "jq"]) chmodSync(workspace.path("bin", program), 0o755);
  if (command.includes("git log")) await run(workspace, COMMIT);

  if (command.startsWith("skillctl ci")) await run(workspace, COMMIT_SKILLS);
  if (/ (?:gc|scrub|fsck|backup|restore|robot) /.test(`${command} `)) await prepareRegistries(workspace, command);

  const store = await LayoutStore.open(workspace.store);
  if (command.includes("models")) {
    await pack(workspace.path("models"), store);
    await publish(store, "examples/models");
  }
  if (command.includes(" pack ")) return;
  await pack(workspace.path("hello-world"), store);
  await prepareHelloWorld(store, command);
  if (/quay\.io|registry\.example\.com/.test(command)) await prepareRegistry(workspace, store, command);
  if (command.includes("import hello-world.tar")) {
    const archive = exportImages(store, [parseReference("examples/hello-world:1.0.0")]);
    writeFileSync(workspace.path("hello-world.tar"), Buffer.concat(await collect(archive)));
  }
  // The examples of unpack make the directory themselves.
  if (command.includes("unpack"))
    for (const name of ["hello-world", "models"]) rmSync(workspace.path(name), { recursive: true });
}

/** Brings the image into the state that the command names. */
async function prepareHelloWorld(store: LayoutStore, command: string): Promise<void> {
  if (/-draft|status draft/.test(command)) return;
  if (command.includes("-testing")) {
    await promote(store, parseReference("examples/hello-world:1.0.0-draft"), "testing");
    return;
  }
  await publish(store, "examples/hello-world");
}

/** Lets a registry hold what is here, unless the command is what brings it there. */
async function prepareRegistry(workspace: Workspace, store: LayoutStore, command: string): Promise<void> {
  const registry = await registryFor(workspace);
  if (command.startsWith("skillctl push")) return;
  const there = new RemoteStore({ registry: registry.host }).repository(`${registry.host}/quay.io/myorg/hello-world`);
  for await (const _ of copyRepository(store.repository("examples/hello-world"), there)) continue;
}

async function publish(store: LayoutStore, name: string): Promise<void> {
  await promote(store, parseReference(`${name}:1.0.0-draft`), "testing");
  await promote(store, parseReference(`${name}:1.0.0-testing`), "published");
}

const COMMIT =
  "git init -q mine && cd mine && git add . && git -c user.name=x -c user.email=x@example.com commit -qm x";

const COMMIT_SKILLS = "git init -q && git add skills && git -c user.name=x -c user.email=x@example.com commit -qm x";

/** Registries where `skillctl serve` keeps one and in `registry`, with a robot token each; to restore, a backup, and one that was begun to be restored. */
async function prepareRegistries(workspace: Workspace, command: string): Promise<void> {
  for (const root of [workspace.path(".local", "share", "skillctl", "registry"), workspace.path("registry")]) {
    const storage = await createFsStorage(root);
    await storeImage(storage, "examples/hello-world", "one", { tag: "1.0.0" });
    const isSource = command.includes(" restore ") && root.endsWith(`${workspace.directory}/registry`);
    if (isSource) await backup(storage, workspace.path("backup"));
    await storage.close();
    await new RobotTokens(`${root}/access/robots.json`).create("sync", Date.now() + 1e6);
  }
  await (await createFsStorage(workspace.path("restored"))).close();
}
