import { prune, type PruneResult } from "../../skill/prune.ts";
import { plural } from "../../text/index.ts";
import type { CommandDefinition } from "../command.ts";
import { ExitStatus } from "../exit.ts";
import { openStore } from "../store.ts";
import { formatBytes, formatDuration } from "../units.ts";
import { duration } from "../values.ts";

/** The library's. Milliseconds. */
const DEFAULT_GRACE = 3_600_000;

interface Flags {
  readonly dryRun?: boolean;
  readonly grace?: number;
}

/** `skillctl prune`: out with what nobody needs any more. */
export const pruneCommand: CommandDefinition<[], Flags> = {
  description:
    "Removes the tags of states that a version has left behind (1.0.0-draft, once 1.0.0-testing or 1.0.0 exists) and " +
    "then the content that no image refers to. Archived images stay, and so does the history of what stays. Content " +
    "younger than the grace period stays, because another process may be about to use it.",
  options: [
    { flags: "-n, --dry-run", summary: "show what would be removed, and remove nothing" },
    {
      flags: "--grace <time>",
      summary: "keep content younger than this, as in 90s, 30m, 7d or 0 (default: 1h)",
      parse: duration,
    },
  ],
  examples: [
    { title: "See what would be freed", command: "skillctl prune --dry-run" },
    { title: "At once, when nothing else uses the store", command: "skillctl prune --grace 0s" },
  ],
  async run(context, _, { dryRun = false, grace }) {
    const { output, signal } = context;
    const result = await prune(await openStore(context), { dryRun, ...(grace === undefined ? {} : { grace }), signal });
    await output.result(
      result,
      (done) => format(done, grace),
      ({ tags }) => tags.map((tag) => `${tag}\n`).join(""),
    );
    return ExitStatus.ok;
  },
};

function format({ tags, blobs, temporaries, bytes, kept, dryRun }: PruneResult, grace = DEFAULT_GRACE): string {
  const verb = dryRun ? "would remove" : "removed";
  const lines = tags.map((tag) => `${verb} ${tag}`);
  const died = temporaries === 0 ? "" : ` and ${plural(temporaries, "file")} of processes that died`;
  const removed = `${plural(tags.length, "tag")} and ${plural(blobs, "blob")}${died}`;
  const total = `${verb} ${removed}; ${formatBytes(bytes)} ${dryRun ? "would be freed" : "freed"}`;
  const them = kept === 1 ? "it" : "them";
  const keeps = `${dryRun ? "would keep" : "kept"} ${plural(kept, "unreferenced blob")}`;
  const young = kept === 0 ? [] : [`${keeps} younger than ${formatDuration(grace)}; --grace 0s removes ${them} too`];
  return [...lines, total, ...young].map((line) => `${line}\n`).join("");
}
