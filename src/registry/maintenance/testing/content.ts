/** What a registry holds, to be compared with another. */
import type { Digest } from "../../../oci/index.ts";
import { createFsStorage } from "../../storage/fs/index.ts";
import { listOf } from "../../storage/testing/images.ts";
import type { RegistryStorage } from "../../storage/types.ts";

/** All that somebody could pull. */
export async function contentOf(storage: RegistryStorage): Promise<Record<string, unknown>> {
  const content: Record<string, unknown> = {};
  for (const name of await listOf(storage.metadata.repositories())) {
    const repository = storage.metadata.repository(name);
    const tags: Record<string, Digest | undefined> = {};
    for (const tag of await listOf(repository.tags())) tags[tag] = await repository.tag(tag);
    const manifests = await listOf(repository.manifests());
    content[name] = {
      tags,
      manifests: manifests.toSorted((a, b) => (a.descriptor.digest < b.descriptor.digest ? -1 : 1)),
    };
  }
  return content;
}

/** Works with the registry in a directory, and closes it. */
export async function opened<T>(directory: string, work: (storage: RegistryStorage) => Promise<T>): Promise<T> {
  const storage = await createFsStorage(directory);
  try {
    return await work(storage);
  } finally {
    await storage.close();
  }
}
