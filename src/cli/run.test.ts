import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it, onTestFinished } from "vitest";

import { COMMANDS } from "./program.ts";
import { run } from "./run.ts";
import { recordingEnvironment, type Recorded, type Surroundings } from "./testing/environment.ts";

const store = mkdtempSync(join(tmpdir(), "skillctl-run-"));
afterAll(() => rmSync(store, { recursive: true, force: true }));

async function call(
  argv: readonly string[],
  surroundings: Surroundings = {},
): Promise<Recorded["written"] & { status: number }> {
  const environment = recordingEnvironment({
    ...surroundings,
    variables: { SKILLCTL_STORE: store, ...surroundings.variables },
  });
  const status = await run(argv, environment);
  return { status, ...environment.written };
}

describe("config", () => {
  it("shows the store that a flag names, for that call", async () => {
    const directory = mkdtempSync(join(tmpdir(), "skillctl-config-"));
    onTestFinished(() => rmSync(directory, { recursive: true }));
    const variables = { SKILLCTL_CONFIG: join(directory, "config.yaml") };
    const { stdout } = await call(["config", "list", "--store", "elsewhere"], { variables });
    expect(stdout).toMatch(/^store +elsewhere +--store$/m);
    expect((await call(["config", "get", "store", "--store", "elsewhere"], { variables })).stdout).toBe("elsewhere\n");
    const json = await call(["config", "list", "--store", "elsewhere", "--json"], { variables });
    expect((JSON.parse(json.stdout) as unknown[])[1]).toMatchObject({
      value: "elsewhere",
      source: "flag",
      from: "--store",
    });
    const set = await call(["config", "set", "store", "/kept", "--store", "elsewhere"], {
      variables: { ...variables, SKILLCTL_STORE: "" },
    });
    expect(set.stdout).toBe("store is /kept\n");
  });
});

