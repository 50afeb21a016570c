import { SkillError } from "../../errors.ts";
import { quote } from "../../text/index.ts";
import { findCommand, type CommandDefinition, type CommandEntry } from "../command.ts";
import type { GlobalFlags } from "../flags.ts";
import { COMMANDS } from "../program.ts";
import { run } from "../run.ts";
import { text } from "../values.ts";

/** `skillctl help`: the overview, or what one command's `--help` prints. */
export const helpCommand: CommandDefinition<[command: string | undefined, action: string | undefined], GlobalFlags> = {
  description: "Without a command, prints an overview of all commands.",
  arguments: [
    { syntax: "[command]", summary: "the command to explain", completes: "command", parse: text("command") },
    { syntax: "[action]", summary: "one of its actions, which the same text explains", parse: text("action") },
  ],
  examples: [
    { title: "All commands", command: "skillctl help" },
    { title: "One command", command: "skillctl help pack" },
  ],
  async run({ environment }, [command, action], flags) {
    if (command === undefined) return run(["--help"], environment, flags);
    const entry = findCommand(command, COMMANDS);
    // Without --help, a name that is no command fails as it does when it is called: with a suggestion.
    if (entry === undefined) return run([command], environment, flags);
    if (action !== undefined) await requireAction(entry, action);
    return run([command, "--help"], environment, flags);
  },
};

/** Throws `USAGE` unless the first argument of the command is a choice, and `action` one of it. */
async function requireAction({ name, load }: CommandEntry, action: string): Promise<void> {
  const [first] = (await load()).arguments ?? [];
  if (typeof first?.completes === "object") return void first.parse?.(action, undefined);
  throw new SkillError("USAGE", `${name} has no action ${quote(action)}`, {
    hint: `See what is possible: skillctl help ${name}`,
  });
}
