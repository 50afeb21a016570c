import { visibleLine } from "../../text/index.ts";
import type { CommandDefinition } from "../command.ts";
import { ExitStatus } from "../exit.ts";
import { hasStore, openStore } from "../store.ts";
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
    const store = await openStore(context);
    const isThere = await hasStore(context);
    const issues = await store.fsck({ repair, signal });
    const left = issues.filter((issue) => !issue.repaired);
    await output.result(issues, (all) =>
      all.map((issue) => `${issue.repaired ? "repaired" : output.style.red(issue.kind)} ${issue.message}\n`).join(""),
    );
    if (issues.length > 0) await output.remark(`${plural(left.length, "issue")} left.\n`);
    else await output.remark(isThere ? "The store is sound.\n" : noStoreAt(await context.storePath()));
    return left.length === 0 ? ExitStatus.ok : ExitStatus.failed;
  },
};

/** Not a failure, because a store comes into being with its first image; but perhaps a typo. */
function noStoreAt(path: string): string {
  return `There is no store at ${visibleLine(path)}.\n`;
}
