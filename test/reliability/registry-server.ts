/** `skillctl serve` as a process that a test may kill and start again over the same directory. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { createInterface } from "node:readline";

import { COMMAND } from "../command.ts";

export interface ServerProcess {
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  readonly url: string;
  readonly pid: number;
  /** Resolves when it has ended. */
  readonly ended: Promise<unknown>;
  /** What it has logged so far. */
  log(): string;
  /** Ends it as a power switch would: no handler runs. */
  kill(): void;
  /** Ends it as its owner does. Rejects when it does not end well. */
  end(): Promise<void>;
  /** The most memory that it has had resident, in bytes. Linux only. */
  peak(): Promise<number>;
}

export interface ServerProcessOptions {
  /** Further sections of the configuration. */
  readonly config?: object;
  /** How many files it may have open. */
  readonly files?: number;
}

/** Starts it over the directory `root`; resolves when it says that it is ready. */
export async function startServer(root: string, options: ServerProcessOptions = {}): Promise<ServerProcess> {
  const file = `${root}.yaml`;
  mkdirSync(dirname(file), { recursive: true });
  // JSON is YAML, so there is nothing to quote.
  writeFileSync(file, JSON.stringify({ log: { level: "warn" }, ...options.config }));
  const command = [...COMMAND, "serve", "--config", file, "--root", root, "--listen", "127.0.0.1:0", "--json"];
  const [program = "", ...args] =
    options.files === undefined ? command : ["sh", "-c", `ulimit -n ${options.files}; exec "$@"`, "sh", ...command];
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
  let log = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (log += text));
  const ended = once(child, "exit");
  const ready = once(createInterface(child.stdout), "line") as Promise<[string]>;
  const failed = ended.then(() => Promise.reject(new Error(`skillctl serve ended:\n${log}`)));
  // It is looked at only while the server starts.
  failed.catch(() => {});
  const [line] = await Promise.race([ready, failed]);
  const { host, url } = JSON.parse(line) as { host: string; url: string };
  const pid = child.pid ?? 0;
  return {
    host,
    url,
    pid,
    ended,
    log: () => log,
    kill: () => child.kill("SIGKILL"),
    end: async () => {
      child.kill("SIGTERM");
      await ended;
      if (child.exitCode !== 143) throw new Error(`skillctl serve ended with ${child.exitCode}:\n${log}`);
    },
    peak: async () => Number(/VmHWM:\s+(\d+) kB/.exec(await readFile(`/proc/${pid}/status`, "utf8"))?.[1]) * 1024,
  };
}
