/** The registry that a command looks after: a directory, or where the server's configuration says. It loads when one is opened. */
import { join, resolve } from "node:path";

import type { RegistryStorage } from "../registry/storage/types.ts";
import type { ServerConfig } from "../server/config/schema.ts";
import type { OptionSpec } from "./command.ts";
import { dataDirectory, type Context } from "./context.ts";
import { text } from "./values.ts";

export interface RootFlags {
  readonly root?: string;
  readonly config?: string;
}

export const ROOT_OPTIONS: readonly OptionSpec[] = [
  {
    flags: "--root <directory>",
    summary: "where the registry keeps its content (default: where skillctl serve does)",
    completes: "directory",
    parse: text("directory"),
  },
  {
    flags: "-c, --config <file>",
    summary: "the server's configuration, for a registry that it keeps elsewhere, as in a bucket",
    completes: "file",
    parse: text("file"),
  },
];

/** Which registry. */
export interface RegistryPlace {
  /** The server's directory. Absolute. */
  readonly root: string;
  /** What the server's configuration says; empty without one. */
  readonly config: ServerConfig;
  /** Where the content is, for a person: the directory, or the bucket. */
  readonly name: string;
}

/**
 * The registry that flags name, as `skillctl serve` would find it with them. Throws what reading the configuration throws.
 */
export async function registryPlace(
  { environment }: Context,
  { root, config: file }: RootFlags,
): Promise<RegistryPlace> {
  const config =
    file === undefined ? {} : await (await import("../server/config/read.ts")).readServerConfig(resolve(file));
  const directory = root ?? config.root ?? join(dataDirectory(environment.variables, "the registry"), "registry");
  const s3 = config.storage?.s3;
  const name = s3 === undefined ? resolve(directory) : `s3://${join(s3.bucket, s3.prefix ?? "")}`;
  return { root: resolve(directory), config, name };
}

/**
 * Works with a registry, beside servers if any use it. `isNew`: it may be absent or empty, and must have no server. Throws
 * `NOT_FOUND` when there is none, what opening it throws, and what `work` throws.
 */
export async function withRegistry<T>(
  { signal }: Context,
  { root, config }: Pick<RegistryPlace, "root" | "config">,
  work: (storage: RegistryStorage) => Promise<T>,
  { isNew = false }: { readonly isNew?: boolean } = {},
): Promise<T> {
  const { openStorage } = await import("../server/storage.ts");
  const storage = await openStorage(config, root, { purpose: isNew ? "serve" : "maintain", signal });
  try {
    return await work(storage);
  } finally {
    await storage.close();
  }
}
