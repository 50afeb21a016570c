import { execFileSync } from "node:child_process";

/** Whether this process may mount a file system: tried, because root in a container often may not. */
export const canMount = mountable();

function mountable(): boolean {
  if (process.getuid?.() !== 0) return false;
  try {
    execFileSync("unshare", ["--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
