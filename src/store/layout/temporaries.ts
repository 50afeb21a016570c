/**
 * Temporary files that nobody will finish: those of processes that were killed.
 *
 * A store may come from somebody else, and this removes files without being asked to. So it follows no link, and touches
 * nothing whose name is not exactly one that {@link temporaryName} gives.
 */
import { join } from "node:path";

import { absentAsUndefined } from "../../errno.ts";
import type { Disk } from "./disk.ts";
import type { DiskPaths } from "./paths.ts";
import { randomName } from "./random-name.ts";

/** What nobody is known to need stays for so long, as somebody may be about to need it. Milliseconds. */
export const GRACE = 3_600_000;

const NAME = /^(.+)\.[0-9a-f]{16}$/;

/** A new name for a temporary file of `owner`. */
export function temporaryName(owner: string): string {
  return `${owner}.${randomName()}`;
}

/** A temporary file that nobody will finish. */
export interface AbandonedFile {
  readonly path: string;
  /** Bytes. */
  readonly size: number;
}

/**
 * Removes the temporary files of dead processes, and of processes that cannot be looked at when the file has not been
 * written for {@link GRACE}. Resolves to what it removed.
 */
export async function sweepTemporaries(disk: Disk<DiskPaths>): Promise<readonly AbandonedFile[]> {
  const abandoned = await abandonedTemporaries(disk);
  await Promise.all(abandoned.map(async ({ path }) => disk.remove(path)));
  return abandoned;
}

/** The files that {@link sweepTemporaries} would remove. */
export async function abandonedTemporaries(disk: Disk<DiskPaths>): Promise<readonly AbandonedFile[]> {
  const { fs, paths } = disk;
  for (const directory of [paths.own, paths.temporary]) {
    if ((await fs.status(directory))?.kind !== "directory") return [];
  }
  const names = (await fs.list(paths.temporary).catch(absentAsUndefined)) ?? [];
  const looked = await Promise.all(names.map(async (name) => lookAt(disk, name)));
  return looked.filter((file) => file !== undefined);
}

/** `undefined` for what somebody may finish, and for what is none of ours. */
async function lookAt(
  { fs, paths, processes, now }: Disk<DiskPaths>,
  name: string,
): Promise<AbandonedFile | undefined> {
  const owner = NAME.exec(name)?.[1];
  const liveness = owner === undefined ? undefined : processes.liveness(owner);
  if (liveness === undefined || liveness === "alive") return undefined;
  const path = join(paths.temporary, name);
  const status = await fs.status(path);
  if (status?.kind !== "file") return undefined;
  const isAbandoned = liveness === "dead" || status.modified < now() - GRACE;
  return isAbandoned ? { path, size: status.size } : undefined;
}
