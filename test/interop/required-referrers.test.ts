/** What a registry requires before a skill is published, as cosign and oras attach it. */
import { afterAll, beforeAll, expect, it } from "vitest";

import { cosign, describeWith, oras } from "../tools.ts";
import { startEmbeddedRegistry } from "./embedded.ts";
import type { Registry } from "./registries.ts";
import { packSkill, REFERENCE, skillctlJson } from "./skill.ts";
import { createWorkspace } from "./workspace.ts";

const OFFLINE = ["--use-signing-config=false", "--tlog-upload=false", "--allow-http-registry", "-y"];

describeWith([cosign, oras], "a registry that requires a signature and a scan", () => {
  const workspace = createWorkspace();
  let registry: Registry;

  beforeAll(async () => {
    registry = await startEmbeddedRegistry({ config: { admission: { requiredReferrers: ["signature", "scan"] } } });
    await packSkill(workspace);
  });
  afterAll(async () => {
    await registry.close();
    workspace.remove();
  });

  it("takes cosign's signature and a SARIF log for what they are, and an attestation or an empty artifact for neither", async () => {
    const repository = `${registry.host}/team/greeter`;
    const image = `${repository}:1.0.0-testing`;
    await workspace.output("skillctl", "push", REFERENCE, repository);
    await workspace.output("skillctl", "promote", `${repository}:1.0.0-draft`, "--to", "testing");
    const { digest } = await skillctlJson<{ digest: string }>(workspace, "inspect", image);
    const subject = `${repository}@${digest}`;
    const publish = async (): Promise<string> => {
      const { status, stderr } = await workspace.run("skillctl", "promote", image, "--to", "published");
      return status === 0 ? "published" : stderr.replaceAll('\\"', '"');
    };
    const attach = async (type: string, ...files: readonly string[]): Promise<string> =>
      workspace.output("oras", "attach", "--plain-http", "--artifact-type", type, subject, ...files);

    expect(await publish()).toContain('lacks "signature" and "scan"');
    await workspace.output("cosign", "generate-key-pair", "--output-key-prefix", "own");
    workspace.write("predicate.json", "{}");
    const statement = ["--predicate", "predicate.json", "--type", "https://example.com/reviewed"];
    await workspace.output("cosign", "attest", "--key", "own.key", ...statement, ...OFFLINE, subject);
    expect(await publish()).toContain("it states something, and is no signature of the image");

    workspace.write("empty.sarif", '{"version":"2.1.0","runs":[]}');
    await attach("application/sarif+json", "empty.sarif:application/sarif+json");
    expect(await publish()).toContain("it is no SARIF log of a run");

    await workspace.output("cosign", "sign", "--key", "own.key", ...OFFLINE, subject);
    workspace.write("scan.sarif", '{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"scan"}},"results":[]}]}');
    await attach("application/sarif+json", "scan.sarif:application/sarif+json");
    expect(await publish()).toBe("published");
  });
});
