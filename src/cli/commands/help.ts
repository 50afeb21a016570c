import { findCommand, type CommandDefinition } from "../command.ts";
import { COMMANDS } from "../program.ts";
import { run } from "../run.ts";
import { text } from "../values.ts";

/** `skillctl help`: the overview, or what one command's `--help` prints. */
export const helpCommand: CommandDefinition<[command: string | undefined]> = {
  description: "Without a command, the overview of all of them.",
  arguments: [{ syntax: "[command]", summary: "the command to explain", completes: "command", parse: text("command") }],
  examples: [
    { title: "All commands", command: "skillctl help" },
    { title: "One command", command: "skillctl help pack" },
  ],
  run({ environment }, [command]) {
    if (command === undefined) return run(["--help"], environment);
    // Without --help, a name that is no command fails as it does when it is called: with a suggestion.
    return run(findCommand(command, COMMANDS) === undefined ? [command] : [command, "--help"], environment);
  },
};
