/** The pages of docs/how-to on mounting skills, run as they stand with what they are about. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { afterAll, beforeAll, expect, it } from "vitest";

import {
  busybox,
  containerd,
  containerdShim,
  CRI_PROTOCOL,
  describeWith,
  docker,
  dockerCompose,
  dockerd,
  dockerRegistry,
  KUBERNETES_SCHEMAS,
  podman,
  quadlet,
  runc,
} from "../tools.ts";
import { buildBusybox, mountAndRun, pushBusybox } from "./container.ts";
import { startContainerd, type Containerd } from "./containerd.ts";
import { importBusybox, startDocker, type DockerDaemon } from "./docker.ts";
import { imageVolumes, podSpecOf, readManifests, violations } from "./kubernetes.ts";
import { perform, readBlocks, readMessages, readPage } from "./page.ts";
import { createPod, describeInPod, mountEmptyVolume, mountRegistrySecret } from "./pod.ts";
import { startDockerRegistry, type Registry } from "./registries.ts";
import { createWorkspace, type Workspace } from "./workspace.ts";

/** The registry that the pages speak of. */
const QUAY = "quay.io";

let registry: Registry;
const here = (text: string): string => text.replaceAll(QUAY, registry.host);

/** Runs a page's commands from top to bottom, with the registry of the test in place of the page's. */
async function follow(workspace: Workspace, page: string): Promise<void> {
  const rule = `[[registry]]\nlocation = "${registry.host}"\ninsecure = true\n`;
  workspace.write(".config/containers/registries.conf", rule);
  for (const steps of Object.values(readPage(page))) {
    await perform(
      workspace,
      steps.map(({ script, prints }) => ({
        script: here(script),
        prints: prints === undefined ? undefined : here(prints),
      })),
    );
  }
}

