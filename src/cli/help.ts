/** How help looks, on the terminal and on the pages under docs/cli. */
import { Help, type Command, type HelpConfiguration } from "commander";

import type { CommandDefinition } from "./command.ts";
import { SIGNAL_STATUS } from "./exit.ts";
import { GLOBAL_OPTIONS_TITLE } from "./flags.ts";
import type { Style } from "./style.ts";

const DEFAULT_STATUS: Readonly<Record<0 | 1 | 2, string>> = {
  0: "done",
  1: "the work failed",
  2: "wrong usage or unreadable input",
};

/** Headings bold; commands with all their aliases, in the list without their arguments; global options after the rest. */
export function configureHelp(style: Style): HelpConfiguration {
  return {
    styleTitle: (title) => style.bold(title),
    subcommandTerm: (command) => namesOf(command).join(", "),
    commandUsage: (command) => {
      const program = command.parent === null ? [] : [command.parent.name()];
      return [...program, namesOf(command).join("|"), command.usage()].join(" ");
    },
    showGlobalOptions: false,
    formatHelp: (command, help) => withGlobalOptionsLast(Help.prototype.formatHelp.call(help, command, help)),
  };
}

/** Sections are set apart by empty lines. */
function withGlobalOptionsLast(help: string): string {
  const sections = help.trimEnd().split("\n\n");
  const isGlobal = (section: string): boolean =>
    section.split("\n", 1).some((line) => line.includes(GLOBAL_OPTIONS_TITLE));
  const sorted = [...sections.filter((each) => !isGlobal(each)), ...sections.filter(isGlobal)];
  return `${sorted.join("\n\n")}\n`;
}

/** What follows the options: examples and exit statuses. */
export function helpEpilogue({ examples, exitStatus }: CommandDefinition): string {
  const shown = examples.map(({ title, command }) => `  # ${title}\n  ${command}\n`).join("\n");
  const statuses = Object.entries({ ...DEFAULT_STATUS, ...exitStatus, [SIGNAL_STATUS.SIGINT]: "interrupted" });
  const meanings = statuses.map(([status, meaning]) => `  ${status.padEnd(3)}  ${meaning}\n`).join("");
  return `\nExamples:\n${shown}\nExit status:\n${meanings}`.trimEnd();
}

function namesOf(command: Command): string[] {
  return [command.name(), ...command.aliases()];
}
