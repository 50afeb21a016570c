/** `skillctl` in a pod on OpenShift, as far as a machine without a cluster can have one. */
import { randomUUID } from "node:crypto";
import { chmodSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { dockerRegistry, htpasswd, openssl } from "../tools.ts";
import { makeCertificates } from "./certificates.ts";
import { readMessages } from "./page.ts";
import { createPod, describeInPod, mountEmptyVolume, mountRegistrySecret } from "./pod.ts";
import { startDockerRegistry, type DockerRegistryOptions, type Registry } from "./registries.ts";
import { packSkill, REFERENCE, skillctlJson } from "./skill.ts";
import { startTokenService, type TokenService } from "./token-service.ts";
import { createWorkspace } from "./workspace.ts";

const PASSWORD = "sha256~of-a-session";
const USERS = { skills: PASSWORD };

describeInPod([dockerRegistry, htpasswd, openssl], "skillctl in a pod of OpenShift", () => {
  const workspace = createWorkspace();
  const certificates = makeCertificates(join(workspace.directory, "certificates"));
  let tokens: TokenService;

  beforeAll(async () => {
    tokens = await startTokenService(USERS, certificates, { anonymousPull: false });
    await packSkill(workspace);
    mkdirSync(join(workspace.directory, "closed"), { mode: 0 });
    chmodSync(workspace.directory, 0o711);
  });
  afterAll(async () => {
    await tokens.close();
    workspace.remove();
  });

  describe.each<[kind: string, options: () => DockerRegistryOptions]>([
    ["passwords", () => ({ users: USERS })],
    ["tokens", () => ({ token: tokens.token })],
  ])("with a registry that wants %s", (kind, options) => {
    let registry: Registry;
    let image: string;
    let secret: string;

    beforeAll(async () => {
      registry = await startDockerRegistry({ tls: certificates.server, ...options() });
      secret = mountRegistrySecret(workspace, `secret-${kind}`, registry.host, PASSWORD);
      const tag = `${registry.host}/team/greeter:1.0.0-draft`;
      const auth = ["--auth-file", join(secret, ".dockerconfigjson")];
      await workspace.output("skillctl", "push", "--tls-verify=false", ...auth, REFERENCE, tag);
      const { digest } = await skillctlJson<{ digest: string }>(workspace, "inspect", REFERENCE);
      image = `${registry.host}/team/greeter@${digest}`;
    });
    afterAll(() => registry.close());

    it.each([
      ["the root directory", "/"],
      ["a directory that it may not even look into", "closed"],
      ["a directory that is not there", "absent"],
    ])("inspects by digest, at home in %s", async (_, name) => {
      const home = name === "/" ? name : join(workspace.directory, name);
      const pod = createPod(workspace, { home, variables: { DOCKER_CONFIG: secret } });
      const { status, stdout, stderr } = await pod.run("skillctl", "inspect", "--tls-verify=false", image);
      expect([status, stderr]).toEqual([0, ""]);
      expect(stdout).toContain(`  digest       ${image.split("@")[1]}\n`);
      expect(stdout).toContain("  status       draft (next: testing)\n");
    });

    it("pulls into a volume, and unpacks without a store", async () => {
      const volume = mountEmptyVolume(workspace, `volume-${kind}`);
      const variables = { DOCKER_CONFIG: secret, SKILLCTL_STORE: join(volume, ".store") };
      const flags = ["--tls-verify=false", image, "-o"];
      await createPod(workspace, { variables }).output("skillctl", "pull", ...flags, volume);
      const bare = createPod(workspace, { variables: { DOCKER_CONFIG: secret } });
      await bare.output("skillctl", "unpack", ...flags, join(volume, "bare"));
      for (const directory of [volume, join(volume, "bare")])
        expect(readdirSync(join(directory, "greeter"))).toContain("SKILL.md");
    });
  });

  it("is told what is lacking, as the page's last table says", async () => {
    const registry = await startDockerRegistry({ tls: certificates.server, users: USERS });
    try {
      const image = `${registry.host}/team/greeter:1.0.0-draft`;
      const own = mountRegistrySecret(workspace, "secret-own", registry.host, PASSWORD);
      const auth = ["--auth-file", join(own, ".dockerconfigjson")];
      await workspace.output("skillctl", "push", "--tls-verify=false", ...auth, REFERENCE, image);
      const fails = async (server: string, password: string, ...args: readonly string[]): Promise<string> => {
        const secret = mountRegistrySecret(workspace, `secret-${randomUUID()}`, server, password);
        const pod = createPod(workspace, { variables: { DOCKER_CONFIG: secret } });
        const { status, stderr } = await pod.run("skillctl", ...args);
        expect(status).toBe(1);
        return stderr;
      };
      const inspect = ["inspect", "--tls-verify=false", image];
      const messages = await Promise.all([
        fails("127.0.0.1:1", PASSWORD, ...inspect),
        fails(registry.host, "expired", ...inspect),
        fails(registry.host, PASSWORD, "inspect", image),
        fails(registry.host, PASSWORD, "pull", "--tls-verify=false", image),
      ]);
      const table = readMessages("openshift.md");
      expect(table).toHaveLength(messages.length);
      for (const [index, parts] of table.entries()) for (const part of parts) expect(messages[index]).toContain(part);
    } finally {
      await registry.close();
    }
  });
});
