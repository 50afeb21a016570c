import { resolve } from "node:path";

import { SkillError } from "../../errors.ts";
import { quote } from "../../text/index.ts";
import { createFsStorage } from "../storage/fs/index.ts";
import type { RegistryStorage } from "../storage/types.ts";
import { mirror, type MirrorOptions, type MirrorReport } from "./mirror.ts";
import { isEmpty, refuseCutOff, refuseUnfinished, restoreUnfinished } from "./unfinished.ts";

export interface RestoreOptions extends MirrorOptions {
  /** Goes on where an attempt of the same backup was cut off; what the backup does not have is removed. Default: false. */
  readonly resume?: boolean;
  /** Also from a backup that was cut off, and may not have all of its registry. Default: false. */
  readonly incomplete?: boolean;
}

/**
 * Fills an empty registry from a backup. From before the first change until all is there, the registry carries the mark
 * `restoring`: no server serves it, and only what carries it is gone on with. Throws `TARGET_EXISTS` when the registry holds
 * something else, `RESTORE_UNFINISHED` when an attempt was cut off and `resume` is not set, or when the backup itself is the
 * rest of one, `BACKUP_UNFINISHED` when the backup was cut off and `incomplete` is not set, `NOT_FOUND` when the backup holds nothing.
 */
export async function restore(
  directory: string,
  storage: RegistryStorage,
  { resume = false, incomplete = false, ...options }: RestoreOptions = {},
): Promise<MirrorReport> {
  const from = resolve(directory);
  await checkTarget(storage, from, resume);
  const source = await createFsStorage(from, { ...options, purpose: "maintain" });
  try {
    await refuseUnfinished(source);
    if (!incomplete) await refuseCutOff(source);
    if (await isEmpty(source)) {
      const isBackup = (await source.marks.read("backup")) !== undefined;
      throw new SkillError(
        "NOT_FOUND",
        isBackup ? `the backup at ${directory} is of an empty registry` : `there is no backup at ${directory}`,
        {
          hint: isBackup ? "There is nothing to restore: start a new registry." : "Name the directory of a backup.",
        },
      );
    }
    await storage.marks.set("restoring", from);
    await storage.marks.clear("backup");
    const report = await mirror(source, storage, options);
    await storage.marks.clear("restoring");
    return report;
  } finally {
    await source.close();
  }
}

async function checkTarget(storage: RegistryStorage, from: string, resume: boolean): Promise<void> {
  const begun = await storage.marks.read("restoring");
  if (begun === undefined) {
    if (await isEmpty(storage)) return;
    const why = resume ? "no restore into it was cut off" : "a backup is restored into an empty one";
    throw new SkillError("TARGET_EXISTS", `the registry is not empty; ${why}`, {
      hint: "Name a new directory as its root.",
    });
  }
  if (!resume) throw restoreUnfinished(begun);
  if (begun === from) return;
  throw new SkillError("TARGET_EXISTS", `what was cut off is a restore of ${quote(begun)}, not of ${quote(from)}`, {
    hint: `Name ${quote(begun)}, or restore into a new registry.`,
  });
}
