import { mkdir, readdir, rm } from "node:fs/promises";

import { beforeAll, expect, it } from "vitest";

import { bash, describeWith, fish, zsh } from "../tools.ts";
import { createWorkspace, type Workspace } from "./skillctl.ts";

let user: Workspace;
beforeAll(async () => {
  user = await createWorkspace();
  await user.skill("hello");
  await user.run(["pack", "hello"]);
});

/** What every shell must offer for a line, the cursor being at its end. */
const CASES: readonly (readonly [line: string, offers: readonly string[]])[] = [
  ["skillctl prom", ["promote"]],
  ["skillctl promote --lo", ["--local"]],
  ["skillctl promote examples/hello:1.0.0-draft --to te", ["testing"]],
  ["skillctl list --status p", ["published"]],
  ["skillctl completion ", ["bash", "zsh", "fish"]],
  ["skillctl validate hel", ["hello"]],
];

describeWith([bash], "completion in bash", () => {
  async function offered(line: string): Promise<string[]> {
    const script = [
      "source <(skillctl completion bash)",
      // As readline does: words broken at COMP_WORDBREAKS are not used by the function, the line and point are.
      `COMP_LINE='${line.replaceAll("'", String.raw`'\''`)}' COMP_POINT=${line.length} COMP_TYPE=9 COMP_KEY=9`,
      "compopt() { :; }",
      "HOME=$PWD",
      "_skillctl skillctl",
      'printf "%s\\n" "${COMPREPLY[@]}"',
    ].join("\n");
    const { stdout, stderr } = await user.shell("bash", ["--norc", "-c", script]);
    expect(stderr).toBe("");
    return stdout.trim().split("\n");
  }

  it.each(CASES)("completes %j", async (line, offers) => {
    expect(await offered(line)).toEqual(offers);
  });

  it.each([
    "skillctl pack sp",
    String.raw`skillctl pack space\ i`,
    "skillctl pack 'space i",
    'skillctl pack "space i',
    "skillctl pack '' space\\ ",
  ])("completes a name with a space, however it is quoted, which bash does itself: %j", async (line) => {
    await user.skill("space in it");
    expect(await offered(line)).toEqual(["space in it"]);
  });

  it.each([
    [String.raw`skillctl pack o/it\'s\ `, "o/it's so"],
    [String.raw`skillctl pack o/back\\`, String.raw`o/back\slash`],
    [String.raw`skillctl pack "o/back\s`, String.raw`o/back\slash`],
    ["skillctl pack o/'it'\\''s ", "s so"],
    [String.raw`skillctl pack o/1\:1\@x\=`, "o/1:1@x=y"],
    ["skillctl pack o/1:1", "1@x=y"],
    ["skillctl pack 'o/1:1@", "o/1:1@x=y"],
    [String.raw`skillctl pack ~/o/b\a`, String.raw`~/o/back\slash`],
  ])("completes a path of odd names, without what bash has in a word before: %j", async (line, offer) => {
    for (const name of ["it's so", String.raw`back\slash`, "1:1@x=y"])
      await mkdir(user.path(`o/${name}`), { recursive: true });
    expect(await offered(line)).toEqual([offer]);
  });

  it.each([
    ["a quote", '"$((x[$(touch ran)]))"'],
    ["an apostrophe", "it's $((x[$(touch ran)]))"],
    ["a backslash", String.raw`a\${x[$(touch ran)]}`],
  ])(
    "runs nothing that the name of a directory holds, %s in it, by which it is not found as it stands",
    async (_, name) => {
      await mkdir(user.path(`attack/${name}/inside`), { recursive: true });
      // Without a terminal, readline reads the keys all the same.
      const keys = `source <(skillctl completion bash)\nskillctl validate attack/\t\t\t\nexit\n`;
      const { stderr } = await user.shell("bash", ["--norc", "--noprofile", "-i"], { input: keys });
      expect(stderr).toContain("inside");
      await expect(readdir(user.directory)).resolves.not.toContain("ran");
      await rm(user.path("attack"), { recursive: true });
    },
  );

  it("completes a reference past its colon, of which bash makes a word of its own", async () => {
    expect(await offered("skillctl inspect exam")).toEqual(["examples/hello:1.0.0-draft"]);
    expect(await offered("skillctl inspect examples/hello:1")).toEqual(["1.0.0-draft"]);
  });
});

describeWith([fish], "completion in fish", () => {
  it.each([...CASES, ["skillctl inspect examples/hello:1", ["examples/hello:1.0.0-draft"]] as const])(
    "completes %j",
    async (line, offers) => {
      const script = `skillctl completion fish | source; complete -C ${JSON.stringify(line)}`;
      const { stdout, stderr } = await user.shell("fish", ["--no-config", "-c", script]);
      expect(stderr).toBe("");
      const values = stdout
        .trim()
        .split("\n")
        .map((offer) => (offer.split("\t")[0] ?? "").replace(/\/$/, ""));
      expect(new Set(values)).toEqual(new Set(offers));
    },
  );
});

describeWith([zsh], "completion in zsh", () => {
  it.each([...CASES.slice(0, -1), ["skillctl inspect examples/hello:1", ["examples/hello:1.0.0-draft"]] as const])(
    "completes %j",
    async (line, offers) => {
      const words = line.split(" ");
      const script = [
        "autoload -U compinit; compinit -u -D",
        "source <(skillctl completion zsh)",
        // Stands in for the completion system: takes what would be offered, colons unescaped, descriptions cut.
        '_describe() { local -a all=("${(@P)argv[-1]}"); for each in "${all[@]}"; do print -r -- "${${each//\\\\:/\u0001}%%:*}"; done | tr "\u0001" ":" | grep -F -- "$PREFIX" }',
        `words=(${words.map((word) => JSON.stringify(word)).join(" ")}) CURRENT=${words.length} PREFIX=${JSON.stringify(words.at(-1) ?? "")}`,
        "_skillctl",
      ].join("\n");
      const { stdout, stderr } = await user.shell("zsh", ["-f", "-c", script]);
      expect(stderr).toBe("");
      expect(stdout.trim().split("\n")).toEqual(offers);
    },
  );
});