describe("help", () => {
  it.each(COMMANDS.filter((entry) => entry.hidden !== true).map((entry) => entry.name))(
    "of %s has a description, examples and exit statuses",
    async (name) => {
      const { status, stdout, stderr } = await call(["help", name]);
      expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
      expect(stdout).toMatch(new RegExp(`^Usage: skillctl ${name}`));
      expect(stdout).toMatch(/\nExamples:\n {2}# .+\n {2}.*skillctl/);
      expect(stdout).toMatch(/\nExit status:\n {2}0 {4}\w/);
      expect(stdout).toContain("--store <directory>");
      expect(await call([name, "--help"])).toEqual({ status, stdout, stderr });
    },
  );

  it("lists the commands, without arguments too", async () => {
    const overview = await call([]);
    expect(overview).toEqual(await call(["help"]));
    for (const { name, summary } of COMMANDS.filter((entry) => entry.hidden !== true)) {
      expect(overview.stdout).toContain(name);
      expect(overview.stdout).toContain(summary);
    }
    expect(overview.stdout).not.toContain("__complete");
  });

  it.each([["--json"], ["-q"], ["--store", "x"]])("is what flags alone are told to look at: %s", async (...flags) => {
    const { status, stdout, stderr } = await call(flags);
    expect([status, stdout]).toEqual([2, ""]);
    expect(stderr).toContain("no command is named");
    expect(stderr).toContain("skillctl help");
  });

  it("of an action is that of its command, and what is none is told", async () => {
    expect(await call(["help", "config", "set"])).toEqual(await call(["help", "config"]));
    const unknown = await call(["help", "config", "sett"]);
    expect(unknown).toMatchObject({ status: 2, stderr: expect.stringContaining('"sett" is not an action') as string });
    expect(unknown.stderr).toContain("Did you mean set?");
    expect(await call(["help", "pack", "it"])).toEqual({
      status: 2,
      stdout: "",
      stderr: 'error: pack has no action "it"\nhint: See what is possible: skillctl help pack\n',
    });
    expect((await call(["help", "nope", "set"])).stderr).toContain("unknown command 'nope'");
  });

  it("shows every alias in a command's usage", async () => {
    expect((await call(["help", "images"])).stdout).toMatch(/^Usage: skillctl list\|ls\|images \[options\] \[name\]\n/);
  });

  it("is plain where it is piped and coloured on a terminal", async () => {
    expect((await call(["help"])).stdout).not.toContain("\u001b");
    expect((await call(["help"], { terminal: true })).stdout).toContain("\u001b[1m");
    expect((await call(["help"], { terminal: true, variables: { NO_COLOR: "1" } })).stdout).not.toContain("\u001b");
  });
});

describe("a global flag", () => {
  it("that is given twice counts as it is given last, behind the command", async () => {
    const { stderr } = await call(["--store", "/absent-first", "fsck", "--store", "/absent-second"]);
    expect(stderr).toContain("/absent-second");
    expect(stderr).not.toContain("/absent-first");
  });
});

describe("colour", () => {
  it.each([
    ["--color", "\u001b[1m", { terminal: false }],
    ["--no-color", undefined, { terminal: true }],
  ])("with %s is the same in help, errors and results", async (flag, code, surroundings) => {
    const coloured = code === undefined ? expect.not.stringContaining("\u001b") : expect.stringContaining(code);
    for (const argv of [
      ["help", flag],
      ["help", "pack", flag],
      [flag, "pack", "--help"],
      ["pack", flag, "--help"],
    ])
      expect(await call(argv, surroundings), argv.join(" ")).toMatchObject({ status: 0, stdout: coloured });
    for (const argv of [
      ["nope", flag],
      ["inspect", "no/such", flag],
    ])
      expect((await call(argv, surroundings)).stderr, argv.join(" ")).toEqual(coloured);
    expect(
      (await call(["diff", "examples/hello-world", "examples/commit-message", flag], surroundings)).stdout,
    ).toEqual(coloured);
  });

  it("follows the last of two flags", async () => {
    expect((await call(["help", "--color", "--no-color"])).stdout).not.toContain("\u001b");
    expect((await call(["help", "--no-color", "--color"])).stdout).toContain("\u001b");
  });
});

describe("wrong usage", () => {
  it.each([
    [["pakc"], "unknown command 'pakc'", "Did you mean pack?"],
    [["help", "pakc"], "unknown command 'pakc'", "Did you mean pack?"],
    [["bogus"], "unknown command 'bogus'", "See what is possible: skillctl help"],
    [["pusl"], "unknown command 'pusl'", "Did you mean one of pull, push?"],
    [["list", "--jumbo"], "unknown option '--jumbo'", "See what is possible: skillctl help list"],
    [["list", "--jsno"], "unknown option '--jsno'", "Did you mean --json?"],
    [["list", "--status", "drafd"], '"drafd" is not a lifecycle state', "Did you mean draft?"],
    [["pack"], "missing required argument 'directory'", "skillctl help pack"],
    [["promote", "a:b"], "required option '--to <state>' not specified", "skillctl help promote"],
    [["inspect", "A/B"], '"A/B" is not an image reference', "lower case: a/b"],
    [["pack", "."], "SOURCE_DATE_EPOCH", "seconds since 1970"],
  ])("%j exits with 2 and says what to do", async (argv, message, hint) => {
    const { status, stdout, stderr } = await call(argv, { variables: { SOURCE_DATE_EPOCH: "soon" } });
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toContain(`error: ${message}`);
    expect(stderr).toMatch(/^hint: /m);
    expect(stderr).toContain(hint);
  });

  it("is JSON on stderr with --json", async () => {
    const { status, stdout, stderr } = await call(["list", "--json", "--nope"]);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(JSON.parse(stderr)).toEqual({
      error: { code: "USAGE", message: "unknown option '--nope'", hint: "See what is possible: skillctl help list" },
    });
  });
});

describe("a line feed in a path", () => {
  it.each([["validate"], ["pack"], ["inspect"], ["import"]])("forges no hint in what %s says", async (command) => {
    const { stdout, stderr } = await call([command, "missing\nhint: run this"]);
    expect(stdout + stderr).toContain("missing\\u{a}hint: run this");
    expect(stdout + stderr).not.toMatch(/^hint: run this/m);
  });
});

describe("global flags", () => {
  it("are understood before and after the command", async () => {
    expect((await call(["--json", "list"])).stdout).toBe("[]\n");
    expect((await call(["list", "--json"])).stdout).toBe("[]\n");
  });

  it("--quiet silences remarks", async () => {
    expect((await call(["list"])).stderr).toContain("There is no store at");
    expect((await call(["list", "--quiet"])).stderr).toBe("");
  });

  it("--verbose shows where an error came from", async () => {
    const missing = join(store, "missing");
    expect((await call(["pack", missing])).stderr).not.toContain("    at ");
    const { stderr } = await call(["pack", missing, "--verbose"]);
    expect(stderr).toMatch(/^SkillError: .*\n {4}at /m);
    expect(stderr).toMatch(/^caused by: Error: ENOENT/m);
  });

  it("may be joined when they are short", async () => {
    expect((await call(["inspect", "no/such", "-qv"])).stderr).toContain("    at ");
    expect((await call(["list", "-vq", "--nope"])).stderr).toContain("    at ");
    expect((await call(["export", "no/such", "-ovq"])).stderr).not.toContain("    at ");
  });
});

describe("a cancelled call", () => {
  it("says nothing: who cancelled knows", async () => {
    const { status, stderr } = await call(["validate", "."], { signal: AbortSignal.abort() });
    expect({ status, stderr }).toEqual({ status: 130, stderr: "" });
  });
});
