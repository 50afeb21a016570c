/** The directory of a registry, for the commands that look after one. What keeps a registry loads when one is opened. */
import { join, resolve } from "node:path";

import type { RegistryStorage } from "../registry/storage/types.ts";
import type { OptionSpec } from "./command.ts";
import { dataDirectory, type Context } from "./context.ts";
import { text } from "./values.ts";

export interface RootFlags {
  readonly root?: string;
}

export const ROOT_OPTION: OptionSpec = {
  flags: "--root <directory>",
  summary: "where the registry keeps its content (default: where skillctl serve does)",
  completes: "directory",
  parse: text("directory"),
};

/** Absolute: what `--root` says, else where `skillctl serve` keeps its content without it. */
export function registryRoot({ environment }: Context, { root }: RootFlags): string {
  return resolve(root ?? join(dataDirectory(environment.variables, "the registry"), "registry"));
}

/**
 * Works with the registry in `root`, beside a server if one uses it. Throws `NOT_FOUND` when there is none, and what `work`
 * throws.
 */
export async function withRegistry<T>(
  { signal }: Context,
  root: string,
  work: (storage: RegistryStorage) => Promise<T>,
): Promise<T> {
  const { createFsStorage } = await import("../registry/storage/fs/index.ts");
  const storage = await createFsStorage(root, { purpose: "maintain", signal });
  try {
    return await work(storage);
  } finally {
    await storage.close();
  }
}
