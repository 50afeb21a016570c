import { access, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { beforeAll, expect, it } from "vitest";

import { COMMAND } from "../command.ts";
import { describeWith, python } from "../tools.ts";
import { createWorkspace, type Result, type Workspace } from "./skillctl.ts";

const PTY = fileURLToPath(new URL("terminal.py", import.meta.url));

const [HIDES_CURSOR, SHOWS_CURSOR] = ["\u001b[?25l", "\u001b[?25h"];

let user: Workspace;
beforeAll(async () => {
  user = await createWorkspace();
  await user.skill("hello");
  await user.run(["pack", "hello"]);
});

/** Runs the command on a terminal; `steps` are what is waited for and what is typed then. */
function onTerminal(
  args: readonly string[],
  steps: readonly (readonly [string, string])[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<Result> {
  return user.shell("python3", [PTY, JSON.stringify(steps), ...COMMAND, ...args], {
    env: { TERM: "xterm", ...env },
  });
}

describeWith([python], "on a terminal", () => {
  it("colours what it prints, unless asked not to", async () => {
    expect((await onTerminal(["list"])).stdout).toContain("\u001b[33mdraft\u001b[39m");
    expect((await onTerminal(["list", "--no-color"])).stdout).not.toContain("\u001b[3");
  });

  it("shows progress, and takes it away again", async () => {
    await user.skill("large", {}, { "a.bin": new Uint8Array(12_000_000) });
    const { stdout } = await onTerminal(["pack", "large", "--no-color"]);
    const redrawn = stdout.split("\r\u001b[K");
    expect(redrawn[1]).toMatch(/^packing large {2}[\d.]+ \w+ of 12 MB$/);
    expect(redrawn.at(-1)).toMatch(/^packed {4}examples\/large:1\.0\.0-draft/);
    expect((await onTerminal(["pack", "large", "--quiet"])).stdout).toBe("examples/large:1.0.0-draft\r\n");
  });

  it("serves with a log for people, unless that for programs is wanted", async () => {
    const serve = ["serve", "--listen", "127.0.0.1:0", "--root", "registry", "--no-color"];
    const ends = [["Ctrl-C", "\u0003"]] as const;
    const { status, stdout } = await onTerminal(serve, ends);
    expect([status, stdout]).toEqual([130, expect.stringMatching(/^\d\d:\d\d:\d\d listening host=/m)]);
    expect(stdout).not.toContain('"level"');
    expect((await onTerminal([...serve, "--log-format", "json"], ends)).stdout).toContain('"msg":"listening"');
  });

  it("asks before it removes, and no is no", async () => {
    const no = await onTerminal(["rm", "examples/hello:1.0.0-draft"], [["Remove", "n"]]);
    expect(no.status).toBe(1);
    expect(no.stdout).toContain("Remove examples/hello:1.0.0-draft?");
    expect(no.stdout).toContain("Nothing was removed.");
    const mute = await onTerminal(["rm", "examples/hello:1.0.0-draft", "--json"]);
    expect([mute.status, mute.stdout]).toEqual([2, expect.stringMatching(/--json cannot ask[^]*--force/)]);
    expect((await user.run(["list", "hello", "-q"])).stdout).toBe("examples/hello:1.0.0-draft\n");
    const interrupted = await onTerminal(["rm", "examples/hello:1.0.0-draft"], [["Remove", "\u0003"]]);
    expect(interrupted.status).toBe(130);
    const ended = await onTerminal(["rm", "examples/hello:1.0.0-draft"], [["Remove", "\u0004"]]);
    expect(ended.status).toBe(130);
    const yes = await onTerminal(["rm", "examples/hello:1.0.0-draft"], [["Remove", "y"]]);
    expect(yes.status).toBe(0);
    expect((await user.run(["list", "hello", "-q"])).stdout).toBe("");
  });

  it("asks in whole lines where the terminal does not know its width", async () => {
    await user.skill("narrow");
    await user.run(["pack", "narrow"]);
    const asked = await onTerminal(["rm", "examples/narrow:1.0.0-draft"], [["Remove", "n"]], { WIDTH: "0" });
    expect(asked.stdout).toContain("Remove examples/narrow:1.0.0-draft?");
    expect(asked.status).toBe(1);
  });

  it("says before it removes what is published, and names all of several", async () => {
    await user.skill("out");
    await user.skill("other");
    await user.run(["pack", "out", "other"]);
    await user.run(["promote", "examples/out:1.0.0-draft", "--to", "testing"]);
    await user.run(["promote", "examples/out:1.0.0-testing", "--to", "published"]);
    const references = ["examples/out:1.0.0", "examples/other:1.0.0-draft", "examples/out:gone"];
    const { stdout } = await onTerminal(["rm", ...references], [["Remove these 2 images?", "n"]]);
    expect(stdout).toContain("examples/out:1.0.0 (published)");
    expect(stdout).toContain("examples/other:1.0.0-draft");
    await user.run(["tag", "examples/out:1.0.0", "quay.io/acme/out:1.0.0"]);
    const local = await onTerminal(["rm", "quay.io/acme/out:1.0.0"], [["Remove", "n"]]);
    expect(local.stdout).toContain("Remove the local copy of quay.io/acme/out:1.0.0 (published)?");
    const absent = await onTerminal(["rm", "examples/out:gone"]);
    expect(absent.status).toBe(1);
    expect(absent.stdout).not.toContain("Remove");
  });

  it.each([
    ["the line is ended", "\u0015\u0004"],
    ["it is interrupted", "\u0003"],
  ])("leaves nothing where a question is not answered, as %s", async (_, typed) => {
    const { status, stdout } = await onTerminal(["init", "unanswered"], [["Name", typed]]);
    expect(status).toBe(130);
    expect(stdout.lastIndexOf(SHOWS_CURSOR)).toBeGreaterThan(stdout.lastIndexOf(HIDES_CURSOR));
    await expect(access(user.path("unanswered"))).rejects.toThrow();
  });

  it("asks again at once when an answer cannot be used", async () => {
    const { status, stdout } = await onTerminal(
      ["init", "checked"],
      [
        ["Name of the skill", " Bad\r"],
        ["is not a skill name", "\u007f\u007f\u007f\u007f\r"],
        ["Namespace", "\r"],
        ["Version", "one\r"],
        ["is not a semantic version", "\u007f\u007f\u007f\r"],
        ["What does it do", "Checks.\r"],
        ["License", "apache-2\r"],
        ["is not an SPDX licence expression", "\u0015\r"],
      ],
    );
    expect(status, stdout).toBe(0);
    expect(await readFile(user.path("checked/skill.yaml"), "utf8")).toMatch(/name: checked\n[^]*version: 0\.1\.0\n/);
    expect(await readFile(user.path("checked/skill.yaml"), "utf8")).not.toContain("license");
  });

  it("asks for what init was not told", async () => {
    const { status } = await onTerminal(
      ["init", "asked"],
      [
        ["Name of the skill", "\r"],
        ["Namespace", "\u007f\u007f\u007f\u007f\u007facme\r"],
        ["Version", "\r"],
        ["What does it do", "Answers.\r"],
        ["License", "MIT\r"],
      ],
    );
    expect(status).toBe(0);
    const card = await readFile(user.path("asked/skill.yaml"), "utf8");
    expect(card).toMatch(
      /name: asked\n {2}namespace: acme\n {2}version: 0\.1\.0\n {2}description: Answers\.\n {2}license: MIT\n/,
    );
  });

  it("makes no skill when the questions are cancelled", async () => {
    expect((await onTerminal(["init", "cancelled"], [["Name of the skill", "\u0003"]])).status).toBe(130);
    await expect(access(user.path("cancelled"))).rejects.toThrow("ENOENT");
  });

  it("refuses to print an archive", async () => {
    const { status, stdout } = await onTerminal(["export", "examples/large:1.0.0-draft"]);
    expect(status).toBe(2);
    expect(stdout).toContain("Name a file with --output");
  });

  it("shows control characters of a file by their codes", async () => {
    await user.skill("controls", {}, { "evil.txt": "a\u001b[31mb\n" });
    await user.run(["pack", "controls"]);
    expect((await onTerminal(["cat", "examples/controls:1.0.0-draft", "evil.txt"])).stdout).toBe("a\\u{1b}[31mb\r\n");
    expect((await user.run(["cat", "examples/controls:1.0.0-draft", "evil.txt"])).stdout).toBe("a\u001b[31mb\n");
  });
});
