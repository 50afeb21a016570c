/** Looks at every small file of a registry: is it what its name says? */
import { join, relative } from "node:path";

import { absentAsUndefined } from "../../../errno.ts";
import { isSkillError, throwIfAborted } from "../../../errors.ts";
import type { Disk } from "../../../store/layout/disk.ts";
import { abandonedTemporaries } from "../../../store/layout/temporaries.ts";
import type { OperationOptions } from "../../../store/types.ts";
import type { StorageIssue } from "../types.ts";
import { ALGORITHMS, fileToDigest, type RegistryPaths, type RepositoryPaths } from "./paths.ts";
import { decodeRecord, decodeTag, MAX_RECORD, MAX_TAG } from "./records.ts";
import { RepositoryNames } from "./repository-names.ts";
import { fileNameToTag } from "./tag-names.ts";

export async function* inspectFiles(
  disk: Disk<RegistryPaths>,
  { signal }: OperationOptions,
): AsyncGenerator<StorageIssue, void, undefined> {
  for await (const name of new RepositoryNames(disk, false).page({})) {
    throwIfAborted(signal);
    yield* inspectTags(disk, disk.paths.repository(name));
    yield* inspectManifests(disk, disk.paths.repository(name));
  }
  for (const { path } of await abandonedTemporaries(disk)) {
    yield { message: `${relative(disk.paths.root, path)} was left by a process that died`, path };
  }
}

async function* inspectTags(
  disk: Disk<RegistryPaths>,
  { tags }: RepositoryPaths,
): AsyncGenerator<StorageIssue, void, undefined> {
  for (const name of await namesIn(disk, tags)) {
    const path = join(tags, name);
    if (fileNameToTag(name) === undefined) yield stray(disk, path);
    else yield* damaged(disk, path, MAX_TAG, (bytes) => decodeTag(path, bytes));
  }
}

async function* inspectManifests(
  disk: Disk<RegistryPaths>,
  repository: RepositoryPaths,
): AsyncGenerator<StorageIssue, void, undefined> {
  for (const algorithm of ALGORITHMS) {
    const directory = repository.manifests(algorithm);
    for (const name of await namesIn(disk, directory)) {
      const path = join(directory, name);
      const digest = fileToDigest(algorithm, name, ".json");
      if (digest === undefined) yield stray(disk, path);
      else yield* damaged(disk, path, MAX_RECORD, (bytes) => decodeRecord(path, digest, bytes));
    }
  }
}

async function* damaged(
  { fs, paths }: Disk<RegistryPaths>,
  path: string,
  limit: number,
  decode: (bytes: Uint8Array) => unknown,
): AsyncGenerator<StorageIssue, void, undefined> {
  try {
    const bytes = await fs.readFile(path, limit).catch(absentAsUndefined);
    if (bytes !== undefined) decode(bytes);
  } catch (error) {
    const why = isSkillError(error) ? "is damaged" : `cannot be read: ${String(error)}`;
    yield { message: `${relative(paths.root, path)} ${why}`, path };
  }
}

function stray({ paths }: Disk<RegistryPaths>, path: string): StorageIssue {
  return { message: `${relative(paths.root, path)} is not a file of ours`, path };
}

async function namesIn({ fs }: Disk<RegistryPaths>, directory: string): Promise<string[]> {
  return ((await fs.list(directory).catch(absentAsUndefined)) ?? []).toSorted();
}
