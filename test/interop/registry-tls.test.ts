/** Registries with a certificate of an authority of their own, and what makes `skillctl` trust them. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { afterAll, beforeAll, expect, it, onTestFinished } from "vitest";

import { describeWith, dockerRegistry, openssl } from "../tools.ts";
import { makeCertificates } from "./certificates.ts";
import { runWith, withRegistry } from "./registry-session.ts";
import { startDockerRegistry, type Registry } from "./registries.ts";
import { packSkill } from "./skill.ts";
import { startTokenService } from "./token-service.ts";
import { createWorkspace } from "./workspace.ts";

/** A password that a careless shell or URL would break. */
const PASSWORD = "it's a: secret%";
const USERS = { alice: PASSWORD };

describeWith([dockerRegistry, openssl], "skillctl in a registry over TLS", () => {
  const workspace = createWorkspace();
  const certificates = makeCertificates(join(workspace.directory, "certificates"));
  const { authority, server, client } = certificates;

  beforeAll(() => packSkill(workspace));
  afterAll(() => {
    workspace.remove();
  });

  it("refuses a certificate that nobody vouches for, and says what to do", () =>
    withRegistry(
      () => startDockerRegistry({ tls: server }),
      async ({ host }) => {
        const { status, stderr } = await workspace.run("skillctl", "push", `${host}/team/greeter:1.0.0-draft`);
        expect([status, stderr]).toEqual([1, expect.stringMatching(/certificate[^]*--ca-file/)]);
      },
    ));

  it("trusts the service that issues tokens as it trusts the registry", async () => {
    const secure = await startTokenService(USERS, certificates, { tls: true });
    onTestFinished(() => secure.close());
    const start = (): Promise<Registry> => startDockerRegistry({ tls: server, token: secure.token });
    await withRegistry(start, async ({ host }) => {
      const options = ["--ca-file", authority, "--auth-file", join(workspace.directory, "tls.json")];
      const login = ["skillctl", "login", host, "-u", "alice", "--password-stdin", ...options];
      expect(await runWith(workspace, [], login, PASSWORD)).toMatchObject({ status: 0 });
      await workspace.output("skillctl", "push", ...options, `${host}/team/greeter:1.0.0-draft`);
      await workspace.output("skillctl", "promote", ...options, `${host}/team/greeter:1.0.0-draft`, "--to", "testing");
    });
  });

  it("sends no password to a token service without TLS, for a registry that has it", async () => {
    const plain = await startTokenService(USERS, certificates);
    onTestFinished(() => plain.close());
    const start = (): Promise<Registry> => startDockerRegistry({ tls: server, token: plain.token });
    await withRegistry(start, async ({ host }) => {
      const options = ["--ca-file", authority, "--auth-file", join(workspace.directory, "plain.json")];
      const login = ["skillctl", "login", host, "-u", "alice", "--password-stdin", ...options];
      const { status, stderr } = await runWith(workspace, [], login, PASSWORD);
      expect([status, stderr]).toEqual([1, expect.stringMatching(/http:\/\/127\.0\.0\.1:\d+/)]);
    });
  });

  it.each<[how: string, options: readonly string[], clientAuthority: boolean]>([
    ["--ca-file", ["--ca-file", authority], false],
    ["--tls-verify=false", ["--tls-verify=false"], false],
    ["--cert-dir, with a client's certificate", ["--cert-dir", "trusted"], true],
    ["certs.d", [], false],
  ])("is believed by %s", (_, options, clientAuthority) =>
    withRegistry(
      () => startDockerRegistry({ tls: clientAuthority ? { ...server, clientAuthority: authority } : server }),
      async ({ host }) => {
        workspace.write("trusted/ca.crt", readFileSync(authority, "utf8"));
        workspace.write("trusted/client.cert", readFileSync(client.certificate, "utf8"));
        workspace.write("trusted/client.key", readFileSync(client.key, "utf8"));
        if (options.length === 0)
          workspace.write(`.config/containers/certs.d/${host}/ca.crt`, readFileSync(authority, "utf8"));
        const image = `${host}/team/greeter:1.0.0-draft`;
        await workspace.output("skillctl", "push", ...options, image);
        await workspace.output("skillctl", "--store", "other", "pull", ...options, image);
        expect(await workspace.output("skillctl", "list", ...options, image.replace(/:[^:]*$/, ""))).toContain("draft");
      },
    ),
  );
});
