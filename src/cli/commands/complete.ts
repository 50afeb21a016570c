import { list } from "../../skill/list.ts";
import { visibleLine } from "../../text/index.ts";
import type { CommandDefinition } from "../command.ts";
import { complete, type Candidate } from "../completion.ts";
import type { Context } from "../context.ts";
import { ExitStatus } from "../exit.ts";
import { write } from "../output.ts";
import { COMMANDS } from "../program.ts";
import { openStore } from "../store.ts";
import { each } from "../values.ts";

/**
 * `skillctl __complete -- words…`: one offer a line, `value<TAB>summary`, then `:file`, `:directory` or `:none` for what
 * the shell shall add of its own. Never fails: a shell has no place to show an error.
 */
export const completeCommand: CommandDefinition<[words: readonly string[] | undefined]> = {
  description: "Called by the scripts that skillctl completion prints.",
  arguments: [
    { syntax: "[words...]", summary: "the words typed so far, the last of them unfinished", parse: each(String) },
  ],
  examples: [{ title: "What could follow `skillctl pro`", command: "skillctl __complete -- pro" }],
  async run(context, [words = []]) {
    const { candidates, files } = await complete(words, COMMANDS, { references: () => references(context) });
    const lines = candidates.map(({ value, summary }) => (summary === undefined ? value : `${value}\t${summary}`));
    await write(context.environment.stdout, [...lines, `:${files ?? "none"}`].map((line) => `${line}\n`).join(""));
    return ExitStatus.ok;
  },
};

async function references(context: Context): Promise<Candidate[]> {
  const found: Candidate[] = [];
  try {
    for await (const { reference, status } of list(await openStore(context), { signal: context.signal })) {
      found.push({ value: visibleLine(reference), ...(status === undefined ? {} : { summary: visibleLine(status) }) });
    }
  } catch {
    // A store that cannot be read has nothing to offer; the command itself will say what is wrong with it.
  }
  return found;
}
