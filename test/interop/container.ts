/** A container small enough to need no registry: busybox in an image FROM scratch, without a network. */
import { copyFileSync, mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";

import { busybox } from "../tools.ts";
import type { Outcome, Workspace } from "./workspace.ts";

const IMAGE = "localhost/busybox";
const APPLETS = ["cat", "find", "rm", "sh", "touch"];

/** Builds the image that {@link mountAndRun} starts. */
export async function buildBusybox(workspace: Workspace): Promise<void> {
  if (busybox.path === undefined) throw new Error("busybox is not installed");
  const containerfile = workspace.write("busybox/Containerfile", "FROM scratch\nCOPY bin /bin\n");
  const bin = join(workspace.directory, "busybox/bin");
  mkdirSync(bin);
  copyFileSync(busybox.path, join(bin, "busybox"));
  for (const applet of APPLETS) symlinkSync("busybox", join(bin, applet));
  await workspace.output("podman", "build", "-q", "-t", IMAGE, "-f", containerfile, join(bin, ".."));
}

/** Mounts `image` at /skills and runs a command beside it. */
export function mountAndRun(workspace: Workspace, image: string, ...command: readonly string[]): Promise<Outcome> {
  const mount = `type=image,source=${image},destination=/skills`;
  return workspace.run("podman", "run", "--rm", "--network=none", "--mount", mount, IMAGE, ...command);
}
