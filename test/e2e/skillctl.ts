/** Runs the built command as a user does: as a process, with a store of its own. */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { afterAll } from "vitest";

import { COMMAND } from "../command.ts";
import { removeDirectory } from "../fixtures/temporary-directory.ts";

export interface Result {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string | Uint8Array;
  /** Default: the workspace. */
  readonly cwd?: string;
}

/** A directory with a store below it, in which the command runs. */
export class Workspace {
  readonly directory: string;
  readonly store: string;

  constructor(directory: string) {
    this.directory = directory;
    this.store = join(directory, "store");
  }

  path(...names: string[]): string {
    return join(this.directory, ...names);
  }

  /** Starts the command without waiting for it. */
  start(args: readonly string[], options: RunOptions = {}): ChildProcess {
    const [program, ...first] = COMMAND;
    const cwd = options.cwd ?? this.directory;
    return spawn(program, [...first, ...args], { cwd, env: this.environment(options.env) });
  }

  /** Runs the command to its end. */
  run(args: readonly string[], options: RunOptions = {}): Promise<Result> {
    const child = this.start(args, options);
    child.stdin?.end(options.input ?? "");
    return finished(child);
  }

  /** Runs the command, which must succeed, and reads its JSON. */
  async json(...args: string[]): Promise<unknown> {
    const { status, stdout, stderr } = await this.run([...args, "--json"]);
    if (status !== 0) throw new Error(`skillctl ${args.join(" ")} exited with ${status}: ${stderr}`);
    return JSON.parse(stdout);
  }

  /** Runs any program with the same environment, the command being on its PATH as `skillctl`. */
  async shell(program: string, args: readonly string[], options: RunOptions = {}): Promise<Result> {
    const bin = this.path("bin");
    await write(join(bin, "skillctl"), `#!/bin/sh\nexec ${COMMAND.map((word) => `"${word}"`).join(" ")} "$@"\n`, 0o755);
    const env = this.environment({ PATH: `${bin}:${process.env["PATH"] ?? ""}`, ...options.env });
    const child = spawn(program, args, { cwd: this.directory, env });
    child.stdin.end(options.input ?? "");
    return finished(child);
  }

  /** Writes files below the directory; names ending in `.sh` are executable. */
  async write(files: Readonly<Record<string, string | Uint8Array>>): Promise<void> {
    for (const [name, content] of Object.entries(files)) {
      await write(this.path(name), content, name.endsWith(".sh") ? 0o755 : 0o644);
    }
  }

  /** Writes a small skill, `examples/<name>`, and returns its directory's name. */
  async skill(
    name: string,
    card: Readonly<Record<string, string>> = {},
    files: Readonly<Record<string, string | Uint8Array>> = {},
  ): Promise<string> {
    const metadata = {
      name,
      namespace: "examples",
      version: "1.0.0",
      description: `Does ${name}.`,
      license: "Apache-2.0",
      ...card,
    };
    const lines = Object.entries(metadata).map(([key, value]) => `  ${key}: ${JSON.stringify(value)}\n`);
    const all = {
      "skill.yaml": `apiVersion: skillimage.io/v1alpha1\nkind: SkillCard\nmetadata:\n${lines.join("")}`,
      "SKILL.md": `---\nname: ${name}\ndescription: Does ${name}.\n---\n\n# ${name}\n\nDo it.\n`,
      ...files,
    };
    await this.write(Object.fromEntries(Object.entries(all).map(([path, content]) => [`${name}/${path}`, content])));
    return name;
  }

  private environment(extra: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
    const { NO_COLOR: _, FORCE_COLOR: __, SOURCE_DATE_EPOCH: ___, ...inherited } = process.env;
    return { ...inherited, SKILLCTL_STORE: this.store, ...extra };
  }
}

const made: string[] = [];
// Of the file that imports this one: from within a hook, none can be registered.
afterAll(() => {
  for (const directory of made) removeDirectory(directory);
});

/** A workspace that is removed after the tests of the calling file. */
export async function createWorkspace(): Promise<Workspace> {
  const directory = await mkdtemp(join(tmpdir(), "skillctl-e2e-"));
  made.push(directory);
  return new Workspace(directory);
}

export function finished(child: ChildProcess): Promise<Result> {
  let [stdout, stderr] = ["", ""];
  child.stdout?.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  // A child that ends without reading its input is no failure of the test.
  child.stdin?.on("error", () => {});
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (status) => resolve({ status, stdout, stderr }));
  });
}

async function write(path: string, content: string | Uint8Array, mode: number): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content, { mode });
}
