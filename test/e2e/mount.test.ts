/** `skillctl mount`, as its user meets it. What is written for each runtime is tested beside src/skill/mount.ts. */
import { readFile } from "node:fs/promises";

import { beforeAll, describe, expect, it } from "vitest";

import { registryFor } from "./registry.ts";
import { createWorkspace, type Result, type Workspace } from "./skillctl.ts";

const WHY = ["--reason", "Old", "--replaced-by", "2.0.0"];
const HELLO = "quay.io/acme/hello:1.0.0-draft";

let user: Workspace;
beforeAll(async () => {
  user = await createWorkspace();
  await registryFor(user, ["quay.io"]);
  await user.skill("hello");
  await user.skill("other", { name: "hello", namespace: "elsewhere" });
  await run("pack", "hello", "other");
  await run("push", "examples/hello:1.0.0-draft", HELLO);
  await run("tag", "elsewhere/hello:1.0.0-draft", "quay.io/elsewhere/hello:1.0.0-draft");
});

async function run(...args: string[]): Promise<Result> {
  return user.run(args, { env: { HOME: user.directory } });
}

async function digestOf(...args: string[]): Promise<string> {
  const { stdout } = await run("inspect", ...args, "--json");
  return (JSON.parse(stdout) as { digest: string }).digest;
}

it("finds a skill that is only in its registry", async () => {
  const { stdout, stderr } = await run("mount", HELLO, "--for", "docker");
  expect([stdout, stderr]).toEqual([`--mount type=image,source=${HELLO},destination=/skills/hello\n`, ""]);
});

describe("--pin", () => {
  it("takes the digest of the local copy, and that of the registry where it is asked to", async () => {
    await run("tag", "elsewhere/hello:1.0.0-draft", HELLO);
    const pinned = async (...flags: string[]): Promise<string> =>
      (await run("mount", HELLO, "--for", "podman", "--pin", ...flags)).stdout;
    const [here, there] = await Promise.all([digestOf("elsewhere/hello"), digestOf("--remote", HELLO)]);
    expect(here).not.toBe(there);
    expect(await pinned()).toContain(`source=quay.io/acme/hello@${here},`);
    expect(await pinned("--remote")).toContain(`source=quay.io/acme/hello@${there},`);
    await run("rm", "--force", HELLO);
  });
});

it("writes a short name as the registry has it, because a runtime knows no other", async () => {
  const { status, stderr } = await run("mount", "examples/hello:1.0.0-draft", "--for", "podman");
  expect([status, stderr]).toEqual([2, expect.stringContaining("names no registry, and there is no default one")]);
  const result = await user.run(["mount", "hello:1.0.0-draft", "--for", "podman"], {
    env: { HOME: user.directory, SKILLCTL_REGISTRY: "quay.io/acme" },
  });
  expect(result.stdout).toContain(`source=${HELLO},`);
});

it("says what does not exist, instead of letting a pod wait for it", async () => {
  const { status, stdout, stderr } = await run("mount", "quay.io/acme/hello:9.9.9", "--for", "kubernetes");
  expect([status, stdout]).toEqual([1, ""]);
  expect(stderr).toContain("there is no image quay.io/acme/hello:9.9.9");
});

it("refuses two skills of one name", async () => {
  const { status, stderr } = await run("mount", HELLO, "quay.io/elsewhere/hello", "--for", "compose");
  expect([status, stderr]).toEqual([2, expect.stringContaining("would both be mounted as hello")]);
});

it("wants to know what runs the agent", async () => {
  expect(await run("mount", HELLO)).toMatchObject({ status: 2, stderr: expect.stringContaining("--for") as string });
  const { status, stderr } = await run("mount", HELLO, "--for", "kubernets");
  expect([status, stderr]).toEqual([2, expect.stringContaining("Did you mean kubernetes?")]);
});

it("refuses an option that the runtime does not know before it asks any registry", async () => {
  const { status, stderr } = await run("mount", "127.0.0.1:1/a/b:1", "--for", "docker", "--namespace", "team");
  expect([status, stderr]).toEqual([2, expect.stringContaining("docker is told has no place for a namespace")]);
});

it("writes files, and none where one is there", async () => {
  const units = ["mount", HELLO, "--for", "quadlet", "--image", "registry.example.com/agent:1", "-o", "units"];
  expect((await run(...units, "--quiet")).stdout).toBe("units/agent.container\nunits/skill-hello.image\n");
  await user.write({ "units/agent.container": "mine\n" });
  expect(await run(...units)).toMatchObject({ status: 1, stderr: expect.stringContaining("exists already") as string });
  expect(await readFile(user.path("units/agent.container"), "utf8")).toBe("mine\n");
  expect((await run(...units, "--force")).status).toBe(0);
  expect(await readFile(user.path("units/agent.container"), "utf8")).toContain("[Container]\n");
});

it("says that a skill is deprecated, on stderr, where no script reads it", async () => {
  await user.skill("old", { name: "old" });
  await run("pack", "old");
  for (const [tag, state] of [
    ["1.0.0-draft", "testing"],
    ["1.0.0-testing", "published"],
    ["1.0.0", "deprecated"],
  ] as const)
    await run("promote", `examples/old:${tag}`, "--to", state, "--local", ...(state === "deprecated" ? WHY : []));
  await run("tag", "examples/old:1.0.0", "quay.io/acme/old:1.0.0");
  const { status, stdout, stderr } = await run("mount", "quay.io/acme/old:1.0.0", "--for", "podman");
  expect([status, stderr]).toEqual([0, "warning: quay.io/acme/old:1.0.0 is deprecated: Old (use 2.0.0)\n"]);
  await run("push", "quay.io/acme/old:1.0.0");
  expect((await run("pull", "quay.io/acme/old:1.0.0")).stderr, "in the words of pull").toContain(stderr);
  expect(stdout).not.toContain("deprecated");
});
