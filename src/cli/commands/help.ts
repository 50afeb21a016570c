import { findCommand, type CommandDefinition } from "../command.ts";
import type { GlobalFlags } from "../flags.ts";
import { COMMANDS } from "../program.ts";
import { run } from "../run.ts";
import { text } from "../values.ts";

/** `skillctl help`: the overview, or what one command's `--help` prints. */
export const helpCommand: CommandDefinition<[command: string | undefined], GlobalFlags> = {
  description: "Without a command, prints an overview of all commands.",
  arguments: [{ syntax: "[command]", summary: "the command to explain", completes: "command", parse: text("command") }],
  examples: [
    { title: "All commands", command: "skillctl help" },
    { title: "One command", command: "skillctl help pack" },
  ],
  run({ environment }, [command], flags) {
    if (command === undefined) return run(["--help"], environment, flags);
    // Without --help, a name that is no command fails as it does when it is called: with a suggestion.
    return run(findCommand(command, COMMANDS) === undefined ? [command] : [command, "--help"], environment, flags);
  },
};
