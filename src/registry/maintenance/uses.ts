import type { Digest } from "../../oci/index.ts";
import type { OperationOptions } from "../../store/types.ts";
import type { RegistryStorage } from "../storage/types.ts";

/** A manifest that is, or refers to, a blob. */
export interface BlobUse {
  readonly repository: string;
  readonly manifest: Digest;
}

/** Which manifests need these blobs. */
export async function findUses(
  { metadata }: RegistryStorage,
  digests: ReadonlySet<Digest>,
  options: OperationOptions = {},
): Promise<ReadonlyMap<Digest, readonly BlobUse[]>> {
  const uses = new Map<Digest, BlobUse[]>([...digests].map((digest) => [digest, []]));
  if (digests.size === 0) return uses;
  for await (const repository of metadata.repositories(options)) {
    for await (const { descriptor, references } of metadata.repository(repository).manifests(options)) {
      const use = { repository, manifest: descriptor.digest };
      for (const digest of new Set([descriptor.digest, ...references])) uses.get(digest)?.push(use);
    }
  }
  return uses;
}
