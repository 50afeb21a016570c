/** Removes images from a store: the tags at once, the bytes when garbage is collected. */
import { throwIfAborted } from "../errors.ts";
import { LATEST, tagFor } from "../lifecycle/index.ts";
import { Annotation, formatReference, withTag } from "../oci/index.ts";
import type { Descriptor, Digest, Reference } from "../oci/index.ts";
import type { OperationOptions, Repository, Store } from "../store/index.ts";
import { find } from "./find.ts";
import { readImage } from "./image.ts";
import { settleLatest } from "./latest.ts";
import { resolveReference } from "./resolve.ts";

export interface RemoveResult {
  readonly digest: Digest;
  /** The references that are gone. */
  readonly removed: readonly string[];
}

/**
 * Removes the tag that `reference` names; with a digest, the image with all its tags. `latest` goes on to the highest
 * version that is still published when the version it named is removed. Throws `NOT_FOUND`.
 */
export async function remove(
  store: Store,
  reference: Reference,
  options: OperationOptions = {},
): Promise<RemoveResult> {
  const { reference: full, descriptor, repository } = await resolveReference(store, reference, options);
  const { digest } = descriptor;
  const latest = await find(repository, LATEST, options);
  const version = await versionOf(repository, descriptor, options);
  const removed: string[] = [];
  if (full.tag === undefined || full.digest !== undefined) {
    for (const tag of await tagsNaming(repository, digest, options)) removed.push(formatReference(withTag(full, tag)));
    await repository.delete(descriptor, options);
    if (removed.length === 0) removed.push(formatReference(full));
  } else {
    removed.push(formatReference(full));
    await repository.retag([{ name: full.tag, to: undefined, expect: digest }], options);
  }
  const isVersionTag = version !== undefined && full.tag === tagFor(version, "published");
  if (latest?.digest === digest && (isVersionTag || full.tag === undefined || full.digest !== undefined)) {
    if ((await settleLatest(repository, options)).version === undefined && isVersionTag)
      removed.push(formatReference(withTag(full, LATEST)));
  }
  return { digest, removed };
}

/** An image that cannot be read any more can still be removed; `latest` stays where it is then. */
async function versionOf(
  repository: Repository,
  descriptor: Descriptor,
  options: OperationOptions,
): Promise<string | undefined> {
  try {
    return (await readImage(repository, descriptor, options)).annotations[Annotation.version];
  } catch {
    throwIfAborted(options.signal);
    return undefined;
  }
}

async function tagsNaming(
  repository: Repository,
  digest: Digest,
  options: OperationOptions,
): Promise<readonly string[]> {
  const tags: string[] = [];
  for await (const tag of repository.tags(options)) {
    if ((await repository.resolve(tag, options)).digest === digest) tags.push(tag);
  }
  return tags;
}
