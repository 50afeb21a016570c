import { resolve } from "node:path";

import { isSkillError, SkillError } from "../../errors.ts";
import type { RegistryStorage } from "../../registry/storage/types.ts";
import { quote } from "../../text/index.ts";
import type { CommandDefinition } from "../command.ts";
import { reportCopy, showRepositories } from "../copied-registry.ts";
import { registryPlace, ROOT_OPTIONS, withRegistry, type RootFlags } from "../registry-root.ts";
import { text } from "../values.ts";

interface Flags extends RootFlags {
  readonly resume?: boolean;
  readonly incomplete?: boolean;
}

/** `skillctl restore`: a new registry from a backup. */
export const restoreCommand: CommandDefinition<[directory: string], Flags> = {
  description:
    "Fills a new or empty registry from what skillctl backup made, verifying every blob. No server may use the registry " +
    "meanwhile, and none serves it before all is there. When it was cut off, --resume goes on.",
  arguments: [
    { syntax: "<directory>", summary: "where the backup is", completes: "directory", parse: text("directory") },
  ],
  options: [
    ...ROOT_OPTIONS,
    { flags: "--resume", summary: "go on with a restore that was cut off" },
    { flags: "--incomplete", summary: "also from a backup that was cut off" },
  ],
  examples: [
    { title: "Into a new registry", command: "skillctl restore backup --root restored" },
    { title: "Into a bucket and a database", command: "skillctl restore backup --config new.yaml" },
    { title: "Go on after it was cut off", command: "skillctl restore backup --root restored --resume" },
  ],
  exitStatus: { 1: "an image could not be copied, because it is damaged, or the work failed" },
  async run(context, [directory], { resume = false, incomplete = false, ...flags }) {
    const [source, place] = [resolve(directory), await registryPlace(context, flags)];
    const { signal } = context;
    const onRepository = showRepositories(context, `restoring ${place.name}`);
    // So that a mistyped name makes no registry.
    await withRegistry(context, { root: source, config: {} }, async () => undefined).catch((error: unknown) => {
      throw isSkillError(error, "NOT_FOUND") || isSkillError(error, "TARGET_EXISTS")
        ? noBackup(directory, error)
        : error;
    });
    const { restore } = await import("../../registry/maintenance/restore.ts");
    const fill = async (storage: RegistryStorage) =>
      restore(source, storage, { resume, incomplete, signal, onRepository });
    return reportCopy(context, await withRegistry(context, place, fill, { isNew: true }), place.name);
  },
};

function noBackup(directory: string, cause: SkillError): SkillError {
  return new SkillError("NOT_FOUND", `there is no backup at ${quote(directory)}`, {
    hint: "Name the directory that skillctl backup wrote. --root is the registry that is to be filled.",
    cause,
  });
}
