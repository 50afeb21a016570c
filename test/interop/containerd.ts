/** containerd as a node of a cluster runs it, with everything that it keeps inside a workspace. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { createConnection } from "node:net";
import { delimiter, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

import { containerd, CRI_PROTOCOL, runc, TOOLS_DIRECTORY } from "../tools.ts";
import { connectRuntime, type ContainerRuntime } from "./cri.ts";
import type { Workspace } from "./workspace.ts";

/** Milliseconds. */
const START_TIMEOUT = 30_000;

/** A containerd at work. */
export interface Containerd extends Omit<ContainerRuntime, "close"> {
  close(): Promise<void>;
}

/**
 * Starts containerd, for images from the registry `host` on loopback, over plain http. `pause` is the image that keeps a
 * pod alive: it must sleep. Resolves when the socket takes connections.
 */
export async function startContainerd(workspace: Workspace, host: string, pause: string): Promise<Containerd> {
  const directory = join(workspace.directory, "containerd");
  const socket = join(directory, "containerd.sock");
  mkdirSync(directory);
  workspace.write(`containerd/certs.d/${host}/hosts.toml`, `server = "http://${host}"\n`);
  const file = workspace.write("containerd/config.toml", configuration(directory, socket, pause));
  const child = spawn(containerd.path ?? containerd.name, ["--config", file], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: [TOOLS_DIRECTORY, process.env["PATH"] ?? ""].join(delimiter) },
  });
  const ended = once(child, "exit");
  let log = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (log += chunk.toString()));

  const deadline = performance.now() + START_TIMEOUT;
  while (!(await listens(socket))) {
    if (child.exitCode !== null || performance.now() > deadline) {
      child.kill("SIGKILL");
      throw new Error(`containerd did not start:\n${log}`);
    }
    await delay(20);
  }
  const runtime = connectRuntime(socket, CRI_PROTOCOL.path ?? "", directory);
  return {
    ...runtime,
    close: async () => {
      runtime.close();
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

/**
 * Nothing outside `directory` but the shims' sockets, no network plug-in, no daemon of the system. The native snapshotter copies, so it works over
 * any file system; a process that may not lower its own oom_score_adj needs `restrict_oom_score_adj`.
 */
function configuration(directory: string, socket: string, pause: string): string {
  return `version = 3
root = "${directory}/root"
state = "${directory}/state"
disabled_plugins = ["io.containerd.nri.v1.nri", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs"]
[grpc]
address = "${socket}"
[ttrpc]
address = "${socket}.ttrpc"
[plugins."io.containerd.internal.v1.opt"]
path = "${directory}/opt"
[plugins."io.containerd.cri.v1.images"]
snapshotter = "native"
[[plugins."io.containerd.transfer.v1.local".unpack_config]]
platform = "linux/${process.arch === "x64" ? "amd64" : process.arch}"
snapshotter = "native"
[plugins."io.containerd.cri.v1.images".pinned_images]
sandbox = "${pause}"
[plugins."io.containerd.cri.v1.images".registry]
config_path = "${directory}/certs.d"
[plugins."io.containerd.cri.v1.runtime"]
restrict_oom_score_adj = true
[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
BinaryName = "${runc.path ?? runc.name}"
Root = "${directory}/runc"
`;
}
