/** What `deploy` holds for a registry of one's own: taken by those who would run it, and the server starts with its configurations. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { parseServerConfig } from "../../src/server/config/read.ts";
import {
  describeWith,
  htpasswd,
  KUBERNETES_SCHEMAS,
  kustomize,
  quadlet,
  ROUTE_DEFINITION,
  systemdAnalyze,
} from "../tools.ts";
import { readManifests, violations, type Manifest } from "./kubernetes.ts";
import { writeUsers } from "./registries.ts";
import { createWorkspace, type Workspace } from "./workspace.ts";

const DEPLOY = fileURLToPath(new URL("../../deploy/", import.meta.url));
const COMMAND = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));
const USERS = "users.htpasswd";
/** The user that the manifests and the container unit name. */
const NOBODY = 65_534;

const readDeploy = (path: string): string => readFileSync(join(DEPLOY, path), "utf8");

let workspace: Workspace;
beforeAll(() => {
  workspace = createWorkspace();
  chmodSync(workspace.directory, 0o711);
});
afterAll(() => {
  workspace.remove();
});

/** Starts the server as `nobody` with a configuration whose directories lie in the workspace; resolves to its address. */
async function serveWith(configuration: string, directory: string): Promise<{ url: string; end(): Promise<void> }> {
  const state = join(workspace.directory, directory);
  mkdirSync(state, { recursive: true });
  writeUsers(state, { alice: "wonderland" });
  const isRoot = process.getuid?.() === 0;
  if (isRoot) chownSync(state, NOBODY, NOBODY);
  const text = configuration
    .replaceAll("/var/lib/skillctl", state)
    .replace(/^( +htpasswd: ).*$/m, `$1${join(state, "users")}`);
  const file = workspace.write(`${directory}/registry.yaml`, text);
  const child = spawn(process.execPath, [COMMAND, "serve", "--config", file, "--listen", "127.0.0.1:0", "--json"], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: process.env["PATH"], HOME: "/" },
    ...(isRoot ? { uid: NOBODY, gid: NOBODY } : {}),
  });
  let log = "";
  child.stderr.on("data", (chunk: Buffer) => (log += chunk.toString()));
  const exit = once(child, "exit");
  const failed = exit.then(() => {
    throw new Error(`skillctl serve ended:\n${log}`);
  });
  failed.catch(() => {});
  const [line] = (await Promise.race([once(createInterface(child.stdout), "line"), failed])) as [string];
  return {
    url: (JSON.parse(line) as { url: string }).url,
    end: async () => {
      child.kill("SIGTERM");
      await exit;
    },
  };
}

interface RegistryDeployment extends Manifest {
  readonly spec: { readonly template: { readonly spec: DeployedPod } };
}

interface DeployedPod {
  readonly automountServiceAccountToken: boolean;
  readonly securityContext: object;
  readonly containers: readonly [DeployedContainer];
  readonly volumes: readonly object[];
}

interface Probe {
  readonly httpGet: { readonly path: string };
}

interface DeployedContainer {
  readonly image: string;
  readonly args: readonly string[];
  readonly securityContext: object;
  readonly startupProbe: Probe;
  readonly readinessProbe: Probe;
  readonly livenessProbe: Probe;
}

