/** A registry that has only a part of what shall be restored into it. */
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

export async function isEmpty({ metadata }: RegistryStorage): Promise<boolean> {
  for await (const _ of metadata.repositories({ limit: 1 })) return false;
  return true;
}
