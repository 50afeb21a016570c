/**
 * Staging directories that a crash left. Whoever unpacks beside them next puts back what they hold of the user's and
 * removes them, carefully: the directory they lie in belongs to the user and may be shared with others.
 *
 * Replacing a directory takes two renames, and a process that is killed between them leaves no target. So before the
 * first, a marker in the staging directory says which target is moved away and by which process.
 */
import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { lstat, open, readdir } from "node:fs/promises";
import { basename, join } from "node:path";

import { absentAsUndefined, errnoOf, isAbsent } from "../errno.ts";
import { moveDirectory, removeTree } from "./directory-tree.ts";
import { syncDirectory } from "./sync.ts";

/** What {@link stagingName} gives, and nothing that a person would think of. */
const STAGING_NAME = /^\.skillctl-[0-9a-f]{24}$/;

/** A name for a new staging directory. */
export function stagingName(): string {
  return `.skillctl-${randomBytes(12).toString("hex")}`;
}

/** No unpacking takes so long. Milliseconds. */
const DAY = 86_400_000;

const MARKER = "replacing";
const MAX_MARKER_SIZE = 4096;
const MARKER_TEXT = /^([1-9]\d{0,9}) ([0-9a-f]{16}) (.+)\n$/s;

/** Tells this process from one that had its number: in a container, many have the same. */
const INCARNATION = randomBytes(8).toString("hex");

/** Says in a staging directory, durably, that `target`, which lies beside it, is about to be moved into it. */
export async function markReplacing(staging: string, target: string): Promise<void> {
  const handle = await open(join(staging, MARKER), "wx", 0o600);
  try {
    await handle.writeFile(`${process.pid} ${INCARNATION} ${basename(target)}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await syncDirectory(staging);
  await syncDirectory(join(staging, ".."));
}

/**
 * Looks through `parent` for staging directories that are the caller's own and whose process is gone: those it was
 * killed over while it replaced a target, at once; others when they have not been touched for a day. Puts the target
 * back where it is missing, then removes them. Leaves one that holds a target whose place something else has taken: it
 * is the only copy. Follows no link.
 */
export async function recoverAbandoned(parent: string): Promise<void> {
  const names = await readdir(parent);
  for (const name of names.filter((each) => STAGING_NAME.test(each))) {
    // Each for itself: what cannot be mended now can wait for the next time.
    await recover(parent, join(parent, name)).catch(() => undefined);
  }
}

async function recover(parent: string, directory: string): Promise<void> {
  const found = await lstat(directory);
  if (!found.isDirectory() || found.uid !== (process.geteuid?.() ?? found.uid)) return;
  const marker = await readMarker(directory);
  const isOld = found.mtimeMs <= Date.now() - DAY;
  if (!isOld && (marker === undefined || isRunning(marker))) return;
  const previous = join(directory, "previous");
  if (await exists(previous)) {
    const target = marker === undefined ? undefined : join(parent, marker.target);
    if (target !== undefined && !(await exists(target))) {
      await moveDirectory(previous, target);
      await syncDirectory(parent);
    } else if (await exists(join(directory, "content"))) return;
  }
  await removeTree(directory);
}

interface Marker {
  readonly pid: number;
  readonly incarnation: string;
  /** A name in the directory that the staging directory lies in. */
  readonly target: string;
}

async function readMarker(directory: string): Promise<Marker | undefined> {
  const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0);
  const handle = await open(join(directory, MARKER), flags).catch(absentAsUndefined);
  if (handle === undefined) return undefined;
  try {
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(MAX_MARKER_SIZE), 0, MAX_MARKER_SIZE, 0);
    const [, pid, incarnation, target] = MARKER_TEXT.exec(buffer.toString("utf8", 0, bytesRead)) ?? [];
    if (pid === undefined || incarnation === undefined || target === undefined) return undefined;
    if (target !== basename(target) || target === "." || target === "..") return undefined;
    return { pid: Number(pid), incarnation, target };
  } finally {
    await handle.close();
  }
}

function isRunning({ pid, incarnation }: Marker): boolean {
  if (pid === process.pid) return incarnation === INCARNATION;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errnoOf(error) !== "ESRCH";
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (isAbsent(error)) return false;
    throw error;
  }
}
