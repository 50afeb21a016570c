/** What a command tells somebody to do next is what works next, in the store that he named. */
import { beforeAll, describe, expect, it } from "vitest";

import { registryFor } from "./registry.ts";
import { createWorkspace, type Result, type Workspace } from "./skillctl.ts";

let user: Workspace;
beforeAll(async () => {
  user = await createWorkspace();
  await registryFor(user);
  await user.skill("good");
});

/** Runs a command of somebody at home, where registries are known. */
async function run(args: readonly string[]): Promise<Result> {
  return user.run(args, { env: { HOME: user.directory } });
}

/** The command after `Next: `, as it would be typed. */
function next(stderr: string): string[] {
  const line = /^Next: skillctl (.*)$/m.exec(stderr)?.[1];
  if (line === undefined) throw new Error(`there is no next step in ${stderr}`);
  return line.split(" ");
}

describe("a next step", () => {
  it("leads from a new skill to its publication, in another store than the usual one", async () => {
    const store = user.path("others");
    const [init, ...first] = ["init", "fresh", "--description", "Says hello. Use it when greeted.", "--store", store];
    let { stderr } = await user.run([init ?? "", ...first]);
    for (const verb of ["pack", "promote", "promote"]) {
      const step = next(stderr);
      expect(step[0]).toBe(verb);
      expect(step.slice(-2)).toEqual(["--store", store]);
      const done = await user.run(step);
      expect(done).toMatchObject({ status: 0 });
      ({ stderr } = done);
    }
    expect(await user.json("list", "--store", store)).toMatchObject([{ status: "published" }, { tag: "latest" }]);
    expect(await user.json("list")).toEqual([]);
  });

  it("names no store where none was named", async () => {
    expect(next((await user.run(["pack", "good"])).stderr)).not.toContain("--store");
  });
});

describe("who names what is in a registry to a command on the local store", () => {
  const name = "quay.io/myorg/good:1.0.0-draft";

  it.each([
    ["rm", [name, "--force"], "promote --to archived"],
    ["tag", [name, "examples/other:1.0.0"], "skillctl copy"],
  ])("is told by %s what to do instead", async (command, args, instead) => {
    const { status, stderr } = await user.run([command, ...args]);
    expect(status).toBe(1);
    expect(stderr).toContain(`error: there is no image ${name} in the local store\n`);
    expect(stderr).toContain(instead);
    expect(stderr).not.toContain("Did you mean");
  });

  it("is told no such thing of a local name", async () => {
    const { stderr } = await user.run(["rm", "examples/absent:1.0.0", "--force"]);
    expect(stderr).toContain("error: there is no image examples/absent:1.0.0\n");
  });
});

describe("what is archived", () => {
  it("is said to be found by its digest, and is", async () => {
    const at = "quay.io/myorg/old";
    await run(["pack", "good"]);
    const pushed = await run(["push", "examples/good:1.0.0-draft", `${at}:1.0.0-draft`]);
    expect(pushed).toMatchObject({ status: 0 });
    let name = `${at}:1.0.0-draft`;
    let stderr = "";
    for (const state of ["testing", "published", "deprecated", "archived"]) {
      const { stdout, ...done } = await run(["promote", name, "--to", state, "--quiet"]);
      expect(done).toMatchObject({ status: 0, stderr: "" });
      name = stdout.trim();
    }
    expect(name).toMatch(/@sha256:[0-9a-f]{64}$/);
    ({ stderr } = await run(["list", at]));
    expect(stderr).toBe(`${at} has no tag. What is archived is found by its digest only.\n`);
    expect(JSON.parse((await run(["history", name, "--json"])).stdout)).toMatchObject({ complete: true });
    await run(["push", "examples/good:1.0.0-draft", "quay.io/myorg/next:1.0.0-draft"]);
    ({ stderr } = await run(["list", "quay.io/myorg/next", "--status", "published"]));
    expect(stderr).toContain("has no tag that names an image with the status published.");
  });

  it("is said to be so when it becomes so", async () => {
    const workspace = await createWorkspace();
    await workspace.skill("good");
    await workspace.run(["pack", "good"]);
    let name = "examples/good:1.0.0-draft";
    let stderr = "";
    for (const state of ["testing", "published", "deprecated", "archived"]) {
      const done = await workspace.run(["promote", name, "--to", state, "--local"]);
      ({ stderr } = done);
      name = /^promoted (\S+)$/m.exec(done.stdout)?.[1] ?? name;
    }
    expect(stderr).toBe("No tag names it any more. Keep its digest: it is found by that.\n");
  });
});

