import type { Disk } from "../../../store/layout/disk.ts";
import type { RegistryPaths } from "./paths.ts";

/** Gives a file that was written just now the time of the disk's clock, where that is not the clock of the machine. */
export async function stamp({ fs, now }: Disk<RegistryPaths>, path: string): Promise<void> {
  if (now !== Date.now) await fs.touch(path, now());
}
