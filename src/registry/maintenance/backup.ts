import { createFsStorage } from "../storage/fs/index.ts";
import type { RegistryStorage } from "../storage/types.ts";
import { mirror, type MirrorOptions, type MirrorReport } from "./mirror.ts";

/**
 * Copies a registry, in use or not, into a directory: a registry itself, which can be served as it is. The second time, only
 * what is new is copied, and what the registry does not have any more is removed; to keep several states, copy the directory
 * with hard links (`cp -al`) in between. Every blob is verified while it is copied; what is damaged stays in the directory as an
 * earlier backup left it. Throws `STORE_LOCKED` when the directory is
 * in use, `TARGET_EXISTS` when it holds something else, `STORE_UNWRITABLE`.
 */
export async function backup(
  storage: RegistryStorage,
  directory: string,
  options: MirrorOptions = {},
): Promise<MirrorReport> {
  const target = await createFsStorage(directory, options);
  try {
    return await mirror(storage, target, options);
  } finally {
    await target.close();
  }
}
