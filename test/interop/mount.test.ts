/** What `skillctl mount` writes, read by the programs that it is written for. Those that also run it are in mount-documentation.test.ts. */
import { join } from "node:path";

import { afterAll, beforeAll, expect, it } from "vitest";
import { parse } from "yaml";

import { describeWith, KUBERNETES_SCHEMAS, kustomize, quadlet } from "../tools.ts";
import { imageVolumes, podSpecOf, readManifests, violations } from "./kubernetes.ts";
import { createWorkspace } from "./workspace.ts";

const HELLO = "quay.io/myorg/hello-world:1.0.0-draft";
const NOTES = "quay.io/myorg/release-notes:1.2.0-draft";
const AGENT = "registry.example.com/agent:1";

const workspace = createWorkspace();
const mounted = (...args: readonly string[]): Promise<string> =>
  workspace.output("skillctl", "mount", HELLO, NOTES, ...args);

beforeAll(async () => {
  await workspace.output("skillctl", "pack", "examples/hello-world", "examples/release-notes");
  await workspace.output("skillctl", "tag", "examples/hello-world:1.0.0-draft", HELLO);
  await workspace.output("skillctl", "tag", "examples/release-notes:1.2.0-draft", NOTES);
});
afterAll(() => {
  workspace.remove();
});

describeWith([quadlet], "podman's generator of units", () => {
  const generate = (directory: string): Promise<string> =>
    workspace.output(
      "env",
      `QUADLET_UNIT_DIRS=${join(workspace.directory, directory)}`,
      "quadlet",
      "--dryrun",
      "--user",
    );

  it("makes services that pull the skills, and one of the agent that waits for them", async () => {
    await mounted("--for", "quadlet", "--image", AGENT, "--output", "units");
    const services = await generate("units");
    for (const [name, image] of [
      ["hello-world", HELLO],
      ["release-notes", NOTES],
    ]) {
      expect(services).toMatch(new RegExp(`^ExecStart=\\S*podman image pull ${image}$`, "m"));
      expect(services).toMatch(new RegExp(`^Requires=skill-${name}-image.service$`, "m"));
      expect(services).toContain(`--mount type=image,source=${image},destination=/skills/${name}`);
    }
  });

  it("adds the skills to a container that has a unit", async () => {
    workspace.write("own/helper.container", `[Container]\nImage=${AGENT}\nExec=serve\n`);
    await mounted("--for", "quadlet", "--name", "helper", "--output", "own");
    const services = await generate("own");
    expect(services).toMatch(
      new RegExp(`--mount type=image,source=${HELLO},destination=/skills/hello-world .*${AGENT} serve$`, "m"),
    );
  });
});

describeWith([...KUBERNETES_SCHEMAS, kustomize], "Kustomize", () => {
  it("merges the patch into a Deployment, and leaves what it had", async () => {
    const base = await mounted("--for", "kubernetes", "--kind", "deployment", "--image", AGENT);
    const own = { name: "own", emptyDir: {} };
    const deployment = parse(base) as { spec: { template: { spec: object } } };
    deployment.spec.template.spec = {
      containers: [{ name: "agent", image: AGENT, volumeMounts: [{ name: "own", mountPath: "/own" }] }],
      volumes: [own],
    };
    workspace.write("kustomize/deployment.yaml", JSON.stringify(deployment));
    workspace.write("kustomize/skills.yaml", await mounted("--for", "kubernetes", "--kind", "deployment", "--pin"));
    workspace.write(
      "kustomize/kustomization.yaml",
      JSON.stringify({ resources: ["deployment.yaml"], patches: [{ path: "skills.yaml" }] }),
    );
    const [merged] = readManifests(await workspace.output("kustomize", "build", "kustomize"));
    if (merged === undefined) throw new Error("Kustomize made nothing");
    expect(violations(merged)).toEqual([]);
    const spec = podSpecOf(merged);
    expect(spec.volumes).toContainEqual(own);
    expect(spec.containers[0].image).toBe(AGENT);
    expect(imageVolumes(spec).map(({ path }) => path)).toEqual(["/skills/hello-world", "/skills/release-notes"]);
    for (const { image } of imageVolumes(spec)) expect(image).toMatch(/^quay\.io\/myorg\/[a-z-]+@sha256:[0-9a-f]{64}$/);
  });
});
