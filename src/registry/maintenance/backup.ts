import { randomUUID } from "node:crypto";
import { readFile, realpath, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";

import { absentAsUndefined } from "../../errno.ts";
import { SkillError } from "../../errors.ts";
import { reading } from "../../store/layout/failure.ts";
import { quote } from "../../text/index.ts";
import { createFsStorage } from "../storage/fs/index.ts";
import type { RegistryStorage } from "../storage/types.ts";
import { mirror, type MirrorOptions, type MirrorReport } from "./mirror.ts";
import { isEmpty, refuseCutOff, refuseUnfinished } from "./unfinished.ts";

export interface BackupOptions extends MirrorOptions {
  /** Also into a registry that no backup of this one made, and of an empty registry: what it holds is replaced. Default: false. */
  readonly adopt?: boolean;
}

/**
 * Copies a registry, in use or not, into a directory: a registry itself, which can be served when all is there. The second time, only
 * what is new is copied, and what the registry does not have any more is removed; to keep several states, copy the directory
 * with hard links (`cp -al`) in between. Every blob is verified while it is copied; what is damaged stays in the directory as an
 * earlier backup left it. Throws `STORE_LOCKED` when the directory is in use, `TARGET_EXISTS` when it holds something else than a
 * backup of this registry, when this one is empty and the backup is not, or when it lies in a registry, `RESTORE_UNFINISHED` when the registry, or the directory, has only a part of a backup,
 * `STORE_UNWRITABLE`. A registry gets an id with its first backup.
 */
export async function backup(
  storage: RegistryStorage,
  directory: string,
  { adopt = false, ...options }: BackupOptions = {},
): Promise<MirrorReport> {
  await refuseUnfinished(storage);
  await refuseCutOff(storage);
  await storage.settle?.();
  await refuseSame(storage, resolve(directory));
  await refuseInside(resolve(directory));
  const target = await createFsStorage(directory, options);
  try {
    await claim(storage, target, directory, adopt);
    await target.marks.set("backing-up", "until skillctl backup has come to its end");
    const report = await mirror(storage, target, options);
    await target.marks.clear("backing-up");
    return report;
  } finally {
    await target.close();
  }
}

/** Makes the directory one whose content a backup of this registry may replace. */
async function claim(
  source: RegistryStorage,
  target: RegistryStorage,
  directory: string,
  adopt: boolean,
): Promise<void> {
  await refuseUnfinished(target);
  const mark = await target.marks.read("backup");
  if (!adopt && !(await isEmpty(target))) {
    const other = OF_REGISTRY.exec(mark ?? "")?.[1];
    if (mark === undefined) {
      throw refused(
        `${quote(directory)} is a registry, not a backup`,
        "Name a new directory. If it is a backup, which an earlier skillctl made or a server has served since, " +
          "--adopt makes it one again: what it holds is replaced.",
      );
    }
    if (await isEmpty(source)) {
      throw refused(
        `the registry is empty, and ${quote(directory)} is not`,
        "Look whether this is the right registry, and all of it is there. With --adopt the backup is emptied, too.",
      );
    }
    if (other !== undefined && other !== (await source.marks.read("id"))) {
      throw refused(
        `${quote(directory)} is the backup of another registry`,
        "Name a new directory, or the registry that it is of. After that was restored or moved to another storage, --adopt " +
          "makes it a backup of this one: what it holds is replaced.",
      );
    }
  }
  const id = await idOf(source);
  await target.marks.set("backup", `skillctl backup replaces what is here, of registry ${id}`);
}

const OF_REGISTRY = / of registry (\S+)$/;

function refused(why: string, hint: string): SkillError {
  return new SkillError("TARGET_EXISTS", `${why}; nothing in it was changed`, { hint });
}

/** Which registry it is, from its first backup on: another at the same place is another. */
async function idOf({ marks }: RegistryStorage): Promise<string> {
  const known = await marks.read("id");
  if (known !== undefined) return known;
  const id = randomUUID();
  await marks.set("id", id);
  return id;
}

/** By what the paths lead to: one may be a link, or a mount. */
async function refuseSame({ directory: source }: RegistryStorage, directory: string): Promise<void> {
  if (source === undefined) return;
  const [from, to] = await Promise.all(
    [source, directory].map(async (path) => stat(path, { bigint: true }).catch(absentAsUndefined)),
  );
  if (from === undefined || from.dev !== to?.dev || from.ino !== to.ino) return;
  throw new SkillError("TARGET_EXISTS", `${quote(directory)} is the registry itself`, {
    hint: "Name a directory elsewhere, best on another disk.",
  });
}

/** A registry has nothing in its directory but its own files. Other programs may have a file of this name. */
async function refuseInside(directory: string): Promise<void> {
  let at = await parentOf(directory);
  for (; ; at = dirname(at)) {
    const path = join(at, "registry.json");
    const bytes = await reading(path, async () => readFile(path).catch(absentAsUndefined));
    if (bytes !== undefined && /"version"\s*:\s*\d/.test(bytes.toString("latin1", 0, 1024))) {
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
