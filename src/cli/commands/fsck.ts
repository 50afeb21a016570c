import type { CommandDefinition } from "../command.ts";
import { ExitStatus } from "../exit.ts";
import { openStore } from "../store.ts";
import { plural } from "../units.ts";

interface Flags {
  readonly repair?: boolean;
}

/** `skillctl fsck`: is everything in the store what it says it is? */
export const fsckCommand: CommandDefinition<[], Flags> = {
  description:
    "Reads every blob and compares it with its digest, and follows every reference. Changes nothing unless --repair " +
    "is given. What a repair removes could no longer be used; pack or import it again.",
  options: [{ flags: "--repair", summary: "remove what is damaged, so that it can be stored again" }],
  examples: [
    { title: "Check", command: "skillctl fsck" },
    { title: "Check and repair", command: "skillctl fsck --repair" },
  ],
  exitStatus: { 0: "nothing is damaged, or everything was repaired", 1: "something is damaged, or the work failed" },
  async run(context, _, { repair = false }) {
    const { output, signal } = context;
    output.progress.update("checking the store");
    const issues = await (await openStore(context)).fsck({ repair, signal });
    const left = issues.filter((issue) => !issue.repaired);
    await output.result(issues, (all) =>
      all.map((issue) => `${issue.repaired ? "repaired" : output.style.red(issue.kind)} ${issue.message}\n`).join(""),
    );
    await output.remark(issues.length === 0 ? "The store is sound.\n" : `${plural(left.length, "issue")} left.\n`);
    return left.length === 0 ? ExitStatus.ok : ExitStatus.failed;
  },
};
