/** From the table of commands to commander: builds the parser, loading a command's definition when it is called. */
import { Argument, Command, CommanderError, Option } from "commander";

import { SkillError } from "../errors.ts";
import { suggest } from "../text/index.ts";
import type { ArgumentSpec, CommandDefinition, CommandEntry, OptionSpec } from "./command.ts";
import { GLOBAL_OPTIONS, GLOBAL_OPTIONS_TITLE, type GlobalFlags } from "./flags.ts";
import { configureHelp, helpEpilogue } from "./help.ts";
import type { Style } from "./style.ts";
import { VERSION_LINE } from "./version.ts";

/** Runs a command whose arguments have been understood. */
export type Execute = (definition: CommandDefinition, args: readonly unknown[], flags: GlobalFlags) => Promise<void>;

const DESCRIPTION = `Pack AI agent skills as standard OCI images, and take them from draft to published.`;

/** Where help goes, and how it looks. */
export interface HelpOutput {
  readonly style: Style;
  /** In columns. */
  readonly width: number;
  print(text: string): void;
}

/** The parser for `skillctl` with the commands of `entries`. It throws `CommanderError`s and never exits. */
export function createParser(entries: readonly CommandEntry[], help: HelpOutput, execute: Execute): Command {
  const program = new Command("skillctl")
    .description(DESCRIPTION)
    .enablePositionalOptions()
    .exitOverride()
    .helpCommand(false)
    .configureHelp(configureHelp(help.style))
    .configureOutput({
      writeOut: (text) => help.print(text),
      writeErr: () => {},
      getOutHelpWidth: () => help.width,
      getOutHasColors: () => help.style.isColorSupported,
    })
    .version(VERSION_LINE.trimEnd(), "-V, --version", "print the version")
    .helpOption("-h, --help", "print this help");
  addGlobalOptions(program);
  const byName = new Map(entries.map((entry) => [entry.name, entry]));
  for (const { name, aliases = [], summary, group, hidden = false } of entries) {
    program.command(name, { hidden }).aliases(aliases).summary(summary).helpGroup(group);
  }
  program.hook("preSubcommand", async (_, command) => {
    const entry = byName.get(command.name());
    if (entry !== undefined) configure(command, entry, await entry.load(), execute);
  });
  program.addHelpText("after", "\nMore about a command, with examples: skillctl help <command>");
  return program;
}

/** Gives a command everything that its definition says. */
function configure(command: Command, entry: CommandEntry, definition: CommandDefinition, execute: Execute): void {
  command.description(`${capitalized(entry.summary)}.\n\n${definition.description}`);
  for (const spec of definition.arguments ?? []) command.addArgument(createArgument(spec));
  for (const spec of definition.options ?? []) command.addOption(createOption(spec));
  command.helpOption("-h, --help", "print this help");
  addGlobalOptions(command);
  command.addHelpText("after", helpEpilogue(definition));
  command.action(async () => {
    // What stands behind the command's name is said later, so it counts.
    await execute(definition, command.processedArgs, { ...command.parent?.opts<GlobalFlags>(), ...command.opts() });
  });
}

/** What commander says of wrong usage, as our error. */
export function usageError(error: CommanderError, command: string | undefined): SkillError {
  // Of flags alone commander wants to print its help, and has no words for what is wrong.
  const said = error.code === "commander.help" ? "no command is named" : error.message.replace(/^error: /, "");
  const [message = "", suggestion] = said.split("\n");
  const help = command === undefined ? "skillctl help" : `skillctl help ${command}`;
  const near = suggestion === undefined ? [] : nearOf(message, suggestion);
  const hint = near.length === 0 ? `See what is possible: ${help}` : `Did you mean ${oneOf(near)}?`;
  return new SkillError("USAGE", message, { hint, cause: error });
}

/** What commander suggests, as far as it is near for us: to commander, half of a word may be another's. */
function nearOf(message: string, suggestion: string): readonly string[] {
  const bare = (name: string): string => name.replace(/^--/, "");
  const [, given = ""] = /'(.*)'$/.exec(message) ?? [];
  const [, names = ""] = /^\(Did you mean (?:one of )?(.*)\?\)$/.exec(suggestion) ?? [];
  return names.split(", ").filter((name) => suggest(bare(given), [bare(name)]) !== undefined);
}

function oneOf(names: readonly string[]): string {
  return names.length === 1 ? names.join() : `one of ${names.join(", ")}`;
}

function addGlobalOptions(command: Command): void {
  for (const spec of GLOBAL_OPTIONS) command.addOption(createOption(spec).helpGroup(GLOBAL_OPTIONS_TITLE));
}

function createArgument({ syntax, summary, parse }: ArgumentSpec): Argument {
  const argument = new Argument(syntax, summary);
  return parse === undefined ? argument : argument.argParser(parse);
}

function createOption({ flags, summary, group, required = false, default: value, parse }: OptionSpec): Option {
  const option = new Option(flags, summary).makeOptionMandatory(required);
  if (group !== undefined) option.helpGroup(group);
  if (value !== undefined) option.default(value);
  return parse === undefined ? option : option.argParser(parse);
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
