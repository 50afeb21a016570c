import type { Digest } from "../../oci/index.ts";
import type { OperationOptions } from "../../store/types.ts";
import { recoverManifest } from "../storage/recover.ts";
import type { IncomingManifest, RegistryStorage } from "../storage/types.ts";

/** A manifest that is, or refers to, a blob. */
export interface BlobUse {
  readonly repository: string;
  readonly manifest: Digest;
}

/** Which manifests need these blobs. Of one whose record is damaged, what its bytes say counts, if they are sound. */
export async function findUses(
  storage: RegistryStorage,
  digests: ReadonlySet<Digest>,
  options: OperationOptions = {},
): Promise<ReadonlyMap<Digest, readonly BlobUse[]>> {
  const uses = new Map<Digest, BlobUse[]>([...digests].map((digest) => [digest, []]));
  if (digests.size === 0) return uses;
  for await (const name of storage.metadata.repositories(options)) {
    const repository = storage.metadata.repository(name);
    const note = ({ descriptor, references }: IncomingManifest): void => {
      const use = { repository: name, manifest: descriptor.digest };
      for (const digest of new Set([descriptor.digest, ...references])) uses.get(digest)?.push(use);
    };
    const unread: Digest[] = [];
    const onDamaged = (digest: Digest): unknown => unread.push(digest);
    for await (const manifest of repository.manifests({ ...options, onDamaged })) note(manifest);
    for (const digest of unread) {
      const manifest = await recoverManifest(storage, repository, digest, options);
      if (manifest !== undefined) note(manifest);
    }
  }
  return uses;
}
