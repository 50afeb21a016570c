/** Our own registry, run as a user runs it: `skillctl serve`, on a port of its own, over a directory that goes with it. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

import { COMMAND } from "../command.ts";
import { removeDirectory } from "../fixtures/temporary-directory.ts";
import type { KeyPair } from "./certificates.ts";
import { writeUsers, type Registry } from "./registries.ts";

export interface EmbeddedOptions {
  /** Passwords by user name. Default: everybody may do everything. */
  readonly users?: Readonly<Record<string, string>>;
  readonly tls?: KeyPair;
  /** Further sections of the configuration. */
  readonly config?: object;
}

/** Starts it; resolves when it says that it is ready. */
export async function startEmbeddedRegistry({ users, tls, config = {} }: EmbeddedOptions = {}): Promise<
  Registry & { readonly pid: number }
> {
  const directory = mkdtempSync(join(tmpdir(), "skillctl-serve-"));
  const file = join(directory, "config.yaml");
  // JSON is YAML, so there is nothing to quote.
  const access = users === undefined ? {} : { access: { anonymousPull: true, htpasswd: writeUsers(directory, users) } };
  writeFileSync(file, JSON.stringify({ ...(tls === undefined ? {} : { tls }), ...access, ...config }));
  const root = join(directory, "content");
  const [program, ...first] = COMMAND;
  const child = spawn(
    program,
    [...first, "serve", "--config", file, "--root", root, "--listen", "127.0.0.1:0", "--json"],
    { stdio: ["ignore", "pipe", "pipe"] },
  );
  let log = "";
  child.stderr.on("data", (chunk: Buffer) => (log += chunk.toString()));
  const ended = once(child, "exit").then(() => {
    throw new Error(`skillctl serve ended:\n${log}`);
  });
  // It is looked at only while the server starts.
  ended.catch(() => {});
  const ready = once(createInterface(child.stdout), "line") as Promise<[string]>;
  const [line] = await Promise.race([ready, ended]);
  const { host, url } = JSON.parse(line) as { host: string; url: string };
  return {
    host,
    url,
    directory: root,
    pid: child.pid ?? 0,
    log: () => log,
    close: async () => {
      if (child.exitCode === null) {
        const exit = once(child, "exit");
        child.kill("SIGTERM");
        await exit;
      }
      removeDirectory(directory);
    },
  };
}
