import { randomBytes } from "node:crypto";
import { mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { beforeAll, describe, expect, it } from "vitest";

import { COMMAND, IS_BUILD } from "../command.ts";
import { registryFor } from "./registry.ts";
import { createWorkspace, finished, type Workspace } from "./skillctl.ts";

let user: Workspace;
beforeAll(async () => {
  user = await createWorkspace();
  await user.skill("hello", {}, { "long.txt": "a line of text\n".repeat(200_000) });
  await user.run(["pack", "hello"]);
});

async function files(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => `${entry.parentPath}/${entry.name}`.slice(directory.length + 1));
}

/** Looks again and again, a few milliseconds apart, until something is so. */
async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await wait(2);
}

describe.runIf(process.platform === "linux")("where the system lets nobody make a directory", () => {
  beforeAll(() => user.run(["tag", "examples/hello:1.0.0-draft", "quay.io/a/hello:1.0.0-draft"]));

  it.each([
    [["init", "/proc/foo", "--description", "x"], 1],
    [["mount", "quay.io/a/hello:1.0.0-draft", "--for", "quadlet", "-o", "/proc/units"], 1],
    [["config", "set", "registry", "a.b"], 1],
    [["list"], 0],
  ])("a command ends: %j", async (args, expected) => {
    const env = { XDG_CONFIG_HOME: "/proc/cfg", XDG_CACHE_HOME: "/proc/cache" };
    const child = user.start(args, { env });
    const ended = finished(child);
    const limit = setTimeout(() => child.kill("SIGKILL"), 20_000);
    const { status, stderr } = await ended;
    clearTimeout(limit);
    expect({ status, stderr }).toMatchObject({ status: expected });
    if (expected !== 0) expect(stderr).toContain("no directory can be made there");
  });
});

// Elsewhere, nobody can remove a directory that somebody is in.
it
  .runIf(process.platform === "linux")
  .each([
    "init x --description y",
    "pack .",
    "validate .",
    "list --store relative",
    "import x.tar",
    "serve --root x --listen 127.0.0.1:0",
  ])("in a directory that was removed says so: skillctl %s", async (call) => {
  const script = 'mkdir gone && cd gone && rmdir ../gone && exec "$@"';
  const { status, stdout, stderr } = await user.shell("sh", ["-c", script, "sh", ...COMMAND, ...call.split(" ")]);
  const said = `${stdout}${stderr}`;
  // Bun, which an executable contains, says so itself and does not begin.
  if (IS_BUILD)
    expect([status, ...said.split("\n", 2)]).toEqual([
      2,
      "error: the current directory does not exist any more",
      "hint: Go to one that does, with cd, and give the command again.",
    ]);
  else
    expect([status, said]).toEqual([
      1,
      expect.stringMatching(/^error: The current working directory was deleted, .* cd into a different directory/),
    ]);
});

describe("stdout", () => {
  it("may be closed early: nothing fails and nothing is said", async () => {
    const script = "set -o pipefail; skillctl cat examples/hello:1.0.0-draft long.txt | head -n 1";
    expect(await user.shell("bash", ["-c", script])).toEqual({ status: 0, stdout: "a line of text\n", stderr: "" });
  });

  it.each([
    ["list"],
    ["list", "--json"],
    ["help"],
    ["list", "--help"],
    ["version"],
    ["cat", "examples/hello:1.0.0-draft"],
  ])("on a full disk is no bug of ours: %s %s", async (...args) => {
    const words = args.map((arg) => `'${arg}'`).join(" ");
    const { status, stderr } = await user.shell("bash", ["-c", `skillctl ${words} > /dev/full`]);
    expect(status).toBe(1);
    expect(stderr).toContain("cannot write the output: no space left on device");
    expect(stderr).not.toContain("bug");
  });

  it("may be a file that --output names: one that cannot be written is told by name", async () => {
    const { status, stderr } = await user.run(["export", "examples/hello:1.0.0-draft", "-o", "/dev/full"]);
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: expect.stringContaining("cannot write /dev/full: no space left on device") as string,
    });
  });

  it("holds results only, and stderr the rest", async () => {
    const { stdout, stderr } = await user.run(["pack", "hello", "--json"]);
    expect(() => JSON.parse(stdout) as unknown).not.toThrow();
    expect(stderr).toBe("");
  });

  it("is coloured when asked, and never with NO_COLOR", async () => {
    const list = async (env: Record<string, string>, ...args: string[]): Promise<string> =>
      (await user.run(["list", ...args], { env })).stdout;
    expect(await list({})).not.toContain("\u001b");
    expect(await list({ FORCE_COLOR: "1" })).toContain("\u001b[33mdraft\u001b[39m");
    expect(await list({ FORCE_COLOR: "1", NO_COLOR: "1" })).not.toContain("\u001b");
    expect(await list({ FORCE_COLOR: "1" }, "--no-color")).not.toContain("\u001b");
    expect(await list({}, "--color")).toContain("\u001b[33m");
  });
});

