/**
 * The real programs that tests run. A machine without one must not look as if it had passed: in
 * CI an absent program fails, on a laptop its tests are skipped under a title that says how to get it.
 */
import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, readdirSync } from "node:fs";
import { basename, delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

import { describe, it } from "vitest";

/** Where `.ci/tools.sh` puts the programs that the machine's Debian does not have. */
export const TOOLS_DIRECTORY = fileURLToPath(new URL("../.tools/bin", import.meta.url));

/** A program that may be on this machine. */
export interface Tool {
  readonly name: string;
  /** Its Debian package; `undefined` where `.ci/tools.sh` gets it from elsewhere. */
  readonly apt: string | undefined;
  /** Where it is; `undefined` when it is not installed. */
  readonly path: string | undefined;
}

/**
 * Looks `name` up on the PATH, then in {@link TOOLS_DIRECTORY}. `apt` is the Debian package to name when it is absent;
 * default: the same name.
 */
export function tool(name: string, options: { readonly apt?: string } = {}): Tool {
  return { name, apt: options.apt ?? name, path: find(name) };
}

/** Looks up a program that `.ci/tools.sh` gets. */
function fetchedTool(name: string): Tool {
  return { name, apt: undefined, path: find(name) };
}

/** Looks up a file that `.ci/tools.sh` puts below `.tools`. */
function fetchedFile(path: string): Tool {
  const file = join(TOOLS_DIRECTORY, "..", path);
  return { name: basename(path), apt: undefined, path: existsSync(file) ? file : undefined };
}

/** What to say where some of `tools` are absent: which, and the command that gets them. */
export function howToGet(tools: readonly Tool[]): string {
  const packages = tools.flatMap(({ apt }) => apt ?? []);
  const commands = [
    ...(packages.length === 0 ? [] : [`apt-get install --no-install-recommends ${packages.join(" ")}`]),
    ...(packages.length === tools.length ? [] : [".ci/tools.sh"]),
  ];
  return `${tools.map(({ name }) => name).join(", ")} not installed: ${commands.join(" && ")}`;
}

export const skopeo = tool("skopeo");
export const umoci = tool("umoci");
export const podman = tool("podman");
export const buildah = tool("buildah");
export const runc = tool("runc");
export const busybox = tool("busybox", { apt: "busybox-static" });
export const python = tool("python3");
export const tar = tool("tar");
export const gnuTar = { ...tar, name: "GNU tar", path: isGnu(tar) ? tar.path : undefined };
export const dockerRegistry = tool("docker-registry");
export const htpasswd = tool("htpasswd", { apt: "apache2-utils" });
export const openssl = tool("openssl");
export const setpriv = tool("setpriv", { apt: "util-linux" });
export const gpg = tool("gpg", { apt: "gnupg" });
export const pass = tool("pass");
export const dockerCredentialPass = fetchedTool("docker-credential-pass");
export const olareg = fetchedTool("olareg");
/** A server of the S3 protocol over a directory. */
export const versitygw = fetchedTool("versitygw");
export const initdb = tool("initdb", { apt: "postgresql" });
export const postgres = tool("postgres", { apt: "postgresql" });
/** The official conformance program of OCI distribution-spec. */
export const ociConformance = fetchedTool("oci-conformance");
/** Brings the schemas of pipelines' files along. */
export const checkJsonschema = fetchedTool("check-jsonschema");
export const crane = fetchedTool("crane");
export const oras = fetchedTool("oras");
export const cosign = fetchedTool("cosign");
export const containerd = fetchedTool("containerd");
export const containerdShim = fetchedTool("containerd-shim-runc-v2");
/** No program, but the protocol that a kubelet speaks with containerd. */
export const CRI_PROTOCOL = fetchedFile("share/cri.proto");
/** What the image of skillctl is made on, by platform. */
export const IMAGE_ROOTS = { amd64: fetchedFile("image-amd64"), arm64: fetchedFile("image-arm64") };
/** What the API of Kubernetes accepts, as JSON Schema: where image volumes began to be switched on, and the newest. */
export const KUBERNETES_SCHEMAS = [
  fetchedFile("share/kubernetes-1.33.json"),
  fetchedFile("share/kubernetes-1.37.json"),
];
/** The CustomResourceDefinition of OpenShift's Route. */
export const ROUTE_DEFINITION = fetchedFile("share/route.yaml");
export const kustomize = fetchedTool("kustomize");
/** podman's generator of systemd units. */
export const quadlet = fetchedTool("quadlet");
export const systemdAnalyze = tool("systemd-analyze", { apt: "systemd" });
/** Docker 28, which has image mounts, whatever Docker the machine has. */
export const docker = fetchedFile("docker/docker");
export const dockerd = fetchedFile("docker/dockerd");
export const dockerCompose = fetchedFile("docker/docker-compose");
export const curl = tool("curl");
export const wget = tool("wget");
export const ruby = tool("ruby");
export const shellcheck = tool("shellcheck");
/** Runs programs of linux/arm64 on this machine. */
export const qemuArm64 = tool("qemu-aarch64-static", { apt: "qemu-user-static" });
export const git = tool("git");
export const chromium = tool("chromium");
export const bash = tool("bash");
export const zsh = tool("zsh");
export const fish = tool("fish");

/** A `describe` whose tests need `tools`: without them a failure in CI, elsewhere a skip that says what is missing. */
export function describeWith(tools: readonly Tool[], title: string, tests: () => void): void {
  const missing = tools.filter((each) => each.path === undefined);
  describeWhere(missing.length === 0, howToGet(missing), title, tests);
}

/** A `describe` for machines where `possible` holds: where it does not, a failure in CI, elsewhere a skip with the reason. */
export function describeWhere(possible: boolean, reason: string, title: string, tests: () => void): void {
  if (possible) describe(title, tests);
  else if (process.env["CI"] === undefined) it.skip(`${title} [skipped, ${reason}]`);
  else {
    it(title, () => {
      throw new Error(reason);
    });
  }
}

function isGnu({ path }: Tool): boolean {
  return path !== undefined && spawnSync(path, ["--version"], { encoding: "utf8" }).stdout.includes("GNU");
}

/** Debian keeps PostgreSQL's server off the PATH, a directory for each version. */
function ofPostgresql(): string[] {
  const directory = "/usr/lib/postgresql";
  return existsSync(directory) ? readdirSync(directory).map((version) => join(directory, version, "bin")) : [];
}

function find(name: string): string | undefined {
  for (const directory of [...(process.env["PATH"] ?? "").split(delimiter), TOOLS_DIRECTORY, ...ofPostgresql()]) {
    const candidate = join(directory, name);
    try {
      accessSync(candidate, constants.X_OK);
      return candidate;
    } catch {
      // not in this directory; try the next
    }
  }
  return undefined;
}
