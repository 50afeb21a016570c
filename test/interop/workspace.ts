/**
 * A temporary home for one test file: the skill store, the container tools' own storage and configuration, and a
 * `skillctl` on the PATH. Nothing of the user's is read or written, and nothing is left behind.
 */
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, realpathSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

import { COMMAND } from "../command.ts";
import { removeDirectory } from "../fixtures/temporary-directory.ts";
import { runc, TOOLS_DIRECTORY } from "../tools.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** How a program ended and what it said. */
export interface Outcome {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Workspace {
  /** The temporary directory; every program runs in it. `examples` in it leads to the repository's examples. */
  readonly directory: string;
  /** The default store, which `skillctl` uses when it is not told otherwise. */
  readonly store: string;
  /** Runs a program and returns how it ended, whatever that was. */
  run(command: string, ...args: readonly string[]): Promise<Outcome>;
  /** Runs a program that must succeed and returns its standard output. */
  output(command: string, ...args: readonly string[]): Promise<string>;
  /** Writes a file, with the directories on its way, and returns its path. */
  write(path: string, content: string, mode?: number): string;
  /** Removes everything. */
  remove(): void;
}

/**
 * Makes an empty workspace. Throws when `skillctl` has not been built. `variables` go into the environment of what runs
 * in it.
 */
export function createWorkspace(variables: Readonly<Record<string, string>> = {}): Workspace {
  // Lower case, because podman names an image after the path of the layout that it comes from. Short, because sockets
  // are made in it: where their path would be over 108 bytes, podman waits 20 s for each container's end.
  const directory = join(realpathSync(tmpdir()), `interop-${randomBytes(4).toString("hex")}`);
  mkdirSync(directory, { mode: 0o700 });
  const store = join(directory, "data/skillctl/store");

  const write: Workspace["write"] = (path, content, mode = 0o644) => {
    const file = join(directory, path);
    mkdirSync(join(file, ".."), { recursive: true });
    writeFileSync(file, content, { mode });
    return file;
  };
  write("bin/skillctl", `#!/bin/sh\nexec ${COMMAND.map((word) => `'${word}'`).join(" ")} "$@"\n`, 0o755);
  symlinkSync(join(ROOT, "examples"), join(directory, "examples"));

  const env = { ...environment(directory, write), STORE: store, ...variables };
  const run: Workspace["run"] = (command, ...args) => execute(command, args, { cwd: directory, env });
  return {
    directory,
    store,
    write,
    run,
    output: async (command, ...args) => {
      const { status, stdout, stderr } = await run(command, ...args);
      if (status === 0) return stdout;
      throw new Error(`${[command, ...args].join(" ")} exited with ${status}\n${stdout}${stderr}`);
    },
    remove: () => {
      removeDirectory(directory);
    },
  };
}

/** The environment that keeps the container tools inside `directory` and lets them run without systemd or seats. */
function environment(directory: string, write: Workspace["write"]): NodeJS.ProcessEnv {
  const engine = [
    ...(runc.path === undefined ? [] : ['runtime = "runc"']),
    'cgroup_manager = "cgroupfs"',
    'events_logger = "none"',
    'lock_type = "file"',
    `tmp_dir = "${directory}/run"`,
  ];
  const containers = write(
    "containers/containers.conf",
    `[containers]
default_ulimits = ["nofile=1024:20000", "nproc=4096:4096"]
[engine]
${engine.join("\n")}
[network]
network_config_dir = "${directory}/containers/networks"
`,
  );
  // vfs needs no mounts, so the directory can simply be deleted afterwards.
  const storage = write(
    "containers/storage.conf",
    `[storage]
driver = "vfs"
graphroot = "${directory}/containers/root"
runroot = "${directory}/containers/run"
`,
  );
  mkdirSync(join(directory, "runtime"), { mode: 0o700 });
  mkdirSync(join(directory, "tmp"));
  return {
    PATH: [join(directory, "bin"), process.env["PATH"] ?? "", TOOLS_DIRECTORY].join(delimiter),
    HOME: directory,
    TMPDIR: join(directory, "tmp"),
    XDG_DATA_HOME: join(directory, "data"),
    XDG_RUNTIME_DIR: join(directory, "runtime"),
    CONTAINERS_CONF: containers,
    CONTAINERS_STORAGE_CONF: storage,
    LC_ALL: "C.UTF-8",
    TZ: "UTC",
    NO_COLOR: "1",
  };
}

function execute(
  command: string,
  args: readonly string[],
  options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      command,
      args,
      { ...options, maxBuffer: 64 * 1024 * 1024, timeout: 100_000 },
      (error, stdout, stderr) => {
        if (error === null) resolve({ status: 0, stdout, stderr });
        else if (typeof error.code === "number") resolve({ status: error.code, stdout, stderr });
        else reject(error);
      },
    );
    child.stdin?.end();
  });
}
