import type { CommandDefinition } from "../command.ts";
import { ExitStatus } from "../exit.ts";
import { COMPLETION_SCRIPTS, type Shell } from "../shells.ts";
import { oneOf } from "../values.ts";

const SHELLS: readonly Shell[] = ["bash", "zsh", "fish"];

/** `skillctl completion`: what makes a shell complete commands, flags, states and references. */
export const completionCommand: CommandDefinition<[shell: Shell]> = {
  description:
    "Load the script from your shell's start-up file. It asks skillctl for every completion, so it does not have to be " +
    "updated when skillctl is.",
  arguments: [
    { syntax: "<shell>", summary: SHELLS.join(", "), completes: SHELLS, parse: oneOf("supported shell", SHELLS) },
  ],
  examples: [
    { title: "bash, in ~/.bashrc", command: "source <(skillctl completion bash)" },
    { title: "zsh, in ~/.zshrc after compinit", command: "source <(skillctl completion zsh)" },
    { title: "fish, once", command: "skillctl completion fish > ~/.config/fish/completions/skillctl.fish" },
  ],
  async run({ output }, [shell]) {
    const script = COMPLETION_SCRIPTS[shell];
    await output.result({ shell, script }, () => script);
    return ExitStatus.ok;
  },
};
