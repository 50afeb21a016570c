import type { StoreIssue } from "../../store/index.ts";
import { plural, visibleLine } from "../../text/index.ts";
import type { CommandDefinition } from "../command.ts";
import { ExitStatus } from "../exit.ts";
import type { RootFlags } from "../registry-root.ts";
import { hasStore, openStore } from "../store.ts";
import type { Style } from "../style.ts";
import { text } from "../values.ts";

interface Flags extends RootFlags {
  readonly repair?: boolean;
}

/** `skillctl fsck`: is everything in the store, or in a registry's directory, what it says it is? */
export const fsckCommand: CommandDefinition<[], Flags> = {
  description:
    "Reads every blob and compares it with its digest, and follows every reference. Changes nothing unless --repair " +
    "is given. What a repair removes could no longer be used; pack or import it again. With --root or --config, follows every " +
    "reference of a registry instead, safe while skillctl serve uses it; skillctl scrub reads its blobs. All that --repair " +
    "does there is to count anew what repositories in a database hold, for quotas.",
  options: [
    { flags: "--repair", summary: "remove what is damaged, so that it can be stored again" },
    {
      flags: "--root <directory>",
      summary: "check a registry's directory instead of the store",
      completes: "directory",
      parse: text("directory"),
    },
    {
      flags: "-c, --config <file>",
      summary: "check the registry of this server's configuration instead of the store",
      completes: "file",
      parse: text("file"),
    },
  ],
  examples: [
    { title: "Check", command: "skillctl fsck" },
    { title: "Check and repair", command: "skillctl fsck --repair" },
    { title: "Check a registry", command: "skillctl fsck --root registry" },
    { title: "Check one in a bucket", command: "skillctl fsck --config registry.yaml" },
  ],
  exitStatus: { 0: "nothing is damaged, or everything was repaired", 1: "something is damaged, or the work failed" },
  async run(context, _, { repair = false, ...registry }) {
    if (registry.root !== undefined || registry.config !== undefined) {
      const { checkRegistry } = await import("../registry-fsck.ts");
      return checkRegistry(context, registry, { repair });
    }
    const { output, signal } = context;
    output.progress.update("checking the store");
    const store = await openStore(context);
    const isThere = await hasStore(context);
    const issues = await store.fsck({ repair, signal });
    const left = issues.filter((issue) => !issue.repaired);
    await output.result(issues, (all) =>
      all.map((issue) => `${outcomeOf(issue, output.style)} ${issue.message}${whereOf(issue)}\n`).join(""),
    );
    const lost = issues.filter(({ removed }) => removed === true).length;
    if (lost > 0) await output.remark(`${plural(lost, "name")} removed; pack, pull or import what is lost again.\n`);
    if (issues.length > 0) await output.remark(`${plural(left.length, "issue")} left.\n`);
    else await output.remark(isThere ? "The store is sound.\n" : noStoreAt(await context.storePath()));
    return left.length === 0 ? ExitStatus.ok : ExitStatus.failed;
  },
};

/** What became of it: a name that was removed is not repaired. */
function outcomeOf({ kind, reference, repaired, removed }: StoreIssue, style: Style): string {
  if (removed === true)
    return `removed ${reference === undefined ? "an image without a tag" : visibleLine(reference)}:`;
  return repaired ? "repaired" : style.red(kind);
}

/** The image that is affected, unless the line begins with it or the message names it. */
function whereOf({ message, reference, removed }: StoreIssue): string {
  if (removed === true) return "";
  const name = reference === undefined ? "" : visibleLine(reference);
  return message.includes(name) ? "" : ` (${name})`;
}

/** Not a failure, because a store comes into being with its first image; but perhaps a typo. */
function noStoreAt(path: string): string {
  return `There is no store at ${visibleLine(path)}.\n`;
}
