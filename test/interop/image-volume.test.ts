/** A skill that `skillctl push` brought to a registry, mounted from there by what runs containers: podman, and containerd as a cluster's node does. */
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import {
  busybox,
  containerd,
  containerdShim,
  CRI_PROTOCOL,
  describeWith,
  dockerRegistry,
  podman,
  runc,
} from "../tools.ts";
import { buildBusybox, mountAndRun, pushBusybox } from "./container.ts";
import { startContainerd, type Containerd } from "./containerd.ts";
import { startDockerRegistry, type Registry } from "./registries.ts";
import { FILES, packSkill, REFERENCE } from "./skill.ts";
import { createWorkspace } from "./workspace.ts";

/** Tag, how the skill is packed, and what is then in the registry. */
const IMAGES: readonly (readonly [what: string, tag: string, options: readonly string[]])[] = [
  ["a single manifest", "1.0.0-draft", []],
  ["an index for two platforms", "two-platforms", ["--platform", "linux/amd64,linux/arm64", "--tag", "two-platforms"]],
];
const NAME = REFERENCE.replace(/:.*/, "");
const PATHS = Object.keys(FILES).map((path) => join("/skills", path));

describeWith([podman, runc, busybox, dockerRegistry], "a pushed skill", () => {
  const workspace = createWorkspace();
  let registry: Registry;

  beforeAll(async () => {
    registry = await startDockerRegistry();
    await buildBusybox(workspace);
    for (const [, tag, options] of IMAGES) {
      await packSkill(workspace, ...options);
      await workspace.output("skillctl", "push", `${NAME}:${tag}`, `${registry.host}/${NAME}:${tag}`);
    }
  });
  afterAll(async () => {
    await registry.close();
    workspace.remove();
  });

  describe.each(IMAGES)("as %s", (_, tag) => {
    const image = (): string => `${registry.host}/${NAME}:${tag}`;

    it("is mounted by podman run --mount type=image", async () => {
      await workspace.output("podman", "pull", "-q", "--tls-verify=false", image());
      const found = await mountAndRun(workspace, image(), "find", "/skills", "-type", "f");
      expect(found.stdout.trim().split("\n").toSorted()).toEqual(PATHS.toSorted());
      const script = await mountAndRun(workspace, image(), "/skills/scripts/greet.sh");
      expect(script.stdout).toBe("greetings from a mounted skill\n");
    });

    it("is a volume of podman volume create --driver image", async () => {
      const volume = `volume-${tag}`;
      await workspace.output("podman", "volume", "create", "--driver", "image", "--opt", `image=${image()}`, volume);
      const mount = ["--network=none", "-v", `${volume}:/skills`, "localhost/busybox"];
      const read = await workspace.output("podman", "run", "--rm", ...mount, "cat", "/skills/SKILL.md");
      expect(read).toContain("# Greeter");
    });
  });

  describeWith([containerd, containerdShim, CRI_PROTOCOL], "in containerd, over the CRI", () => {
    let node: Containerd;
    let base: string;

    beforeAll(async () => {
      base = await pushBusybox(workspace, registry.host);
      node = await startContainerd(workspace, registry.host, base);
      await node.pull(base);
    });
    afterAll(() => node.close());

    it.each(IMAGES)("is an image volume, as %s", async (_, tag) => {
      const image = `${registry.host}/${NAME}:${tag}`;
      await node.pull(image);
      await node.withVolumes(base, [{ image, path: "/skills" }], async (container) => {
        const found = await container.run("find", "/skills", "-type", "f");
        expect(found.stdout.trim().split("\n").toSorted()).toEqual(PATHS.toSorted());
        expect((await container.run("/skills/scripts/greet.sh")).stdout).toBe("greetings from a mounted skill\n");
        const written = await container.run("touch", "/skills/new");
        expect(written.status).not.toBe(0);
        expect(written.stderr).toMatch(/read-only file system/i);
      });
    });
  });
});
