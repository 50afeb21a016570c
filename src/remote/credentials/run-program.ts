/** Runs a credential helper: a small program that reads little and says little. */
import { execFile } from "node:child_process";

import { errnoOf } from "../../errno.ts";
import { SkillError } from "../../errors.ts";

/** How a program ended. */
export interface ProgramResult {
  /** `absent`: there is no such program to run; `silent`: it took too long; `loud`: it said too much; `failed`: all else. */
  readonly status: number | "absent" | "silent" | "loud" | "failed";
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program of a name without a path, with one argument, and text for it to read. Rejects with `ABORTED` only. */
export type RunProgram = (
  program: string,
  argument: string,
  input: string,
  options?: { readonly signal?: AbortSignal | undefined },
) => Promise<ProgramResult>;

/** In bytes, of each stream. */
const MAX_OUTPUT = 64 * 1024;
/** In milliseconds. Some helpers ask a cloud, and some a person. */
const TIMEOUT = 30_000;

/** Runs programs of this machine with the given environment variables, found by its `PATH`; never through a shell. */
export function programRunner(
  variables: Readonly<Record<string, string | undefined>>,
  { timeout = TIMEOUT }: { readonly timeout?: number } = {},
): RunProgram {
  return async (program, argument, input, { signal } = {}) =>
    new Promise((resolve, reject) => {
      const options = {
        env: variables,
        timeout,
        maxBuffer: MAX_OUTPUT,
        killSignal: "SIGKILL",
        windowsHide: true,
        ...(signal === undefined ? {} : { signal }),
      } as const;
      const child = execFile(program, [argument], options, (error, stdout, stderr) => {
        if (signal?.aborted === true) reject(aborted(signal));
        else resolve({ status: statusOf(error), stdout, stderr });
      });
      child.stdin?.on("error", () => {
        // It ended without reading; how it ended says more.
      });
      child.stdin?.end(input);
    });
}

function statusOf(error: (Error & { code?: unknown; killed?: boolean }) | null): ProgramResult["status"] {
  if (error === null) return 0;
  if (typeof error.code === "number") return error.code;
  if (errnoOf(error) === "ERR_CHILD_PROCESS_STDIO_MAXBUFFER") return "loud";
  if (error.killed === true) return "silent";
  return ["ENOENT", "ENOTDIR", "EACCES", "ENOEXEC"].includes(errnoOf(error) ?? "") ? "absent" : "failed";
}

function aborted(signal: AbortSignal): SkillError {
  return new SkillError("ABORTED", "the operation was cancelled", { cause: signal.reason });
}
