/** How `skillctl` gets into a registry that does not let everybody in: by passwords and tokens, from the files that podman and docker use. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { describeWith, dockerRegistry, htpasswd, openssl, podman, skopeo } from "../tools.ts";
import { makeCertificates } from "./certificates.ts";
import { runWith, withRegistry } from "./registry-session.ts";
import { startDockerRegistry, type Registry } from "./registries.ts";
import { packSkill, REFERENCE } from "./skill.ts";
import { startTokenService, type TokenService } from "./token-service.ts";
import { createWorkspace, type Outcome } from "./workspace.ts";

/** A password that a careless shell or URL would break. */
const PASSWORD = "it's a: secret%";
const USERS = { alice: PASSWORD };

describeWith([dockerRegistry, htpasswd, openssl, skopeo, podman], "skillctl in a registry", () => {
  const workspace = createWorkspace();
  const certificates = makeCertificates(join(workspace.directory, "certificates"));
  let tokens: TokenService;

  beforeAll(async () => {
    tokens = await startTokenService(USERS, certificates);
    await packSkill(workspace);
  });
  afterAll(async () => {
    await tokens.close();
    workspace.remove();
  });

  const run = (variables: readonly string[], args: readonly string[], password?: string): Promise<Outcome> =>
    runWith(workspace, variables, args, password);

  describe.each<[how: string, start: () => Promise<Registry>]>([
    ["that asks for a password", () => startDockerRegistry({ users: USERS })],
    ["that asks for a token", () => startDockerRegistry({ token: tokens.token })],
  ])("%s", (how, start) => {
    it.each([
      ["$REGISTRY_AUTH_FILE", "REGISTRY_AUTH_FILE=kept/auth.json", "kept/auth.json"],
      ["$DOCKER_CONFIG", "DOCKER_CONFIG=docker", "docker/config.json"],
      ["the home directory", "A=b", ".docker/config.json"],
    ])("logs in, works and logs out, by %s", (_, variable, file) =>
      withRegistry(start, async ({ host }) => {
        const skillctl = (...args: readonly string[]): Promise<Outcome> => run([variable], ["skillctl", ...args]);
        const image = `${host}/team/greeter:1.0.0-draft`;
        const login = ["skillctl", "login", host, "--username", "alice", "--password-stdin"];

        // A file that a variable names must be there.
        workspace.write(file, "{}");
        const stranger = await skillctl("push", image);
        expect([stranger.status, stranger.stderr]).toEqual([1, expect.stringContaining(`skillctl login ${host}`)]);
        const wrong = await run([variable], login, "not it");
        expect([wrong.status, wrong.stdout + wrong.stderr]).toEqual([1, expect.not.stringContaining("not it")]);
        expect(await run([variable], login, PASSWORD)).toMatchObject({ status: 0 });
        expect((await skillctl("login", host, "--get-login")).stdout.trim()).toBe("alice");
        expect(readFileSync(join(workspace.directory, file), "utf8")).toContain(host);

        expect(await skillctl("push", image)).toMatchObject({ status: 0 });
        expect(await skillctl("promote", image, "--to", "testing")).toMatchObject({ status: 0 });
        expect(await skillctl("pull", image.replace("draft", "testing"))).toMatchObject({ status: 0 });

        expect(await skillctl("logout", host)).toMatchObject({ status: 0 });
        expect((await skillctl("push", REFERENCE, `${host}/team/other:1.0.0-draft`)).status).toBe(1);
        expect(readFileSync(join(workspace.directory, file), "utf8")).not.toContain(host);
        if (how.endsWith("password")) expect((await skillctl("inspect", "--remote", image)).status).toBe(1);
      }),
    );
  });

  it("shares a login with podman and skopeo, in both directions", () =>
    withRegistry(
      () => startDockerRegistry({ users: USERS }),
      async ({ host }) => {
        const image = `${host}/team/greeter:1.0.0-draft`;
        const auth = ["REGISTRY_AUTH_FILE=shared.json"];
        const options = ["--tls-verify=false", "-u", "alice", "--password-stdin", host];
        expect(await run(auth, ["podman", "login", ...options], PASSWORD)).toMatchObject({ status: 0 });
        expect(await run(auth, ["skillctl", "push", image])).toMatchObject({ status: 0 });
        expect(await run(auth, ["podman", "logout", host])).toMatchObject({ status: 0 });
        expect((await run(auth, ["skillctl", "inspect", "--remote", image])).status).toBe(1);

        const login = ["skillctl", "login", host, "-u", "alice", "--password-stdin"];
        expect(await run(auth, login, PASSWORD)).toMatchObject({ status: 0 });
        const inspect = ["skopeo", "inspect", "--tls-verify=false", `docker://${image}`];
        expect(await run(auth, inspect)).toMatchObject({ status: 0 });
        expect(await run(auth, ["skillctl", "logout", "--all"])).toMatchObject({ status: 0 });
        expect((await run(auth, inspect)).status).not.toBe(0);
      },
    ));
});
