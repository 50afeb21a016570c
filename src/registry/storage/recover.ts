/** What a driver knew of a manifest, and a disk has damaged: the manifest's bytes say all of it but when it was stored. */
import { readAll } from "../../content/index.ts";
import { isSkillError } from "../../errors.ts";
import { childrenOf, MAX_MANIFEST_SIZE, parseManifest, type Descriptor, type Digest } from "../../oci/index.ts";
import type { OperationOptions } from "../../store/types.ts";
import { incomingManifest } from "./incoming.ts";
import type { IncomingManifest, RegistryStorage, RepositoryMetadata } from "./types.ts";

/** What reading and parsing throw for bytes that are missing, damaged, or no manifest. */
const UNREADABLE: ReadonlySet<string> = new Set([
  "NOT_FOUND",
  "DIGEST_MISMATCH",
  "SIZE_MISMATCH",
  "FILE_UNREADABLE",
  "STORE_CORRUPT",
  "JSON_INVALID",
  "MANIFEST_INVALID",
  "MEDIA_TYPE_UNSUPPORTED",
]);

/**
 * Reads it from the manifest's bytes; `undefined` when those are missing or damaged, too, or no manifest. It refers to all that it
 * must have referred to when it was let in, be that there now or not, and to what it need not have if the repository has that.
 */
export async function recoverManifest(
  { blobs }: RegistryStorage,
  repository: RepositoryMetadata,
  digest: Digest,
  options: OperationOptions = {},
): Promise<IncomingManifest | undefined> {
  try {
    const size = (await blobs.stat(digest, options))?.size ?? Infinity;
    if (size > MAX_MANIFEST_SIZE) return undefined;
    const bytes = await readAll(blobs.read(digest, { ...options, fresh: true }), options);
    const parsed = parseManifest(bytes, undefined, { isStored: true });
    const references = new Set<Digest>();
    for (const child of childrenOf(parsed)) {
      if (!isElsewhere(child) || (await repository.hasBlob(child.digest, options))) references.add(child.digest);
    }
    return incomingManifest(parsed, { mediaType: parsed.mediaType, digest, size }, [...references]);
  } catch (error) {
    if (isSkillError(error) && UNREADABLE.has(error.code)) return undefined;
    throw error;
  }
}

/** Layers that may not be passed on are named by a manifest and stored by nobody. OCI image-spec "Non-Distributable Layers". */
export function isElsewhere({ mediaType }: Descriptor): boolean {
  return /\.nondistributable\.|\.rootfs\.foreign\./.test(mediaType);
}

/** Writes again all of a repository that can be recovered, for whoever holds it. Resolves to whether anything was. */
export async function healRepository(
  storage: RegistryStorage,
  held: RepositoryMetadata,
  options: OperationOptions = {},
): Promise<boolean> {
  const damaged: Digest[] = [];
  const onDamaged = (digest: Digest): unknown => damaged.push(digest);
  for await (const _ of held.manifests({ ...options, onDamaged }));
  let isHealed = false;
  for (const digest of damaged) {
    const manifest = await recoverManifest(storage, held, digest, options);
    if (manifest === undefined) continue;
    await held.putManifest(manifest, undefined, options);
    isHealed = true;
  }
  return isHealed;
}