describeWith([...KUBERNETES_SCHEMAS, ROUTE_DEFINITION, kustomize, htpasswd], "deploy/kubernetes", () => {
  const build = async (directory: string): Promise<readonly Manifest[]> =>
    readManifests(await workspace.output("kustomize", "build", join(DEPLOY, "kubernetes", directory)));
  const deploymentIn = (manifests: readonly Manifest[]): RegistryDeployment => {
    const found = manifests.find(({ kind }) => kind === "Deployment");
    if (found === undefined) throw new Error("there is no Deployment");
    return found as RegistryDeployment;
  };

  describe.each(["base", "overlays/openshift", "overlays/ingress"])("%s", (directory) => {
    let manifests: readonly Manifest[];
    let pod: DeployedPod;
    beforeAll(async () => {
      manifests = await build(directory);
      pod = deploymentIn(manifests).spec.template.spec;
    });

    it("is taken by an API server", () => {
      expect(manifests.flatMap(violations)).toEqual([]);
    });

    it("may run where the pod security standard is restricted, and has no token of the cluster", () => {
      expect(pod).toMatchObject({
        automountServiceAccountToken: false,
        securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
      });
      expect(pod.containers).toMatchObject([
        {
          securityContext: {
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ["ALL"] },
          },
        },
      ]);
    });

    it("has one selector for its pods, its service and its network policy", () => {
      const labels = deploymentIn(manifests).spec.template as unknown as {
        metadata: { labels: Record<string, string> };
      };
      for (const { kind, spec } of manifests as readonly (Manifest & { spec: Record<string, object> })[]) {
        if (kind === "Service") expect(labels.metadata.labels).toMatchObject(spec["selector"] ?? {});
        if (kind !== "NetworkPolicy" && kind !== "Deployment") continue;
        const { matchLabels = {} } = (spec["podSelector"] ?? spec["selector"]) as { matchLabels?: object };
        expect(Object.keys(matchLabels)).not.toEqual([]);
        expect(labels.metadata.labels).toMatchObject(matchLabels);
      }
    });

    it("names one image, by the one place that says where it is", () => {
      expect(pod.containers[0].image).toBe("registry.example.com/tools/skillctl:0.1.0");
      expect(readDeploy("kubernetes/base/deployment.yaml")).toMatch(/^ +image: skillctl$/m);
    });
  });

  it("leaves user and group to OpenShift", async () => {
    const { securityContext } = deploymentIn(await build("overlays/openshift")).spec.template.spec;
    for (const key of ["runAsUser", "runAsGroup", "fsGroup"]) expect(securityContext).not.toHaveProperty(key);
  });

  it("serves with the configuration that it mounts, and answers where the probes ask", async () => {
    const manifests = await build("base");
    const map = manifests.find(({ kind }) => kind === "ConfigMap") as Manifest & { data: Record<string, string> };
    const configuration = map.data["registry.yaml"] ?? "";
    const { containers } = deploymentIn(manifests).spec.template.spec;
    expect(containers[0].args).toEqual(["serve", "--config", "/etc/skillctl/config/registry.yaml"]);
    expect(parseServerConfig(configuration, "registry.yaml")).toMatchObject({
      listen: "0.0.0.0:5000",
      access: { htpasswd: `/etc/skillctl/users/${USERS}` },
    });
    const server = await serveWith(configuration, "kubernetes");
    try {
      for (const name of ["startupProbe", "readinessProbe", "livenessProbe"] as const)
        expect((await fetch(server.url + containers[0][name].httpGet.path)).status, name).toBe(200);
      expect((await fetch(`${server.url}/v2/`)).status).toBe(401);
      const authorization = `Basic ${Buffer.from("alice:wonderland").toString("base64")}`;
      expect((await fetch(`${server.url}/v2/`, { headers: { authorization } })).status).toBe(200);
    } finally {
      await server.end();
    }
  });
});

describeWith([systemdAnalyze, htpasswd], "deploy/systemd", () => {
  it("is a unit that systemd understands", async () => {
    // systemd looks whether the program is there.
    const unit = readDeploy("systemd/skillctl.service").replace("/usr/local/bin", join(workspace.directory, "bin"));
    const file = workspace.write("systemd/skillctl.service", unit);
    const { status, stdout, stderr } = await workspace.run("systemd-analyze", "verify", "--man=no", file);
    expect([status, stdout, stderr]).toEqual([0, "", ""]);
  });

  it("leaves little to whoever takes the server over", async () => {
    const file = join(DEPLOY, "systemd/skillctl.service");
    await workspace.output("systemd-analyze", "security", "--offline=true", "--threshold=20", file);
  });

  it("serves with the configuration beside it, from the directories that the unit names", async () => {
    const unit = readDeploy("systemd/skillctl.service");
    expect(unit).toContain("ExecStart=/usr/local/bin/skillctl serve --config /etc/skillctl/registry.yaml\n");
    expect(unit).toContain("StateDirectory=skillctl\n");
    const server = await serveWith(readDeploy("systemd/registry.yaml"), "state");
    expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
    await server.end();
  });
});

describeWith([quadlet], "deploy/quadlet", () => {
  it("is a container that podman runs with nothing more than it needs", async () => {
    const services = await workspace.output("env", `QUADLET_UNIT_DIRS=${DEPLOY}quadlet`, "quadlet", "--dryrun");
    const [start = ""] = /^ExecStart=\S*podman run .*$/m.exec(services) ?? [];
    for (const option of [
      "--read-only",
      "--cap-drop all",
      "--security-opt=no-new-privileges",
      "--user 65534:65534",
      "-v skillctl:/var/lib/skillctl:U",
      "--publish 127.0.0.1:5000:5000",
    ])
      expect(start).toContain(option);
    expect(start).toMatch(/ serve --config \/etc\/skillctl\/registry\.yaml --listen 0\.0\.0\.0:5000$/);
    expect(services).toMatch(/^Requires=skillctl-volume\.service$/m);
  });
});
