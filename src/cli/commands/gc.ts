import type { CollectReport } from "../../registry/maintenance/gc.ts";
import { plural } from "../../text/index.ts";
import type { CommandDefinition } from "../command.ts";
import { ExitStatus } from "../exit.ts";
import { registryPlace, ROOT_OPTIONS, withRegistry, type RootFlags } from "../registry-root.ts";
import { formatBytes, formatDuration } from "../units.ts";
import { duration } from "../values.ts";

/** The library's. Milliseconds. */
const DEFAULT_GRACE = 3_600_000;

interface Flags extends RootFlags {
  readonly dryRun?: boolean;
  readonly grace?: number;
  readonly uploads?: number;
}

/** `skillctl gc`: the disk of a registry gets its room back. */
export const gcCommand: CommandDefinition<[], Flags> = {
  description:
    "Removes from a registry the blobs that no manifest refers to, and forgets uploads that were given up. " +
    "Manifests stay until somebody deletes them, with a tag or without. Safe while skillctl serve uses it, which " +
    "also does this every hour by itself; the grace period must be longer than any push takes.",
  options: [
    ...ROOT_OPTIONS,
    { flags: "-n, --dry-run", summary: "show what would be removed, and remove nothing" },
    {
      flags: "--grace <time>",
      summary:
        "keep blobs that somebody counted on within this time, as in 90s, 30m, 7d or 0 (default: what the configuration says, else 1h)",
      parse: duration,
    },
    {
      flags: "--uploads <time>",
      summary: "forget uploads that got nothing for this time (default: what the configuration says, else 1d)",
      parse: duration,
    },
  ],
  examples: [
    { title: "See what would be freed", command: "skillctl gc --dry-run" },
    { title: "In a bucket, as the server does it", command: "skillctl gc --config registry.yaml" },
    { title: "Free it, beside a running server", command: "skillctl gc --root registry --grace 2h" },
  ],
  async run(context, _, { dryRun = false, ...flags }) {
    const { output, signal } = context;
    const place = await registryPlace(context, flags);
    const { grace = place.config.gc?.grace, uploads = place.config.gc?.uploads } = flags;
    output.progress.update(`looking for garbage in ${place.name}`);
    const options = {
      ...(grace === undefined ? {} : { grace }),
      ...(uploads === undefined ? {} : { uploadExpiry: uploads }),
    };
    const { gc } = await import("../../registry/maintenance/gc.ts");
    const report = await withRegistry(context, place, async (storage) => gc(storage, { dryRun, signal, ...options }));
    await output.result(
      { ...report, dryRun },
      (done) => format(done, grace),
      ({ removed }) => removed.map((digest) => `${digest}\n`).join(""),
    );
    return ExitStatus.ok;
  },
};

function format(
  { removed, bytes, kept, unlinked, uploads, dryRun }: CollectReport & { readonly dryRun: boolean },
  grace = DEFAULT_GRACE,
): string {
  const verb = dryRun ? "would remove" : "removed";
  const lines = [
    `${verb} ${plural(removed.length, "blob")}; ${formatBytes(bytes)} ${dryRun ? "would be freed" : "freed"}`,
    ...(unlinked === 0 ? [] : [`${verb} ${plural(unlinked, "blob")} from repositories that do not use them`]),
    ...(uploads === 0 ? [] : [`${dryRun ? "would forget" : "forgot"} ${plural(uploads, "upload")}`]),
    ...(kept === 0
      ? []
      : [
          `${dryRun ? "would keep" : "kept"} ${plural(kept, "unreferenced blob")} younger than ${formatDuration(grace)}`,
        ]),
  ];
  return lines.map((line) => `${line}\n`).join("");
}
