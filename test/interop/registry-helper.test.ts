/** `skillctl` and a credential helper, as docker calls them: a password that no file holds in the clear. */
import { readFileSync } from "node:fs";

import { afterAll, beforeAll, expect, it } from "vitest";

import { describeWith, dockerCredentialPass, dockerRegistry, gpg, htpasswd, pass } from "../tools.ts";
import { createPasswordStore, type PasswordStore } from "./password-store.ts";
import { runWith, withRegistry } from "./registry-session.ts";
import { startDockerRegistry, type Registry } from "./registries.ts";
import { packSkill } from "./skill.ts";
import { createWorkspace } from "./workspace.ts";

/** A password that a careless shell or URL would break. */
const PASSWORD = "it's a: secret%";

describeWith([dockerRegistry, htpasswd, gpg, pass, dockerCredentialPass], "skillctl with a credential helper", () => {
  const workspace = createWorkspace();
  const start = (): Promise<Registry> => startDockerRegistry({ users: { alice: PASSWORD } });
  let store: PasswordStore;

  beforeAll(async () => {
    store = await createPasswordStore(workspace);
    await packSkill(workspace);
  });
  afterAll(async () => {
    await store.close();
    workspace.remove();
  });

  it("uses what docker login left there", () =>
    withRegistry(start, async ({ host }) => {
      workspace.write(".docker/config.json", JSON.stringify({ credHelpers: { [host]: "pass" } }));
      const image = `${host}/team/greeter:1.0.0-draft`;
      expect((await workspace.run("skillctl", "push", image)).stderr).toContain(`skillctl login ${host}`);
      await store.remember(host, "alice", PASSWORD);
      await workspace.output("skillctl", "push", image);
      await workspace.output("skillctl", "inspect", "--remote", image);
    }));

  it("keeps there what skillctl login is told, and takes it out again", () =>
    withRegistry(start, async ({ host }) => {
      const file = workspace.write(".docker/config.json", JSON.stringify({ credsStore: "pass" }));
      const image = `${host}/team/greeter:1.0.0-draft`;
      const login = ["skillctl", "login", host, "--username", "alice", "--password-stdin"];
      expect(await runWith(workspace, [], login, PASSWORD)).toMatchObject({ status: 0 });
      const kept = readFileSync(file, "utf8");
      expect(kept).not.toContain(Buffer.from(`alice:${PASSWORD}`).toString("base64"));
      expect(kept).not.toContain(PASSWORD);
      expect(await workspace.output("docker-credential-pass", "list")).toContain(host);
      await workspace.output("skillctl", "push", image);
      await workspace.output("skillctl", "logout", host);
      expect(await workspace.output("docker-credential-pass", "list")).not.toContain(host);
      expect((await workspace.run("skillctl", "inspect", "--remote", image)).status).toBe(1);
    }));
});
