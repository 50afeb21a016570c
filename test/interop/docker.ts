/** A Docker daemon of a test's own, with everything that it keeps inside a workspace, and no network for its containers. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdirSync, symlinkSync } from "node:fs";
import { createConnection } from "node:net";
import { delimiter, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

import { busybox, docker, dockerCompose, dockerd, TOOLS_DIRECTORY } from "../tools.ts";
import type { Workspace } from "./workspace.ts";

/** Milliseconds. */
const START_TIMEOUT = 60_000;
const IMAGE = "localhost/busybox";
const APPLETS = ["cat", "find", "sh", "touch"];

/** A daemon at work. */
export interface DockerDaemon {
  close(): Promise<void>;
}

/**
 * Starts dockerd, which starts a containerd of its own. A `docker` that speaks to it, and has `compose`, is
 * put on the workspace's PATH. Registries on loopback may lack TLS, as dockerd has it by default. Resolves when the socket
 * takes connections.
 */
export async function startDocker(workspace: Workspace): Promise<DockerDaemon> {
  const directory = join(workspace.directory, "docker");
  const socket = join(directory, "docker.sock");
  mkdirSync(join(directory, "config/cli-plugins"), { recursive: true });
  workspace.write(
    "bin/docker",
    `#!/bin/sh\nDOCKER_HOST='unix://${socket}' DOCKER_CONFIG='${directory}/config' exec '${docker.path}' "$@"\n`,
    0o755,
  );
  symlinkSync(dockerCompose.path ?? "", join(directory, "config/cli-plugins/docker-compose"));
  const configuration = {
    "data-root": join(directory, "root"),
    "exec-root": join(directory, "exec"),
    pidfile: join(directory, "pid"),
    hosts: [`unix://${socket}`],
    // Copies, so it works over any file system, and the directory can be deleted afterwards.
    "storage-driver": "vfs",
    bridge: "none",
    iptables: false,
    ip6tables: false,
    "ip-forward": false,
    "userland-proxy": false,
  };
  const file = workspace.write("docker/daemon.json", JSON.stringify(configuration));
  const child = spawn(dockerd.path ?? "", ["--config-file", file], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: [TOOLS_DIRECTORY, process.env["PATH"] ?? ""].join(delimiter), HOME: directory },
  });
  const ended = once(child, "exit");
  let log = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (log += chunk.toString()));
  const deadline = performance.now() + START_TIMEOUT;
  while (!(await listens(socket))) {
    if (child.exitCode !== null || performance.now() > deadline) {
      child.kill("SIGKILL");
      throw new Error(`dockerd did not start:\n${log}`);
    }
    await delay(50);
  }
  return {
    close: async () => {
      child.kill("SIGTERM");
      await ended;
    },
  };
}

function listens(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = createConnection(socket);
    connection.on("connect", () => {
      connection.destroy();
      resolve(true);
    });
    connection.on("error", () => {
      resolve(false);
    });
  });
}

/** Gives the daemon an image to run: busybox, named as podman's tests name it. */
export async function importBusybox(workspace: Workspace): Promise<void> {
  const bin = join(workspace.directory, "docker/busybox/bin");
  mkdirSync(bin, { recursive: true });
  copyFileSync(busybox.path ?? "", join(bin, "busybox"));
  for (const applet of APPLETS) symlinkSync("busybox", join(bin, applet));
  await workspace.output("sh", "-c", `tar -C '${join(bin, "..")}' -c bin | docker import - ${IMAGE}`);
}
