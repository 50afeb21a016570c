/** A name without a registry: whose it is for who reads, and for who writes. */
import { beforeAll, expect, it } from "vitest";

import { registryFor } from "./registry.ts";
import { createWorkspace, type Result, type Workspace } from "./skillctl.ts";

let user: Workspace;
beforeAll(async () => {
  user = await createWorkspace();
  await registryFor(user, ["quay.io"]);
  await user.write({
    ".config/containers/registries.conf.d/aliases.conf": '[aliases]\n"hello" = "quay.io/acme/hello"\n',
  });
  // The user's own main file stands for all drop-ins of the system; an alias of the user's own is read all the same.
  await user.skill("hello");
  await run("pack", "hello");
  await run("push", "quay.io/acme/hello:1.0.0-draft");
});

async function run(...args: string[]): Promise<Result> {
  return user.run(args, { env: { HOME: user.directory } });
}

it("an alias says where to read", async () => {
  const { stdout, stderr } = await run("inspect", "--remote", "hello:1.0.0-draft");
  expect(stdout).toContain("quay.io/acme/hello:1.0.0-draft");
  expect(stderr).toBe("hello:1.0.0-draft is quay.io/acme/hello:1.0.0-draft, by an alias in registries.conf\n");
});

it("an alias does not come before an image that is here, under a namespace or without one", async () => {
  const { status, stderr } = await run("inspect", "hello:1.0.0-draft");
  expect([status, stderr]).toEqual([
    1,
    "error: there is no image hello:1.0.0-draft\nhint: Did you mean examples/hello:1.0.0-draft?\n",
  ]);
  expect((await run("mount", "hello:1.0.0-draft", "--for", "podman")).status).toBe(2);
  await run("tag", "examples/hello:1.0.0-draft", "hello:mine");
  for (const command of ["mount hello:mine --for podman", "copy hello:mine quay.io/acme/other"]) {
    const refused = await run(...command.split(" "));
    expect([refused.status, refused.stderr]).toEqual([2, expect.stringContaining("skillctl push hello:mine")]);
  }
  await run("rm", "--force", "hello:mine");
  expect((await run("pull", "hello:1.0.0-draft")).stdout).toContain("quay.io/acme/hello:1.0.0-draft");
  await run("rm", "--force", "quay.io/acme/hello:1.0.0-draft");
});

it("an alias does not say where to write", async () => {
  const { status, stderr } = await run("push", "hello:1.0.0-draft");
  expect([status, stderr]).toEqual([2, expect.stringContaining("names no registry, and there is no default one")]);
  expect((await run("copy", "quay.io/acme/hello:1.0.0-draft", "hello")).status).toBe(2);
});

it("an image that is only here is pushed, not copied or mounted", async () => {
  for (const [command, target] of [
    ["copy examples/hello:1.0.0-draft quay.io/acme/other", "quay.io/acme/other"],
    ["copy examples/hello:1.0.0-draft hello:other", "quay.io/myorg/hello:1.0.0-draft"],
    ["mount examples/hello --for podman", "quay.io/myorg/hello"],
  ] as const) {
    const { status, stderr } = await run(...command.split(" "));
    expect([status, stderr.trim().split("\n").at(-1)]).toEqual([
      2,
      expect.stringMatching(
        new RegExp(`^hint: It is in the local store.*: skillctl push examples/hello\\S* ${target}$`),
      ),
    ]);
  }
  expect((await run("copy", "examples/absent:1", "quay.io/acme/other")).stderr).toContain("hint: Write it in full");
  expect((await run("push", "examples/hello:1.0.0-draft")).stderr).toContain("hint: Write it in full");
});

it("an image that is only in its registry is pulled, then exported", async () => {
  const { status, stderr } = await run("export", "quay.io/acme/elsewhere:1.0.0", "-o", "elsewhere.tar");
  expect([status, stderr]).toEqual([
    1,
    "error: there is no image quay.io/acme/elsewhere:1.0.0\n" +
      "hint: Only images of the local store are exported. Fetch it first: skillctl pull quay.io/acme/elsewhere:1.0.0\n",
  ]);
});

it("a name that is no registry's lists what is here", async () => {
  expect((await run("list", "nobody")).stderr).toBe('No image has a name like "nobody".\n');
});

it("a store that is not there is told of as that, and not as an empty one", async () => {
  const list = (...args: string[]) => run("list", "--store", "typo", ...args);
  const told = `There is no store at ${user.path("typo")} yet. Pack a skill: skillctl pack --store typo <directory>\n`;
  for (const args of [[], ["hello"], ["--status", "draft"]]) {
    expect(await list(...args)).toEqual({ status: 0, stdout: "", stderr: told });
  }
  expect(await list("--json")).toEqual({ status: 0, stdout: "[]\n", stderr: "" });
  await run("pack", "hello", "--store", "typo");
  await run("rm", "--force", "examples/hello:1.0.0-draft", "--store", "typo");
  expect((await list()).stderr).toBe("The store is empty. Pack a skill: skillctl pack --store typo <directory>\n");
});

it("all are pushed where it is said, or to the default registry, which the hint says how to set", async () => {
  const { status, stderr } = await run("push", "--all");
  expect([status, stderr]).toEqual([2, expect.stringContaining("or set a default: skillctl config set registry quay")]);
});

it("the default registry says both", async () => {
  await run("config", "set", "registry", "quay.io/team");
  expect((await run("push", "hello:1.0.0-draft")).stdout).toContain("quay.io/team/hello:1.0.0-draft");
  await user.skill("other", { name: "hello", namespace: "elsewhere" });
  await run("pack", "other");
  await run("tag", "elsewhere/hello:1.0.0-draft", "quay.io/team/hello:1.0.0-draft");
  const { source } = JSON.parse((await run("push", "hello:1.0.0-draft", "--json")).stdout) as { source: string };
  expect(source, "though two others end in that name").toBe("quay.io/team/hello:1.0.0-draft");
  expect((await run("list", "--remote", "hello", "--quiet")).stdout).toBe("quay.io/team/hello:1.0.0-draft\n");
});
