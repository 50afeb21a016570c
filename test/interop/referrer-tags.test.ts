/** What clients keep under tags beside a skill, on a registry with rules: cosign's older signatures and attestations. */
import { afterAll, beforeAll, expect, it } from "vitest";

import { cosign, crane, describeWith } from "../tools.ts";
import { startEmbeddedRegistry } from "./embedded.ts";
import type { Registry } from "./registries.ts";
import { packSkill, REFERENCE, skillctlJson } from "./skill.ts";
import { createWorkspace } from "./workspace.ts";

const OLDER = ["--new-bundle-format=false", "--allow-http-registry"];
const OFFLINE = ["--use-signing-config=false", "--tlog-upload=false", "-y", ...OLDER];
const VERIFY = ["--insecure-ignore-tlog=true", ...OLDER];

describeWith([cosign, crane], "what cosign keeps under a tag of a skill", () => {
  const workspace = createWorkspace();
  let registry: Registry;
  let subject: string;
  let tag: string;

  beforeAll(async () => {
    registry = await startEmbeddedRegistry({ config: {} });
    await packSkill(workspace);
    const repository = `${registry.host}/team/greeter`;
    await workspace.output("skillctl", "push", REFERENCE, repository);
    const { digest } = await skillctlJson<{ digest: string }>(workspace, "inspect", `${repository}:1.0.0-draft`);
    subject = `${repository}@${digest}`;
    tag = `${repository}:${digest.replace(":", "-")}`;
    for (const key of ["one", "two"]) await workspace.output("cosign", "generate-key-pair", "--output-key-prefix", key);
  });
  afterAll(async () => {
    await registry.close();
    workspace.remove();
  });

  it("is added to with another key, signature by signature", async () => {
    for (const key of ["one", "two"]) {
      await workspace.output("cosign", "sign", "--key", `${key}.key`, ...OFFLINE, subject);
    }
    const manifest = await workspace.output("crane", "manifest", "--insecure", `${tag}.sig`);
    const { layers } = JSON.parse(manifest) as { readonly layers: readonly { readonly digest: string }[] };
    expect(layers).toHaveLength(2);
    expect(layers[0]?.digest).toBe(layers[1]?.digest);
    for (const key of ["one", "two"])
      await workspace.output("cosign", "verify", "--key", `${key}.pub`, ...VERIFY, subject);
  });

  it("is added to with another attestation", async () => {
    workspace.write("predicate.json", "{}");
    const statement = ["--predicate", "predicate.json", "--type", "https://example.com/reviewed"];
    for (const key of ["one", "two"]) {
      await workspace.output("cosign", "attest", "--key", `${key}.key`, ...statement, ...OFFLINE, subject);
    }
    const manifest = await workspace.output("crane", "manifest", "--insecure", `${tag}.att`);
    expect((JSON.parse(manifest) as { readonly layers: readonly unknown[] }).layers).toHaveLength(2);
  });
});
