/**
 * Keeping the index of referrers for a registry that does not: after each push and removal of a manifest with a subject.
 *
 * Nobody holds a lock on that tag, so two writers can overwrite each other's entry. Each looks, after writing, whether its
 * change is still there, and makes it again if not; a registry that knows conditional requests refuses the second at once.
 * It does not look at once: whoever had read the tag before the write is perhaps still writing, for about as long.
 */
import { isSkillError, SkillError } from "../errors.ts";
import { describeManifest, MediaType, type Descriptor, type Digest, type Index, type Manifest } from "../oci/index.ts";
import type { OperationOptions } from "../store/types.ts";
import { deleteManifest, putManifest } from "./manifests.ts";
import { sleep } from "./pause.ts";
import { readReferrersIndex, type ReferrersIndex } from "./referrers.ts";
import { referrersTag } from "./referrers-tag.ts";
import type { RepositoryClient } from "./repository-client.ts";
import { isRefusedRemoval } from "./tags-remain.ts";

const MOST_ATTEMPTS = 5;
/** Milliseconds. */
const LONGEST_WAIT = 1000;

/** The entry for a manifest in the index of its subject. */
export function referrerEntry(descriptor: Descriptor, manifest: Manifest | Index): Descriptor {
  const { mediaType, digest, size } = descriptor;
  const artifactType = manifest.artifactType ?? (manifest.kind === "manifest" ? manifest.config.mediaType : undefined);
  const { annotations } = manifest;
  return {
    mediaType,
    digest,
    size,
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
  };
}

/** Enters a referrer. Throws `CONFLICT` when others kept overwriting it. */
export async function addReferrer(
  repository: RepositoryClient,
  subject: Digest,
  entry: Descriptor,
  options: OperationOptions = {},
): Promise<void> {
  const isThere = (index: ReferrersIndex | undefined): boolean =>
    index?.manifests.some(({ digest }) => digest === entry.digest) === true;
  const added = (index: ReferrersIndex | undefined): readonly Descriptor[] => [...(index?.manifests ?? []), entry];
  await change(repository, subject, isThere, added, options);
}

/** Takes a referrer out; the last one takes the tag with it where the registry can remove tags. */
export async function removeReferrer(
  repository: RepositoryClient,
  subject: Digest,
  referrer: Digest,
  options: OperationOptions = {},
): Promise<void> {
  const isGone = (index: ReferrersIndex | undefined): boolean =>
    index?.manifests.every(({ digest }) => digest !== referrer) !== false;
  const rest = (index: ReferrersIndex | undefined): readonly Descriptor[] =>
    (index?.manifests ?? []).filter(({ digest }) => digest !== referrer);
  await change(repository, subject, isGone, rest, options);
}

async function change(
  repository: RepositoryClient,
  subject: Digest,
  isDone: (index: ReferrersIndex | undefined) => boolean,
  changed: (index: ReferrersIndex | undefined) => readonly Descriptor[],
  options: OperationOptions,
): Promise<void> {
  let index = await readReferrersIndex(repository, subject, options);
  for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
    if (isDone(index)) return;
    const began = performance.now();
    try {
      await write(repository, subject, index, changed(index), options);
    } catch (error) {
      if (!isSkillError(error, "CONFLICT")) throw error;
    }
    await sleep(Math.min(2 * (performance.now() - began), LONGEST_WAIT), options.signal);
    index = await readReferrersIndex(repository, subject, options);
  }
  if (isDone(index)) return;
  throw new SkillError("CONFLICT", `${repository.name}: others keep changing the referrers of ${subject}`, {
    hint: "Try again; this registry keeps them under one tag, which only one can write at a time.",
  });
}

async function write(
  repository: RepositoryClient,
  subject: Digest,
  index: ReferrersIndex | undefined,
  manifests: readonly Descriptor[],
  options: OperationOptions,
): Promise<void> {
  const tag = referrersTag(subject);
  const condition = { ...options, expect: index?.digest ?? null };
  if (manifests.length === 0) {
    try {
      await deleteManifest(repository, tag, condition);
      return;
    } catch (error) {
      // Where tags stay, the index does too, and lists nothing.
      if (!isRefusedRemoval(error)) throw error;
    }
  }
  const document = { schemaVersion: 2, mediaType: MediaType.index, ...index?.document, manifests };
  const { descriptor, bytes } = describeManifest(document, MediaType.index);
  await putManifest(repository, tag, { descriptor, bytes }, condition);
}
