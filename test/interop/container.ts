/** A container small enough to need no registry: busybox in an image FROM scratch, without a network. */
import { copyFileSync, mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";

import { busybox } from "../tools.ts";
import type { Outcome, Workspace } from "./workspace.ts";

const IMAGE = "localhost/busybox";
const APPLETS = ["cat", "find", "rm", "sh", "touch"];

/** Builds the image that {@link mountAndRun} starts. When it is given no command, it sleeps. */
export async function buildBusybox(workspace: Workspace): Promise<void> {
  if (busybox.path === undefined) throw new Error("busybox is not installed");
  const containerfile = workspace.write(
    "busybox/Containerfile",
    `FROM scratch
COPY bin /bin
CMD ["/bin/busybox", "sleep", "3600"]
`,
  );
  const bin = join(workspace.directory, "busybox/bin");
  mkdirSync(bin);
  copyFileSync(busybox.path, join(bin, "busybox"));
  for (const applet of APPLETS) symlinkSync("busybox", join(bin, applet));
  await workspace.output("podman", "build", "-q", "-t", IMAGE, "-f", containerfile, join(bin, ".."));
}

/** Sends the image that {@link buildBusybox} made to a registry over plain http, and returns its name there. */
export async function pushBusybox(workspace: Workspace, registry: string): Promise<string> {
  const name = `${registry}/busybox:latest`;
  await workspace.output("podman", "push", "-q", "--tls-verify=false", IMAGE, name);
  return name;
}

/** Mounts `image` at /skills and runs a command beside it. */
export function mountAndRun(workspace: Workspace, image: string, ...command: readonly string[]): Promise<Outcome> {
  const mount = `type=image,source=${image},destination=/skills`;
  return workspace.run("podman", "run", "--rm", "--network=none", "--mount", mount, IMAGE, ...command);
}
