/** One call of `skillctl`, from its arguments to its exit status. Touches nothing but the environment it is given. */
import { CommanderError, type Command } from "commander";

import { isSkillError } from "../errors.ts";
import { adviceFor, type Advice } from "./advice.ts";
import { findCommand } from "./command.ts";
import { createContext } from "./context.ts";
import type { Environment } from "./environment.ts";
import { exitStatusOf, ExitStatus } from "./exit.ts";
import { formatError, formatErrorJson } from "./failure.ts";
import { scanFlags, type GlobalFlags } from "./flags.ts";
import { write } from "./output.ts";
import { createParser, usageError } from "./parser.ts";
import { COMMANDS } from "./program.ts";
import { styleFor } from "./style.ts";
import { isBrokenPipe } from "./system-error.ts";

/** As wide as help is worth reading. */
const MAX_WIDTH = 100;

/**
 * Runs the command that `argv` (without node and script) asks for and resolves to its exit status; never rejects.
 * `flags` are the global flags, for a caller that knows them better than `argv` does.
 */
export async function run(
  argv: readonly string[],
  environment: Environment,
  flags: GlobalFlags = scanFlags(argv),
): Promise<ExitStatus> {
  const { stdout } = environment;
  let status: ExitStatus = ExitStatus.ok;
  let known = flags;
  let advice: Advice | undefined;
  let help = "";
  const style = styleFor(stdout, environment, flags);
  const width = Math.min(stdout.columns || 80, MAX_WIDTH);
  const print = (text: string): void => void (help += text);
  const parser = createParser(COMMANDS, { style, width, print }, async (definition, args, parsed) => {
    known = parsed;
    advice = definition.advice;
    const context = createContext(environment, parsed);
    try {
      status = await definition.run(context, args, parsed);
    } finally {
      context.output.progress.clear();
    }
  });
  try {
    await parse(parser, argv);
    await write(stdout, help);
    return status;
  } catch (error) {
    const reported = error instanceof CommanderError ? usageError(error, calledCommand(argv)) : error;
    return fail(reported, known, environment, advice);
  }
}

/** Runs the parser. That it ends by an error after printing help or the version is its way and no failure. */
async function parse(parser: Command, argv: readonly string[]): Promise<void> {
  if (argv.length === 0) return parser.outputHelp();
  try {
    await parser.parseAsync(argv, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError && error.exitCode === 0)) throw error;
  }
}

/** Reports the error that ended the call, if there is anybody to tell, and says which exit status it means. */
async function fail(
  error: unknown,
  flags: GlobalFlags,
  environment: Environment,
  advice: Advice | undefined,
): Promise<ExitStatus> {
  // The reader of our output has seen enough (`skillctl list | head -1`): nothing failed.
  if (isBrokenPipe(error)) return ExitStatus.ok;
  const { stderr, signal } = environment;
  const status = exitStatusOf(error);
  // Whoever cancelled knows; what fails from then on fails because of it. What is half done, and how to finish it, they do not know.
  const isNews = isSkillError(error, "ABORTED") && error.hint !== undefined;
  if (isNews || (!signal.aborted && status !== ExitStatus.cancelled)) {
    const style = styleFor(stderr, environment, flags);
    const hint = adviceFor(error, advice);
    const report = flags.json === true ? formatErrorJson(error, hint) : formatError(error, style, flags.verbose, hint);
    await write(stderr, report).catch(() => {});
  }
  return status;
}

function calledCommand(argv: readonly string[]): string | undefined {
  return argv.map((argument) => findCommand(argument, COMMANDS)).find((entry) => entry !== undefined)?.name;
}