describe("text of strangers", () => {
  it("reaches the terminal as visible codes, in text and in JSON", async () => {
    const description = "nice\u001b[2J\u202eskill\u{e0041}";
    await user.write({
      "evil/SKILL.md": `---\nname: evil\ndescription: ${JSON.stringify(description)}\n---\n# Evil\n`,
    });
    const packed = await user.run(["pack", "evil", "-q"]);
    const hostile = /[\p{Cc}\p{Cf}]/u;
    expect((packed.stdout + packed.stderr).replaceAll("\n", "")).not.toMatch(hostile);
    expect(packed.status).toBe(0);
    const reference = packed.stdout.trim();
    const text = await user.run(["inspect", reference]);
    expect(text.stdout).toContain("nice\\u{1b}[2J\\u{202e}skill\\u{e0041}");
    const json = await user.run(["inspect", reference, "--json"]);
    expect(json.stdout.replaceAll("\n", "")).not.toMatch(hostile);
    expect(JSON.parse(json.stdout)).toMatchObject({ card: { description } });
  });
});

describe("version", () => {
  it("is said by the command and by the flag", async () => {
    const { status, stdout } = await user.run(["version"]);
    expect({ status, stdout }).toEqual({
      status: 0,
      stdout: expect.stringMatching(/^skillctl \d+\.\d+\.\d+\S*\n$/) as string,
    });
    expect((await user.run(["--version"])).stdout).toBe(stdout);
    expect((await user.run(["-V"])).stdout).toBe(stdout);
    expect(await user.json("version")).toEqual({
      version: stdout.trim().split(" ")[1],
      commit: expect.any(String) as string,
      runtime: IS_BUILD ? `node ${process.versions.node}` : (expect.stringMatching(/^(?:node|bun) \d/) as string),
      platform: IS_BUILD
        ? `${process.platform}/${process.arch}`
        : (expect.stringMatching(/^\w+\/(?:x64|arm64)$/) as string),
    });
  });
});

describe("a signal", () => {
  it.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
    ["SIGHUP", 129],
  ] as const)("%s during a large pack leaves nothing behind and exits with %d", async (signal, status) => {
    const store = user.path(`store-${signal}`);
    const random = randomBytes(12 * 1024 * 1024);
    await user.skill("large", {}, { "1.bin": random, "2.bin": random, "3.bin": random, "4.bin": random });
    const child = user.start(["pack", "large", "--store", store]);
    const end = finished(child);
    await until(async () => (await files(store)).some((file) => file.includes("tmp/")));
    child.kill(signal);
    expect(await end).toEqual({ status, stdout: "", stderr: "" });
    expect((await files(store)).filter((file) => file.includes("tmp/") || file.includes("blobs/"))).toEqual([]);
    expect((await user.run(["fsck", "--store", store])).status).toBe(0);
    expect((await user.run(["list", "--store", store, "--json"])).stdout).toBe("[]\n");
  });

  it.each([
    ["text", []],
    ["JSON", ["--json"]],
  ])("behind the first of many skills, which takes long, tells what was done, in %s", async (form, options) => {
    const store = user.path(`store-many-${form}`);
    const random = randomBytes(12 * 1024 * 1024);
    await user.skill("large", {}, { "1.bin": random, "2.bin": random, "3.bin": random, "4.bin": random });
    const small = ["few-1", "few-2", "few-3"];
    for (const name of small) await user.skill(name);
    const child = user.start(["pack", "large", ...small, "--store", store, ...options]);
    const end = finished(child);
    const index = async (): Promise<string> => readFile(join(store, "index.json"), "utf8").catch(() => "");
    await until(async () => {
      const text = await index();
      return small.every((name) => text.includes(name));
    });
    child.kill("SIGINT");
    const { status, stdout, stderr } = await end;
    expect(status).toBe(130);
    const told =
      form === "JSON"
        ? (JSON.parse(stdout) as { directory: string }[]).map(({ directory }) => directory)
        : stdout.match(/few-\d/g);
    expect(told).toEqual(small);
    expect(stderr).toContain(form === "JSON" ? "" : "Interrupted. What is done stays");
  });

  it("during a promotion, whose new tag is set, says so and what may be left", async () => {
    const registry = await registryFor(user, ["quay.io"]);
    const env = { HOME: user.directory };
    await user.run(["pack", await user.skill("half"), "--store", "half-store"]);
    const draft = "quay.io/acme/half:1.0.0-draft";
    await user.run(["push", "examples/half:1.0.0-draft", draft, "--store", "half-store"], { env });
    const removing = new Promise<void>((seen) =>
      registry.fail({ method: "DELETE", hold: new Promise(() => {}), seen }),
    );
    const child = user.start(["promote", draft, "--to", "testing"], { env });
    const end = finished(child);
    await removing;
    child.kill("SIGINT");
    const { status, stderr } = await end;
    expect([status, stderr]).toEqual([
      130,
      expect.stringContaining("error: quay.io/acme/half:1.0.0-testing stands, but 1.0.0-draft may be there still"),
    ]);
    const again = await user.run(["promote", draft, "--to", "testing", "--json"], { env });
    expect(JSON.parse(again.stdout)).toMatchObject({ tags: { removed: ["1.0.0-draft"] } });
  });

  it("ends a command that waits for its input", async () => {
    const temporary = user.path("tmp");
    await mkdir(temporary);
    const child = user.start(["import", "-"], { env: { TMPDIR: temporary } });
    const end = finished(child);
    await until(async () => (await readdir(temporary)).length > 0);
    child.kill("SIGINT");
    expect((await end).status).toBe(130);
    expect(await readdir(temporary)).toEqual([]);
  });
});
