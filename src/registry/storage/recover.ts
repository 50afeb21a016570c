/** What a driver knew of a manifest, and a disk has damaged: the manifest's bytes say all of it but when it was stored. */
import { readAll } from "../../content/index.ts";
import { isSkillError } from "../../errors.ts";
import { childrenOf, MAX_MANIFEST_SIZE, parseManifest, type Digest } from "../../oci/index.ts";
import type { OperationOptions } from "../../store/types.ts";
import { unlessDamaged } from "./damaged.ts";
import { incomingManifest } from "./incoming.ts";
import type { IncomingManifest, RegistryStorage, RepositoryMetadata } from "./types.ts";

/**
 * Reads it from the manifest's bytes; `undefined` when those are missing or damaged, too, or no manifest. `damaged`: all of the
 * repository of which nothing is known, as they may be listed by one another.
 */
export async function recoverManifest(
  { blobs }: RegistryStorage,
  repository: RepositoryMetadata,
  digest: Digest,
  damaged: ReadonlySet<Digest>,
  options: OperationOptions = {},
): Promise<IncomingManifest | undefined> {
  try {
    const size = (await blobs.stat(digest, options))?.size ?? Infinity;
    if (size > MAX_MANIFEST_SIZE) return undefined;
    const bytes = await readAll(blobs.read(digest, { ...options, fresh: true }), options);
    const parsed = parseManifest(bytes, undefined, { isStored: true });
    const references: Digest[] = [];
    for (const child of new Set(childrenOf(parsed).map((each) => each.digest))) {
      const isHeld =
        damaged.has(child) ||
        (await repository.hasBlob(child, options)) ||
        (await unlessDamaged(async () => repository.manifest(child, options))) !== undefined;
      if (isHeld) references.push(child);
    }
    return incomingManifest(parsed, { mediaType: parsed.mediaType, digest, size }, references);
  } catch (error) {
    if (!isSkillError(error) || error.code === "ABORTED") throw error;
    return undefined;
  }
}

/** Writes again all of a repository that can be recovered. Resolves to whether anything was. */
export async function healRepository(
  storage: RegistryStorage,
  repository: RepositoryMetadata,
  options: OperationOptions = {},
): Promise<boolean> {
  const damaged = new Set<Digest>();
  const onDamaged = (digest: Digest): unknown => damaged.add(digest);
  for await (const _ of repository.manifests({ ...options, onDamaged }));
  let isHealed = false;
  for (const digest of damaged) {
    const manifest = await recoverManifest(storage, repository, digest, damaged, options);
    if (manifest === undefined) continue;
    await repository.putManifest(manifest, undefined, options);
    isHealed = true;
  }
  return isHealed;
}
