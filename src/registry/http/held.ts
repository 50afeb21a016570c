/** Manifests out of the storage. */
import { readAll } from "../../content/index.ts";
import { isSkillError } from "../../errors.ts";
import { parseManifest, type Descriptor, type Digest } from "../../oci/index.ts";
import type { HeldManifest } from "../hooks.ts";
import type { RepositoryMetadata } from "../storage/types.ts";
import type { CachedContent } from "./blob-cache.ts";
import { deprecationOf, mayBeDeprecated } from "./deprecation.ts";
import type { Desk } from "./desk.ts";

/** The bytes of a manifest that a repository holds, and what to warn of whoever pulls it. */
export async function manifestContent(desk: Desk, descriptor: Descriptor): Promise<CachedContent> {
  const cached = desk.cache.get(descriptor.digest);
  if (cached !== undefined) return cached;
  const bytes = await readAll(desk.storage.blobs.read(descriptor.digest));
  const warning = desk.warnings.of(descriptor.digest, () => warningFor(bytes, descriptor.mediaType));
  const content = { bytes, ...(warning === undefined ? {} : { warning }) };
  desk.cache.set(descriptor.digest, content);
  return content;
}

/** A manifest with its bytes, read; `undefined` when the repository does not hold it. */
export async function heldManifest(
  desk: Desk,
  repository: RepositoryMetadata,
  digest: Digest | undefined,
): Promise<HeldManifest | undefined> {
  const stored = digest === undefined ? undefined : await repository.manifest(digest);
  if (stored === undefined) return undefined;
  const { descriptor } = stored;
  const { bytes } = await manifestContent(desk, descriptor);
  return { descriptor, bytes, parsed: parseManifest(bytes, descriptor.mediaType, { isStored: true }) };
}

/** What was let in was read then; should it not be readable now, it is still what was pushed. */
function warningFor(bytes: Uint8Array, mediaType: string): string | undefined {
  if (!mayBeDeprecated(bytes)) return undefined;
  try {
    return deprecationOf(parseManifest(bytes, mediaType, { isStored: true }));
  } catch (error) {
    if (isSkillError(error)) return undefined;
    throw error;
  }
}
