import { SkillError } from "../../errors.ts";
import { visibleLine } from "../../text/index.ts";
import type { CommandDefinition } from "../command.ts";
import { ExitStatus } from "../exit.ts";
import { hasStore, openStore } from "../store.ts";
import { plural } from "../units.ts";
import { text } from "../values.ts";

interface Flags {
  readonly repair?: boolean;
  readonly root?: string;
}

/** `skillctl fsck`: is everything in the store, or in a registry's directory, what it says it is? */
export const fsckCommand: CommandDefinition<[], Flags> = {
  description:
    "Reads every blob and compares it with its digest, and follows every reference. Changes nothing unless --repair " +
    "is given. What a repair removes could no longer be used; pack or import it again. With --root, follows every reference " +
    "of a registry instead, safe while skillctl serve uses it, and repairs nothing; skillctl scrub reads its blobs.",
  options: [
    { flags: "--repair", summary: "remove what is damaged, so that it can be stored again" },
    {
      flags: "--root <directory>",
      summary: "check a registry's directory instead of the store",
      completes: "directory",
      parse: text("directory"),
    },
  ],
  examples: [
    { title: "Check", command: "skillctl fsck" },
    { title: "Check and repair", command: "skillctl fsck --repair" },
    { title: "Check a registry", command: "skillctl fsck --root registry" },
  ],
  exitStatus: { 0: "nothing is damaged, or everything was repaired", 1: "something is damaged, or the work failed" },
  async run(context, _, { repair = false, root }) {
    if (root !== undefined) {
      if (repair) throw noRepair();
      const { checkRegistry } = await import("../registry-fsck.ts");
      return checkRegistry(context, root);
    }
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

function noRepair(): SkillError {
  return new SkillError("USAGE", "--repair is for the local store, not for a registry", {
    hint: "skillctl scrub takes damaged blobs out of the way; skillctl push --force of their images brings them back.",
  });
}
