/** One call of `skillctl`, from its arguments to its exit status. Touches nothing but the environment it is given. */
import { CommanderError } from "commander";

import { findCommand } from "./command.ts";
import { createContext } from "./context.ts";
import type { Environment } from "./environment.ts";
import { exitStatusOf, ExitStatus } from "./exit.ts";
import { formatError, formatErrorJson } from "./failure.ts";
import { hasFlag } from "./flags.ts";
import { write } from "./output.ts";
import { createParser, usageError } from "./parser.ts";
import { COMMANDS } from "./program.ts";
import { createStyle, wantsColor } from "./style.ts";

/** Runs the command that `argv` (without node and script) asks for and resolves to its exit status; never rejects. */
export async function run(argv: readonly string[], environment: Environment): Promise<ExitStatus> {
  let status: ExitStatus = ExitStatus.ok;
  const parser = createParser(COMMANDS, environment, async (definition, args, flags) => {
    const context = createContext(environment, flags);
    try {
      status = await definition.run(context, args, flags);
    } finally {
      context.output.progress.clear();
    }
  });
  try {
    if (argv.length === 0) parser.outputHelp();
    else await parser.parseAsync(argv, { from: "user" });
    return status;
  } catch (error) {
    return fail(error, argv, environment);
  }
}

async function fail(error: unknown, argv: readonly string[], environment: Environment): Promise<ExitStatus> {
  if (error instanceof CommanderError && error.exitCode === 0) return ExitStatus.ok;
  // The reader of our output has seen enough (`skillctl list | head -1`): nothing failed.
  if (isBrokenPipe(error)) return ExitStatus.ok;
  const reported = error instanceof CommanderError ? usageError(error, calledCommand(argv)) : error;
  const { stderr, variables } = environment;
  const status = exitStatusOf(reported);
  // Whoever cancelled knows; what fails from then on fails because of it.
  if (!environment.signal.aborted && status !== ExitStatus.cancelled) {
    const color = hasFlag(argv, "--no-color") ? false : undefined;
    const style = createStyle(wantsColor({ color, variables, isTerminal: stderr.isTTY === true }));
    const report = hasFlag(argv, "--json")
      ? formatErrorJson(reported)
      : formatError(reported, style, hasFlag(argv, "--verbose", "-v"));
    await write(stderr, report).catch(() => {});
  }
  return status;
}

function calledCommand(argv: readonly string[]): string | undefined {
  return argv.map((argument) => findCommand(argument, COMMANDS)).find((entry) => entry !== undefined)?.name;
}

function isBrokenPipe(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "EPIPE";
}
