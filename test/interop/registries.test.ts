import { readFileSync } from "node:fs";
import { join } from "node:path";

import { afterAll, beforeAll, expect, it } from "vitest";

import { digestOf } from "../../src/oci/index.ts";
import {
  describeWith,
  dockerCredentialPass,
  dockerRegistry,
  gpg,
  htpasswd,
  olareg,
  openssl,
  pass,
  skopeo,
} from "../tools.ts";
import { makeCertificates } from "./certificates.ts";
import { createPasswordStore } from "./password-store.ts";
import { startDockerRegistry, startReferrersRegistry, type Registry } from "./registries.ts";
import { packSkill, REFERENCE, skillctlJson } from "./skill.ts";
import { startTokenService, type TokenService } from "./token-service.ts";
import { createWorkspace } from "./workspace.ts";

/** A password that a careless shell or URL would break. */
const USERS = { alice: "it's a: secret%" };
const CREDENTIALS = `creds=alice:${USERS.alice}`;

describeWith([skopeo, dockerRegistry, htpasswd, olareg, openssl], "a packed skill in a registry", () => {
  const workspace = createWorkspace();
  const certificates = makeCertificates(join(workspace.directory, "certificates"));
  const { authority, server, client } = certificates;
  workspace.write("trusted/ca.crt", readFileSync(authority, "utf8"));
  workspace.write("trusted/client.cert", readFileSync(client.certificate, "utf8"));
  workspace.write("trusted/client.key", readFileSync(client.key, "utf8"));
  let digest: string;
  let tokens: TokenService;

  beforeAll(async () => {
    tokens = await startTokenService(USERS, certificates);
    await packSkill(workspace);
    ({ digest } = await skillctlJson<{ digest: string }>(workspace, "inspect", REFERENCE));
  });
  afterAll(async () => {
    await tokens.close();
    workspace.remove();
  });

  it.each<[title: string, start: () => Promise<Registry>, options: readonly string[]]>([
    ["that lets everybody in", () => startDockerRegistry(), ["tls-verify=false"]],
    ["that asks for a password", () => startDockerRegistry({ users: USERS }), ["tls-verify=false", CREDENTIALS]],
    ["that asks for a token", () => startDockerRegistry({ token: tokens.token }), ["tls-verify=false", CREDENTIALS]],
    [
      "that asks for a client's certificate",
      () => startDockerRegistry({ tls: { ...server, clientAuthority: authority } }),
      ["cert-dir=trusted"],
    ],
    ["with the referrers API", () => startReferrersRegistry(), ["tls-verify=false"]],
    ["with the referrers API, over TLS", () => startReferrersRegistry({ tls: server }), ["cert-dir=trusted"]],
  ])("%s keeps its digest on the way there and back", async (_title, start, options) => {
    const registry = await start();
    try {
      const remote = `docker://${registry.host}/interop/greeter:1.0.0-draft`;
      const local = `oci:${workspace.store}:${REFERENCE}`;
      const flags = (side: string): string[] => options.map((option) => `--${side}-${option}`);
      await workspace.output("skopeo", "copy", "-q", "--preserve-digests", ...flags("dest"), local, remote);
      await workspace.output("skopeo", "copy", "-q", "--preserve-digests", ...flags("src"), remote, "dir:back");
      expect(digestOf(readFileSync(join(workspace.directory, "back/manifest.json")))).toBe(digest);
    } finally {
      await registry.close();
    }
  });
});

describeWith([skopeo, dockerRegistry, htpasswd, gpg, pass, dockerCredentialPass], "a credential helper", () => {
  const workspace = createWorkspace();
  afterAll(() => {
    workspace.remove();
  });

  it("knows the password that a registry asks for", async () => {
    const registry = await startDockerRegistry({ users: USERS });
    const store = await createPasswordStore(workspace);
    try {
      workspace.write("auth.json", JSON.stringify({ credHelpers: { [registry.host]: "pass" } }));
      const command = [
        "list-tags",
        "--tls-verify=false",
        "--authfile",
        "auth.json",
        `docker://${registry.host}/absent`,
      ];
      expect((await workspace.run("skopeo", ...command)).stderr).toContain("authentication required");
      await store.remember(registry.host, "alice", USERS.alice);
      expect((await workspace.run("skopeo", ...command)).stderr).toContain("404");
    } finally {
      await store.close();
      await registry.close();
    }
  });
});
