/** The registry of the demo: `skillctl serve` on a free port of loopback, as a process of its own. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { createInterface } from "node:readline";

/** Starts it over a directory. Resolves to `{ host, stop, kill }`: where it listens, how it ends, and how it ends at once. */
export async function startRegistry(directory) {
  const command = ["dist/cli/main.js", "serve", "--root", directory, "--listen", "127.0.0.1:0", "--json"];
  const child = spawn(process.execPath, command, { stdio: ["ignore", "pipe", "ignore"] });
  const lines = createInterface({ input: child.stdout });
  const [said] = await Promise.race([once(lines, "line"), once(child, "exit").then(() => [undefined])]);
  if (said === undefined) throw new Error("skillctl serve did not start");
  const stop = async () => {
    const ended = once(child, "exit");
    child.kill("SIGTERM");
    await ended;
  };
  return { host: JSON.parse(said).host, stop, kill: () => void child.kill("SIGKILL") };
}
