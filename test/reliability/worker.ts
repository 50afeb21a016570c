/** Starts the worker programs of `workers/` as real processes on the built library. */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The build that workers run; `npm run build` makes it. */
export const DIST = process.env["SKILLIMAGE_DIST"] ?? fileURLToPath(new URL("../../dist", import.meta.url));

export interface Worker {
  readonly pid: number;
  /** The lines it has written so far. */
  readonly lines: readonly string[];
  /** Resolves when it has ended: with its exit code, or `undefined` when it was killed. */
  readonly ended: Promise<number | undefined>;
  /** Ends it as a power switch would: no handler runs. */
  kill(): void;
  /** What it wrote to standard error. */
  errors(): string;
}

export function startWorker(program: string, ...args: readonly (string | number)[]): Worker {
  if (!existsSync(`${DIST}/store/index.js`)) throw new Error(`${DIST} holds no build: run "npm run build" first`);
  const script = fileURLToPath(new URL(`workers/${program}.mjs`, import.meta.url));
  const child = spawn(process.execPath, [script, DIST, ...args.map(String)], { stdio: ["ignore", "pipe", "pipe"] });
  const lines: string[] = [];
  let rest = "";
  let errors = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    const parts = (rest + text).split("\n");
    rest = parts.pop() ?? "";
    lines.push(...parts);
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => (errors += text));
  return {
    pid: child.pid ?? 0,
    lines,
    ended: new Promise((resolve) => child.on("close", (code) => resolve(code ?? undefined))),
    kill: () => child.kill("SIGKILL"),
    errors: () => errors,
  };
}