describeWith([dockerRegistry, runc, busybox, podman], "the how-tos on mounting", () => {
  beforeAll(async () => {
    registry = await startDockerRegistry();
  });
  afterAll(() => registry.close());

  describeWith([quadlet], "with podman", () => {
    it.each(["mount-with-podman.md", "mount-with-podman-volumes.md"])("%s holds from top to bottom", async (page) => {
      const workspace = createWorkspace();
      try {
        await buildBusybox(workspace);
        await follow(workspace, page);
      } finally {
        workspace.remove();
      }
    });
  });

  it("podman says what the last table of mount-with-podman.md says", async () => {
    const workspace = createWorkspace();
    try {
      await buildBusybox(workspace);
      await workspace.output("skillctl", "pack", "examples/hello-world", "--media-type", "redhat", "--tag", "redhat");
      const image = `${registry.host}/failing/hello-world:redhat`;
      await workspace.output("skillctl", "push", "--tls-verify=false", "examples/hello-world:redhat", image);
      const outcomes = [
        await mountAndRun(workspace, image, "cat", "/skills/SKILL.md"),
        await workspace.run("podman", "pull", image),
        await workspace.run("podman", "pull", "--tls-verify=false", image),
      ];
      const table = readMessages("mount-with-podman.md");
      expect(table).toHaveLength(outcomes.length);
      for (const [at, parts] of table.entries()) for (const part of parts) expect(outcomes[at]?.stderr).toContain(part);
      // What podman cannot do, skillctl does not promise.
      expect((await workspace.run("skillctl", "mount", "--tls-verify=false", image, "--for", "podman")).status).toBe(1);
    } finally {
      workspace.remove();
    }
  });

  describeWith([docker, dockerd, dockerCompose], "with Docker", () => {
    let daemon: DockerDaemon;
    const workspace = createWorkspace();
    beforeAll(async () => {
      daemon = await startDocker(workspace);
      await importBusybox(workspace);
    });
    afterAll(async () => {
      await daemon.close();
      workspace.remove();
    });

    it("mount-with-docker.md holds from top to bottom", () => follow(workspace, "mount-with-docker.md"));

    it("speaks of the wrong image when the mounted one is not there, as the page's last table says", async () => {
      const mount = "type=image,source=quay.io/absent/skill:1,destination=/skills";
      const run = [
        "run",
        "--rm",
        "--network",
        "none",
        "--mount",
        mount,
        "localhost/busybox",
        "cat",
        "/skills/SKILL.md",
      ];
      const { status, stderr } = await workspace.run("docker", ...run);
      const [, [message = ""] = []] = readMessages("mount-with-docker.md");
      expect([status, stderr]).toEqual([125, expect.stringContaining(message)]);
    });
  });

  describeWith([...KUBERNETES_SCHEMAS, containerd, containerdShim, CRI_PROTOCOL], "with Kubernetes", () => {
    const workspace = createWorkspace();
    let node: Containerd;
    let base: string;
    /** By file, or by what the page shows. */
    const manifests = new Map<string, string>();
    beforeAll(async () => {
      await buildBusybox(workspace);
      await follow(workspace, "kubernetes.md");
      for (const file of readdirSync(workspace.directory).filter((name) => name.endsWith(".yaml")))
        manifests.set(file, readFileSync(join(workspace.directory, file), "utf8"));
      for (const [at, block] of readBlocks("kubernetes.md", "yaml").entries())
        manifests.set(`block ${at}`, here(block));
      base = await pushBusybox(workspace, registry.host);
      node = await startContainerd(workspace, registry.host, base);
      await node.pull(base);
    });
    afterAll(async () => {
      await node.close();
      workspace.remove();
    });

    it("kubernetes.md makes the manifests that it speaks of", () => {
      expect([...manifests.keys()].toSorted()).toEqual(
        ["agents.yaml", "block 0", "patch.yaml", "pinned.yaml", "pod.yaml", "private.yaml"].toSorted(),
      );
    });

    it("kubernetes.md makes manifests that an API server takes", () => {
      for (const [file, text] of manifests) {
        if (file === "patch.yaml") continue;
        for (const manifest of readManifests(text)) expect(violations(manifest), file).toEqual([]);
      }
    });

    it("kubernetes.md makes pods in which the skills are there", async () => {
      // containerd 2.1 pays no attention to subPath, as the page says.
      const [, major, minor] = /v?(\d+)\.(\d+)\.\d+/.exec(await workspace.output("containerd", "--version")) ?? [];
      const mountsParts = Number(major) * 100 + Number(minor) >= 202;
      for (const [file, text] of manifests) {
        const [manifest] = readManifests(text);
        if (manifest === undefined) throw new Error(`${file} is empty`);
        const volumes = imageVolumes(podSpecOf(manifest));
        expect(volumes.length, file).toBeGreaterThan(0);
        for (const { image } of volumes) await node.pull(image);
        await node.withVolumes(base, volumes, async (container) => {
          for (const { path, subPath } of volumes) {
            const found = await container.run("find", path, "-type", "f");
            const isPart = subPath !== undefined && mountsParts;
            expect(found.stdout.split("\n"), file).toContain(`${path}/${isPart ? "group-commits.py" : "SKILL.md"}`);
            expect((await container.run("touch", `${path}/new`)).stderr).toMatch(/read-only file system/i);
          }
        });
      }
    });
  });

  describeInPod([...KUBERNETES_SCHEMAS], "with an init container", () => {
    const workspace = createWorkspace();
    afterAll(() => {
      workspace.remove();
    });

    it("kubernetes-init-container.md shows a manifest that an API server takes, and that fetches the skills", async () => {
      await follow(workspace, "kubernetes-init-container.md");
      const [block = ""] = readBlocks("kubernetes-init-container.md", "yaml");
      const [manifest] = readManifests(here(block));
      if (manifest === undefined) throw new Error("the page shows no manifest");
      expect(violations(manifest)).toEqual([]);

      const volumes = new Map([
        ["/etc/registry-login", mountRegistrySecret(workspace, "registry-login", registry.host, "unused")],
        ["/skills", mountEmptyVolume(workspace, "skills")],
        ["/store", mountEmptyVolume(workspace, "store")],
      ]);
      const inPod = (text: string): string => {
        const [path, directory] = [...volumes].find(([each]) => text === each || text.startsWith(`${each}/`)) ?? [
          "",
          "",
        ];
        return directory + text.slice(path.length);
      };
      const [{ command: [program, ...args] = [""], env = [], volumeMounts = [] } = {}] =
        podSpecOf(manifest).initContainers ?? [];
      expect(volumeMounts.map(({ mountPath }) => mountPath).toSorted()).toEqual([...volumes.keys()]);
      const variables = Object.fromEntries(env.map(({ name, value }) => [name, inPod(value)]));
      // A cluster's registry has TLS; the test's has not.
      await createPod(workspace, { variables }).output(program, ...args.map(inPod), "--tls-verify=false");
      for (const line of readBlocks("kubernetes-init-container.md", "text").join("").trim().split("\n"))
        expect(readFileSync(inPod(line), "utf8")).toMatch(/^---\nname: /);
    });
  });
});
