/** What `skillctl login` tells the person who logs in. */
import { readdir } from "node:fs/promises";

import { expect, it } from "vitest";

import { serve } from "../../src/remote/http/testing/servers.ts";
import { registryFor } from "./registry.ts";
import { createWorkspace, finished } from "./skillctl.ts";

it("says where to log in when registries.conf leads to another host, which is shown its own credentials only", async () => {
  const workspace = await createWorkspace();
  const registry = await registryFor(workspace, ["quay.io"], {
    auth: { scheme: "basic", username: "ada", password: "t0ken" },
  });
  const env = { HOME: workspace.directory };
  await workspace.run(["pack", await workspace.skill("greeter")]);
  const login = (host: string) =>
    workspace.run(["login", host, "-u", "ada", "--password-stdin"], { env, input: "t0ken" });
  const push = () => workspace.run(["push", "quay.io/team/greeter:1.0.0-draft"], { env });

  const { status, stderr } = await login("quay.io");
  expect([status, stderr]).toEqual([
    0,
    expect.stringContaining(
      `warning: registries.conf leads from quay.io to ${registry.host}: skillctl login ${registry.host}\n`,
    ),
  ]);
  expect((await push()).status).toBe(1);
  expect((await login(registry.host)).stderr).not.toContain("registries.conf");
  expect((await push()).status).toBe(0);
});

it.each(["basic", "bearer"] as const)(
  "says of a wrong password that it is wrong, not to log in again (%s)",
  async (scheme) => {
    const workspace = await createWorkspace();
    const registry = await registryFor(workspace, [], { auth: { scheme, username: "ada", password: "t0ken" } });
    const login = ["login", registry.host, "-u", "ada", "--password-stdin"];
    const { status, stderr } = await workspace.run(login, { env: { HOME: workspace.directory }, input: "wrong" });
    expect([status, stderr]).toEqual([
      1,
      `error: ${registry.host} refuses the credentials of user "ada"\n` +
        "hint: The user name or the password is wrong. Some registries want an access token in place of the password.\n",
    ]);
  },
);

it("keeps no password for a web server that has a page for everybody", async () => {
  const workspace = await createWorkspace();
  const { host } = await serve((_, response) => void response.end("<title>It works</title>"));
  const login = ["login", host, "-u", "ada", "--password-stdin"];
  const { status, stderr } = await workspace.run(login, { env: { HOME: workspace.directory }, input: "t0ken" });
  expect([status, stderr]).toEqual([1, expect.stringContaining(`error: ${host} is no registry`)]);
  expect(await readdir(workspace.directory)).not.toContain(".docker");
});

it.runIf(process.platform === "linux")("ends where the system lets nobody make a directory", async () => {
  const workspace = await createWorkspace();
  const registry = await registryFor(workspace, ["quay.io"]);
  const child = workspace.start(["login", registry.host, "-u", "ada", "--password-stdin"], {
    env: { REGISTRY_AUTH_FILE: "/proc/a/b.json" },
  });
  const ended = finished(child);
  child.stdin?.end("t0ken");
  const limit = setTimeout(() => child.kill("SIGKILL"), 20_000);
  expect(await ended).toMatchObject({
    status: 1,
    stderr: expect.stringContaining("cannot write /proc/a/b.json: no directory can be made there") as string,
  });
  clearTimeout(limit);
});
