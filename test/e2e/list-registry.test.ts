/** What a registry has, by its catalog. */
import { beforeAll, describe, expect, it } from "vitest";

import type { FakeRegistry } from "../../src/remote/testing/fake-registry.ts";
import { registryFor } from "./registry.ts";
import { createWorkspace, type Result, type Workspace } from "./skillctl.ts";

let user: Workspace;
let registry: FakeRegistry;
beforeAll(async () => {
  user = await createWorkspace();
  registry = await registryFor(user);
  for (const name of ["one", "two"]) await user.skill(name);
  await run("pack", "one", "two");
  await run("push", "quay.io/acme/one:1.0.0-draft");
  await run("push", "quay.io/acme/two:1.0.0-draft");
  await run("promote", "quay.io/acme/two:1.0.0-draft", "--to", "testing");
  await run("push", "quay.io/others/one:1.0.0-draft");
});

async function run(...args: string[]): Promise<Result> {
  return user.run(args, { env: { HOME: user.directory } });
}

async function listed(...args: string[]): Promise<string[]> {
  const { status, stdout } = await run("list", ...args, "--quiet");
  expect(status).toBe(0);
  return stdout.split("\n").slice(0, -1);
}

const ALL = ["quay.io/acme/one:1.0.0-draft", "quay.io/acme/two:1.0.0-testing", "quay.io/others/one:1.0.0-draft"];

describe("the images of a registry", () => {
  it("are listed when it is named alone", async () => {
    expect(await listed("quay.io")).toEqual(ALL);
    expect(await listed("quay.io/")).toEqual(ALL);
    expect((await run("list", "quay.io")).stdout).toMatch(/quay.io\/acme\/two +1\.0\.0-testing +testing/);
  });

  it("are asked for where an address of IPv6 is named", async () => {
    const { status, stderr } = await run("list", "[::1]:1");
    expect([status, stderr]).toEqual([1, expect.stringContaining("cannot reach [::1]:1")]);
  });

  it("are those of a state, where one is wanted", async () => {
    expect(await listed("quay.io", "--status", "testing")).toEqual([ALL[1]]);
    const { status, stderr } = await run("list", "quay.io", "--status", "archived");
    expect([status, stderr]).toEqual([0, "No image at quay.io has the status archived.\n"]);
  });

  it("are those of a glob, with --remote", async () => {
    expect(await listed("--remote", "quay.io/acme/*")).toEqual(ALL.slice(0, 2));
    expect((await run("list", "quay.io/acme/*")).stderr).toBe(
      'No image has a name like "quay.io/acme/*". This is the local store; --remote asks quay.io.\n',
    );
    expect((await run("list", "--local", "quay.io/acme/*")).stderr).toBe(
      'No image has a name like "quay.io/acme/*".\n',
    );
    const { stderr } = await run("list", "--remote", "quay.io/nobody/*");
    expect(stderr).toBe('No image at quay.io has a name like "quay.io/nobody/*".\n');
  });

  it("are not looked for in the local store's place", async () => {
    expect((await run("list", "--local", "quay.io")).stderr).toBe('No image has a name like "quay.io".\n');
  });

  it("are none where there are none", async () => {
    const { status, stderr } = await run("list", "registry.example.com");
    expect([status, stderr]).toEqual([0, "There is no image at registry.example.com that you may see.\n"]);
  });

  it("are those of the default registry, or of the namespace that it is, with --remote alone", async () => {
    const { status, stderr } = await run("list", "--remote");
    expect([status, stderr]).toEqual([2, expect.stringContaining("skillctl config set registry")]);
    await run("config", "set", "registry", "quay.io/acme");
    expect(await listed("--remote")).toEqual(ALL.slice(0, 2));
    expect(await listed("--remote", "t*")).toEqual([ALL[1]]);
  });

  it("are all but those that the catalog names and nobody may read, which is said", async () => {
    registry.fail({ path: "acme/one/tags/list", status: 403 });
    const { status, stdout, stderr } = await run("list", "quay.io", "--quiet");
    expect([status, stderr]).toEqual([0, ""]);
    expect(stdout.split("\n").slice(0, -1)).toEqual(ALL.slice(1));
    registry.fail({ path: "acme/one/tags/list", status: 403 });
    expect((await run("list", "quay.io")).stderr).toBe("You may not read quay.io/acme/one.\n");
    registry.fail({ path: "/tags/list", status: 403, times: 3 });
    const nothing = await run("list", "quay.io", "--quiet");
    expect([nothing.status, nothing.stdout, nothing.stderr]).toEqual([
      1,
      "",
      expect.stringContaining("does not allow"),
    ]);
  });

  it("cannot be listed where there is no catalog, which is said", async () => {
    registry.fail({ path: "_catalog", status: 404 });
    const { status, stderr } = await run("list", "quay.io");
    expect([status, stderr]).toEqual([1, expect.stringContaining("does not list its repositories")]);
  });
});
