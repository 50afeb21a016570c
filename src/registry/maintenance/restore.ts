import { SkillError } from "../../errors.ts";
import { createFsStorage } from "../storage/fs/index.ts";
import type { RegistryStorage } from "../storage/types.ts";
import { mirror, type MirrorOptions, type MirrorReport } from "./mirror.ts";

/**
 * Fills an empty registry from a backup. An attempt that was cut off is gone on with when `resume` is set; then what the
 * backup does not have is removed. Throws `TARGET_EXISTS` when the registry holds something, `NOT_FOUND` when the
 * backup holds nothing.
 */
export async function restore(
  directory: string,
  storage: RegistryStorage,
  options: MirrorOptions & { readonly resume?: boolean } = {},
): Promise<MirrorReport> {
  if (options.resume !== true && !(await isEmpty(storage))) {
    throw new SkillError("TARGET_EXISTS", "the registry is not empty; a backup is restored into an empty one", {
      hint: "Name a new directory as its root.",
    });
  }
  const source = await createFsStorage(directory, { ...options, purpose: "maintain" });
  try {
    if (await isEmpty(source)) {
      throw new SkillError("NOT_FOUND", `there is no backup at ${directory}`, {
        hint: "Name the directory of a backup.",
      });
    }
    return await mirror(source, storage, options);
  } finally {
    await source.close();
  }
}

async function isEmpty({ metadata }: RegistryStorage): Promise<boolean> {
  for await (const _ of metadata.repositories({ limit: 1 })) return false;
  return true;
}
