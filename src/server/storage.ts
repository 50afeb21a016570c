/** Where a server's registry is: in its root, or where the configuration says. */
import { readFile } from "node:fs/promises";

import { SkillError } from "../errors.ts";
import { createFsStorage, type FsStorageOptions } from "../registry/storage/fs/index.ts";
import type { PostgresOptions } from "../registry/storage/postgres/database.ts";
import { createS3Storage } from "../registry/storage/s3/index.ts";
import type { RegistryStorage } from "../registry/storage/types.ts";
import type { ServerConfig } from "./config/schema.ts";

/** Opens it. Throws `FILE_UNREADABLE` when a file that the configuration names cannot be read, and what the driver throws. */
export async function openStorage(
  { storage }: ServerConfig,
  root: string,
  options: Pick<FsStorageOptions, "now" | "purpose" | "signal"> = {},
): Promise<RegistryStorage> {
  if (storage === undefined) return createFsStorage(root, options);
  const { pathStyle, ...s3 } = storage.s3;
  return createS3Storage({
    ...s3,
    ...(pathStyle === undefined ? {} : { forcePathStyle: pathStyle }),
    postgres: await postgresOf(storage.postgres),
    ...options,
  });
}

type PostgresConfig = NonNullable<NonNullable<ServerConfig["storage"]>["postgres"]>;

async function postgresOf({ url, urlFile, ...rest }: PostgresConfig = {}): Promise<PostgresOptions> {
  if (url !== undefined && urlFile !== undefined) {
    throw new SkillError("CONFIG_INVALID", "storage.postgres has both url and urlFile", { hint: "Leave one out." });
  }
  const connectionString = urlFile === undefined ? url : await readSecret(urlFile);
  return { ...rest, ...(connectionString === undefined ? {} : { connectionString }) };
}

async function readSecret(file: string): Promise<string> {
  try {
    return (await readFile(file, "utf8")).trim();
  } catch (cause) {
    throw new SkillError("FILE_UNREADABLE", `cannot read the address of the database: ${file}`, { cause });
  }
}
