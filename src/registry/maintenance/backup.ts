import { readFile, realpath } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";

import { absentAsUndefined } from "../../errno.ts";
import { SkillError } from "../../errors.ts";
import { reading } from "../../store/layout/failure.ts";
import { quote } from "../../text/index.ts";
import { createFsStorage } from "../storage/fs/index.ts";
import type { RegistryStorage } from "../storage/types.ts";
import { mirror, type MirrorOptions, type MirrorReport } from "./mirror.ts";
import { isEmpty, refuseUnfinished } from "./unfinished.ts";

export interface BackupOptions extends MirrorOptions {
  /** Also into a registry that no backup made: what it holds is replaced. Default: false. */
  readonly adopt?: boolean;
}

/**
 * Copies a registry, in use or not, into a directory: a registry itself, which can be served as it is. The second time, only
 * what is new is copied, and what the registry does not have any more is removed; to keep several states, copy the directory
 * with hard links (`cp -al`) in between. Every blob is verified while it is copied; what is damaged stays in the directory as an
 * earlier backup left it. Throws `STORE_LOCKED` when the directory is in use, `TARGET_EXISTS` when it holds something else than a
 * backup or lies in a registry, `RESTORE_UNFINISHED` when the registry, or the directory, has only a part of a backup,
 * `STORE_UNWRITABLE`.
 */
export async function backup(
  storage: RegistryStorage,
  directory: string,
  { adopt = false, ...options }: BackupOptions = {},
): Promise<MirrorReport> {
  await refuseUnfinished(storage);
  await refuseSame(storage, resolve(directory));
  await refuseInside(resolve(directory));
  const target = await createFsStorage(directory, options);
  try {
    await claim(target, directory, adopt);
    return await mirror(storage, target, options);
  } finally {
    await target.close();
  }
}

/** Makes the directory one whose content a backup may replace. */
async function claim(target: RegistryStorage, directory: string, adopt: boolean): Promise<void> {
  await refuseUnfinished(target);
  if ((await target.marks.read("backup")) !== undefined) return;
  if (!adopt && !(await isEmpty(target))) {
    throw new SkillError(
      "TARGET_EXISTS",
      `${quote(directory)} is a registry, not a backup; nothing in it was changed`,
      {
        hint:
          "Name a new directory. If it is a backup, which an earlier skillctl made or a server has served since, " +
          "--adopt makes it one again: what it holds is replaced.",
      },
    );
  }
  await target.marks.set("backup", "skillctl backup replaces what is here");
}

/** By its own path: a link may lead to it. */
async function refuseSame({ directory: source }: RegistryStorage, directory: string): Promise<void> {
  if (source === undefined) return;
  const [from, to] = await Promise.all(
    [source, directory].map(async (path) => realpath(path).catch(absentAsUndefined)),
  );
  if (from === undefined || from !== to) return;
  throw new SkillError("TARGET_EXISTS", `${quote(directory)} is the registry itself`, {
    hint: "Name a directory elsewhere, best on another disk.",
  });
}

/** A registry has nothing in its directory but its own files. */
async function refuseInside(directory: string): Promise<void> {
  let at = await parentOf(directory);
  for (; ; at = dirname(at)) {
    const path = join(at, "registry.json");
    const bytes = await reading(path, async () => readFile(path).catch(absentAsUndefined));
    if (bytes !== undefined) {
      throw new SkillError("TARGET_EXISTS", `${quote(directory)} lies in the registry ${quote(at)}`, {
        hint: "Name a directory elsewhere, best on another disk.",
      });
    }
    if (dirname(at) === at) return;
  }
}

/** The directory that it lies in, or will, by its own path. */
async function parentOf(directory: string): Promise<string> {
  const own = await realpath(directory).catch(absentAsUndefined);
  if (own !== undefined) return dirname(own);
  const above = dirname(directory);
  return (await realpath(above).catch(absentAsUndefined)) ?? parentOf(above);
}
