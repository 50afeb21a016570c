/** Registries that have only a part of what they shall have. */
import { SkillError } from "../../errors.ts";
import { quote } from "../../text/index.ts";
import type { RegistryStorage } from "../storage/types.ts";

/** Throws `RESTORE_UNFINISHED` when a restore into the registry was cut off, or still runs. */
export async function refuseUnfinished({ marks }: RegistryStorage): Promise<void> {
  const from = await marks.read("restoring");
  if (from !== undefined) throw restoreUnfinished(from);
}

export function restoreUnfinished(from: string): SkillError {
  return new SkillError("RESTORE_UNFINISHED", `the registry has only a part of the backup ${quote(from)}`, {
    hint: `Finish it: skillctl restore ${from} --resume, with the --root or --config of the registry. Or restore into a new one.`,
  });
}

/** Throws `BACKUP_UNFINISHED` when a backup into the registry was cut off, or still runs. */
export async function refuseCutOff({ marks }: RegistryStorage): Promise<void> {
  if ((await marks.read("backing-up")) === undefined) return;
  throw new SkillError("BACKUP_UNFINISHED", "a backup into this directory was cut off, or still runs", {
    hint:
      "Run it to its end. If the registry is gone: skillctl restore --incomplete makes a new one of what is there, which is " +
      "at least what the backup before had, if there was one.",
  });
}

export async function isEmpty({ metadata }: RegistryStorage): Promise<boolean> {
  for await (const _ of metadata.repositories({ limit: 1 })) return false;
  return true;
}
