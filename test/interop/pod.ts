/**
 * A process as OpenShift runs it in a pod: a user without a name, in group 0 and no other, without capabilities, in an
 * environment of its own, with a home directory that it cannot write to.
 */
import { chmodSync, mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";

import { describeWhere, describeWith, setpriv, type Tool } from "../tools.ts";
import type { Workspace } from "./workspace.ts";

/** What a pod is given. */
export interface PodOptions {
  /** Default: `/`, which OpenShift sets for a user without an entry in /etc/passwd. */
  readonly home?: string;
  readonly variables?: Readonly<Record<string, string>>;
}

const USER = ["--reuid=1000650000", "--regid=0", "--clear-groups", "--bounding-set=-all", "--inh-caps=-all"];

/** A `describe` whose tests need `tools` and {@link createPod}. */
export function describeInPod(tools: readonly Tool[], title: string, tests: () => void): void {
  if (process.getuid?.() === 0) describeWith([setpriv, ...tools], title, tests);
  else describeWhere(false, "only root can become another user", title, tests);
}

/** How programs run in the pod; files are made in the workspace, which the pod's user may only pass through. */
export function createPod(
  workspace: Workspace,
  { home = "/", variables = {} }: PodOptions = {},
): Pick<Workspace, "run" | "output"> {
  chmodSync(workspace.directory, 0o711);
  const environment = Object.entries({
    PATH: `${join(workspace.directory, "bin")}:${process.env["PATH"] ?? ""}`,
    HOME: home,
    LC_ALL: "C.UTF-8",
    ...variables,
  }).map(([name, value]) => `${name}=${value}`);
  const prefix = [...USER, "env", "-i", ...environment];
  return {
    run: (...command) => workspace.run("setpriv", ...prefix, ...command),
    output: (...command) => workspace.output("setpriv", ...prefix, ...command),
  };
}

/**
 * Mounts a secret of type kubernetes.io/dockerconfigjson, as `oc create secret docker-registry` writes it and a kubelet lays
 * it out: behind two links. Returns its directory.
 */
export function mountRegistrySecret(workspace: Workspace, path: string, server: string, password: string): string {
  const username = "skills";
  const auth = Buffer.from(`${username}:${password}`).toString("base64");
  const secret = { auths: { [server]: { username, password, auth } } };
  workspace.write(`${path}/..2026_01_01/.dockerconfigjson`, JSON.stringify(secret));
  const directory = join(workspace.directory, path);
  symlinkSync("..2026_01_01", join(directory, "..data"));
  symlinkSync("..data/.dockerconfigjson", join(directory, ".dockerconfigjson"));
  return directory;
}

/** Mounts an empty volume that the pod may write to: group 0 may. Returns its directory. */
export function mountEmptyVolume(workspace: Workspace, path: string): string {
  const directory = join(workspace.directory, path);
  mkdirSync(directory, { recursive: true });
  chmodSync(directory, 0o2770);
  return directory;
}
