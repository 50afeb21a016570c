/** `skillctl serve` as a process, for tests that look at it from outside. */
import { once } from "node:events";
import { createInterface } from "node:readline";

import { finished, type Result, type RunOptions, type Workspace } from "./skillctl.ts";

export interface ServerProcess {
  readonly host: string;
  readonly url: string;
  readonly pid: number;
  /** What it has logged so far. */
  log(): string;
  /** Sends a signal; SIGKILL ends it as a power cut would. */
  signal(name: "SIGHUP" | "SIGKILL"): void;
  /** Ends it in order. */
  end(): Promise<Result>;
}

/** Starts a server in a workspace. Resolves when it listens. */
export async function startServer(
  user: Workspace,
  args: readonly string[],
  options: RunOptions = {},
): Promise<ServerProcess> {
  const child = user.start(["serve", "--json", ...args], options);
  const { stdout, stderr, pid } = child;
  if (stdout === null || stderr === null || pid === undefined) throw new Error("the command did not start");
  let log = "";
  stderr.on("data", (chunk: Buffer) => (log += chunk.toString()));
  const done = finished(child);
  const first = once(createInterface(stdout), "line") as Promise<[string]>;
  const [line] = await Promise.race([
    first,
    done.then(({ status }): never => {
      throw new Error(`the server ended with ${status}: ${log}`);
    }),
  ]);
  return {
    ...(JSON.parse(line) as { readonly host: string; readonly url: string }),
    pid,
    log: () => log,
    signal: (name) => void child.kill(name),
    end: async () => {
      child.kill("SIGTERM");
      return done;
    },
  };
}
