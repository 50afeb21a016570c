import type { CommandDefinition } from "../command.ts";
import { ExitStatus } from "../exit.ts";
import { COMMIT, VERSION, VERSION_LINE } from "../version.ts";

/** `skillctl version` with flags; without them the entry point answers by itself. */
export const versionCommand: CommandDefinition = {
  description:
    "With --json, also prints the commit it was built from, and the runtime (Node.js or Bun, which the executables contain) and platform it runs on.",
  examples: [
    { title: "The version", command: "skillctl version" },
    { title: "What a bug report needs", command: "skillctl version --json" },
  ],
  async run({ output }) {
    const facts = {
      version: VERSION,
      commit: COMMIT,
      runtime: runtime(),
      platform: `${process.platform}/${process.arch}`,
    };
    await output.result(facts, () => VERSION_LINE);
    return ExitStatus.ok;
  },
};

/** What runs the command. Bun also says which Node.js it stands in for; that is not what a bug report needs. */
function runtime(): string {
  const { bun, node } = process.versions;
  return bun === undefined ? `node ${node}` : `bun ${bun}`;
}
