/** Temporary files that nobody will finish: those of processes that were killed. */
import { join } from "node:path";

import type { Disk } from "./disk.ts";
import { absentAsUndefined } from "./file-system.ts";

/**
 * Removes the temporary files of dead processes, and of processes that cannot be looked at when the file has not been
 * written since `before` (milliseconds since 1970). Resolves to how many.
 */
export async function sweepTemporaries(disk: Disk, before: number): Promise<number> {
  const abandoned = await abandonedTemporaries(disk, before);
  await Promise.all(abandoned.map((path) => disk.remove(path)));
  return abandoned.length;
}

/** The files that {@link sweepTemporaries} would remove. */
export async function abandonedTemporaries(disk: Disk, before: number): Promise<string[]> {
  const { fs, paths, processes } = disk;
  const names = (await fs.list(paths.temporary).catch(absentAsUndefined)) ?? [];
  const abandoned = await Promise.all(
    names.map(async (name) => {
      const path = join(paths.temporary, name);
      const liveness = processes.liveness(name.slice(0, Math.max(0, name.lastIndexOf("."))));
      if (liveness !== "unknown") return liveness === "dead" ? path : undefined;
      const status = await fs.status(path);
      return status !== undefined && status.modified < before ? path : undefined;
    }),
  );
  return abandoned.filter((path) => path !== undefined);
}
