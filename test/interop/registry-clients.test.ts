import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { cosign, crane, describeWith, dockerRegistry, olareg, oras, skopeo } from "../tools.ts";
import { REGISTRIES } from "./both-registries.ts";
import type { Registry } from "./registries.ts";
import { packSkill, REFERENCE, skillctlJson } from "./skill.ts";
import { createWorkspace } from "./workspace.ts";

describeWith([skopeo, dockerRegistry, olareg, crane, oras, cosign], "a skill in a registry", () => {
  describe.each(REGISTRIES)("%s", (_title, start) => {
    const workspace = createWorkspace();
    let registry: Registry;
    let image: string;
    let digest: string;

    beforeAll(async () => {
      registry = await start();
      image = `${registry.host}/${REFERENCE}`;
      await packSkill(workspace);
      ({ digest } = await skillctlJson<{ digest: string }>(workspace, "inspect", REFERENCE));
      const local = `oci:${workspace.store}:${REFERENCE}`;
      await workspace.output("skopeo", "copy", "-q", "--dest-tls-verify=false", local, `docker://${image}`);
    });
    afterAll(async () => {
      await registry.close();
      workspace.remove();
    });

    it("has the same digest for crane, which finds every blob of it whole", async () => {
      expect((await workspace.output("crane", "digest", image)).trim()).toBe(digest);
      await workspace.output("crane", "validate", "--remote", image);
    });

    it("bears what oras attaches to it", async () => {
      workspace.write("review.txt", "reads well\n");
      const type = "application/vnd.example.review";
      await workspace.output("oras", "attach", "--plain-http", "--artifact-type", type, image, "review.txt:text/plain");
      const found = await workspace.output("oras", "discover", "--plain-http", "--format", "json", image);
      expect(JSON.parse(found)).toMatchObject({ referrers: [{ artifactType: type }] });
    });

    it("is signed by cosign, which then verifies it and refuses another key", async () => {
      for (const name of ["own", "other"])
        await workspace.output("cosign", "generate-key-pair", "--output-key-prefix", name);
      const offline = ["--use-signing-config=false", "--tlog-upload=false"];
      const signed = `${image.replace(/:[^:/]*$/, "")}@${digest}`;
      await workspace.output("cosign", "sign", "--key", "own.key", ...offline, "--allow-http-registry", "-y", signed);

      const verify = ["verify", "--insecure-ignore-tlog", "--allow-http-registry", "--key"];
      expect(await workspace.output("cosign", ...verify, "own.pub", signed)).toContain(digest);
      expect((await workspace.run("cosign", ...verify, "other.pub", signed)).status).not.toBe(0);
    });
  });
});
