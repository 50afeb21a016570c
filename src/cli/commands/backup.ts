import { resolve } from "node:path";

import type { CommandDefinition } from "../command.ts";
import { reportCopy, showRepositories } from "../copied-registry.ts";
import { registryPlace, ROOT_OPTIONS, withRegistry, type RootFlags } from "../registry-root.ts";
import { text } from "../values.ts";

interface Flags extends RootFlags {
  readonly adopt?: boolean;
}

/** `skillctl backup`: a registry once more, elsewhere. */
export const backupCommand: CommandDefinition<[directory: string], Flags> = {
  description:
    "Copies a registry into a directory that is a registry itself: skillctl serve can serve it, skillctl restore fills a " +
    "new one from it. Every blob is verified on the way. Safe while skillctl serve uses the registry. The second time " +
    "only what is new is copied, and what was deleted from the registry is removed; what the registry has damaged stays as it " +
    "was. Keep several states by copying the directory in between. A directory that is a registry, but no backup of this one, " +
    "is refused, and so is a backup when the registry is empty. Users, tokens and the server's configuration are not " +
    "part of it.",
  arguments: [
    { syntax: "<directory>", summary: "where the copy is", completes: "directory", parse: text("directory") },
  ],
  options: [
    ...ROOT_OPTIONS,
    { flags: "--adopt", summary: "take a directory that is a registry already, and replace what it holds" },
  ],
  examples: [
    { title: "Every night", command: "skillctl backup backup" },
    { title: "Of a registry elsewhere", command: "skillctl backup backup --root registry" },
    { title: "Of one in a bucket", command: "skillctl backup backup --config registry.yaml" },
  ],
  exitStatus: { 1: "an image could not be copied, because the registry has it damaged, or the work failed" },
  async run(context, [directory], { adopt = false, ...flags }) {
    const place = await registryPlace(context, flags);
    const { signal } = context;
    const onRepository = showRepositories(context, `copying ${place.name}`);
    const { backup } = await import("../../registry/maintenance/backup.ts");
    const report = await withRegistry(context, place, async (storage) =>
      backup(storage, resolve(directory), { adopt, signal, onRepository }),
    );
    return reportCopy(context, report, directory);
  },
};