describe("the directory of all skills", () => {
  it.each(["validate", "pack"])("is refused by %s with the name of one in it", async (command) => {
    await user.skill("skills/one");
    const { status, stdout, stderr } = await user.run([command, "skills"]);
    expect(status).toBe(2);
    expect(stdout + stderr).toContain('hint: There are skills in it: name them one by one, as in "skills/one"');
  });

  it("that holds none is where one may begin", async () => {
    await user.write({ "empty/notes.txt": "" });
    const { stdout } = await user.run(["validate", "empty"]);
    expect(stdout).toContain('skillctl init "empty"');
  });
});

describe("a name that is nearly one of the store", () => {
  it.each([
    ["good", "Did you mean examples/good?"],
    ["godo", "Did you mean examples/good?"],
    ["something-else", "See what there is: skillctl list."],
  ])("%s is answered with what may be meant", async (name, hint) => {
    const { status, stderr } = await user.run(["inspect", name]);
    expect(status).toBe(1);
    expect(stderr).toContain(`hint: ${hint}\n`);
  });

  it("is pushed by the name that the hint gives", async () => {
    await run(["pack", "good"]);
    const { stderr } = await run(["push", "examples/good:1.0.0-draft"]);
    const hinted = /as in (\S+),/.exec(stderr)?.[1] ?? "";
    expect(hinted).toBe("quay.io/myorg/good:1.0.0-draft");
    expect(await run(["push", hinted])).toMatchObject({ status: 0 });
  });
});

describe("pull", () => {
  it("fetches nothing for a place where there can be no directory", async () => {
    await run(["pack", "good"]);
    await run(["push", "quay.io/myorg/good:1.0.0-draft"]);
    await user.write({ "a-file": "" });
    const pulled = await run(["pull", "quay.io/myorg/good:1.0.0-draft", "-o", "a-file", "--store", "untouched"]);
    expect(pulled).toMatchObject({ status: 2, stdout: "" });
    expect(pulled.stderr).toContain('error: "a-file" is not a directory\n');
    expect(await user.json("list", "--store", "untouched")).toEqual([]);
  });

  it("fetches once what is named twice", async () => {
    await run(["pack", "good"]);
    await run(["push", "quay.io/myorg/good:1.0.0-draft"]);
    const name = "quay.io/myorg/good:1.0.0-draft";
    const { stdout } = await run(["pull", name, name, "--json", "--store", "twice"]);
    expect(JSON.parse(stdout)).toEqual([expect.objectContaining({ source: name })]);
  });
});

describe("a problem of a skill in a directory with a space", () => {
  it("is shown by the command that the hint gives", async () => {
    await user.write({ "sp ace/SKILL.md": "# Bad\n", "sp ace/skill.yaml": "kind: nothing\n" });
    const { stderr } = await user.run(["pack", "sp ace"]);
    const hinted = /: skillctl (.*)$/m.exec(stderr)?.[1] ?? "";
    const shown = await user.shell("sh", ["-c", `skillctl ${hinted}`]);
    expect(shown.status).toBe(1);
    expect(shown.stdout).toContain("sp ace/skill.yaml:1:");
  });
});

describe("push --all", () => {
  const push = ["push", "--all", "--to", "quay.io/myorg"];

  it("of a name that nothing has is a failure: it was misspelt", async () => {
    const { status, stderr } = await user.run([...push, "examples/god*"]);
    expect(status).toBe(1);
    expect(stderr).toContain('error: no local image has a name like "examples/god*"\n');
  });

  it("of a status that nothing has is none: there may be nothing to do", async () => {
    const { status, stdout, stderr } = await user.run([...push, "examples/good", "--status", "archived"]);
    expect({ status, stdout }).toEqual({ status: 0, stdout: "" });
    expect(stderr).toContain("No local image fits.");
  });
});
