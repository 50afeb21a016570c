import { statfs } from "node:fs/promises";
import { dirname } from "node:path";

import { isAbsent } from "../../errno.ts";

/** What Linux calls its file systems on disks of the machine, or in memory: the numbers of statfs(2), `f_type`. */
const LOCAL: ReadonlySet<number> = new Set([
  0xef53, // ext2, ext3, ext4
  0x58465342, // xfs
  0x9123683e, // btrfs
  0xf2f52010, // f2fs
  0x2fc12fc1, // zfs
  0x01021994, // tmpfs
  0x794c7630, // overlayfs
]);

/**
 * Whether a path, or where it would be made, is on a file system of the machine itself: one that does not hang because some other
 * machine, or a program, does not answer. False on any doubt, and on systems other than Linux.
 */
export async function isOnLocalDisk(path: string): Promise<boolean> {
  if (process.platform !== "linux") return false;
  try {
    return LOCAL.has((await statfs(path)).type >>> 0);
  } catch (error) {
    return isAbsent(error) && dirname(path) !== path && isOnLocalDisk(dirname(path));
  }
}
