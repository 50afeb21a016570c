/** What push and pull have in common: an image goes from one store to another, and nothing that is out is lost by it. */
import { SkillError } from "../errors.ts";
import { compareStates, tagFor } from "../lifecycle/index.ts";
import { Annotation, formatReference, withTag, type Descriptor, type Digest, type Reference } from "../oci/index.ts";
import type { CopyProgress, OperationOptions, Repository } from "../store/index.ts";
import { haveSameContent, readImage, type SkillImage } from "./image.ts";
import { findArchived, isOut, refuseReplacing } from "./immutable.ts";
import { readStatus } from "./metadata.ts";
import { isUnreadable } from "./unreadable.ts";

/** What a transfer moved: blobs and manifests, each once. */
export interface TransferSummary {
  /** How many were sent. */
  readonly sent: number;
  /** How many were at the target already. */
  readonly present: number;
  /** Bytes of those that were sent. */
  readonly bytes: number;
}

/** Counts what arrives, and passes every event on. */
export class TransferCount {
  readonly #arrived = new Map<Digest, CopyProgress>();
  readonly #next: ((progress: CopyProgress) => void) | undefined;

  constructor(next: ((progress: CopyProgress) => void) | undefined) {
    this.#next = next;
  }

  readonly onProgress = (progress: CopyProgress): void => {
    const { descriptor, outcome } = progress;
    // What was sent is there when the copy is tried once more.
    const isSent = this.#arrived.get(descriptor.digest)?.outcome === "copied";
    if (outcome !== undefined && !isSent) this.#arrived.set(descriptor.digest, progress);
    this.#next?.(progress);
  };

  get summary(): TransferSummary {
    const arrived = [...this.#arrived.values()];
    const sent = arrived.filter(({ outcome }) => outcome === "copied");
    const bytes = sent.reduce((sum, { total }) => sum + total, 0);
    return { sent: sent.length, present: arrived.length - sent.length, bytes };
  }
}

/**
 * Throws when `image` must not take the place of `current` under `tag`: `PUBLISHED_IMMUTABLE` when that is out with other
 * content, `LIFECYCLE_TRANSITION_INVALID` when it is the same skill in a later state. The way forward, as from published to
 * deprecated, is open.
 */
export function refuseLoss(repository: string, tag: string, current: SkillImage, image: SkillImage): void {
  if (!isOut(current)) return;
  if (!haveSameContent(current, image)) refuseReplacing(repository, tag, current);
  const [now, next] = [readStatus(current.annotations), readStatus(image.annotations)];
  if (now === undefined || (next !== undefined && compareStates(next, now) >= 0)) return;
  throw new SkillError(
    "LIFECYCLE_TRANSITION_INVALID",
    `${repository}:${tag} is ${now} there and would become ${next ?? "an image without a state"} again`,
    { hint: "A skill never goes back. Look at both with skillctl inspect; --force does it nevertheless." },
  );
}

/**
 * {@link refuseLoss}, for the tag of a version only: `latest` and tags of somebody's own choice go where they go. What is there
 * and cannot be read is no loss. A version that is archived there has no tag, and is there nevertheless.
 */
export async function refuseVersionChange(
  repository: Repository,
  tag: string | undefined,
  image: SkillImage,
  current: Descriptor | undefined,
  options: OperationOptions,
): Promise<void> {
  if (tag === undefined || current?.digest === image.descriptor.digest) return;
  const isTagOf = ({ annotations }: SkillImage): boolean =>
    tag === tagFor(annotations[Annotation.version] ?? "", "published");
  const archived = async (): Promise<SkillImage | undefined> =>
    isTagOf(image) ? findArchived(repository, image.annotations[Annotation.version] ?? "", options) : undefined;
  try {
    const there = current === undefined ? await archived() : await readImage(repository, current, options);
    if (there !== undefined && isTagOf(there)) refuseLoss(repository.name, tag, there, image);
  } catch (error) {
    if (!isUnreadable(error)) throw error;
  }
}

/**
 * The name that an image gets, with one of tag and digest: of the wanted name its digest, which must be the image's, else its
 * tag; else what it was found by. Throws `REFERENCE_INVALID`.
 */
export function nameTransferred(wanted: Reference, found: Reference, { digest }: Descriptor): Reference {
  if (wanted.digest !== undefined && wanted.digest !== digest) {
    throw new SkillError("REFERENCE_INVALID", `${formatReference(found)} is ${digest}, not ${wanted.digest}`, {
      hint: "Leave out the digest of the new name: it is that of the image.",
    });
  }
  const { tag, ...untagged } = wanted;
  if (wanted.digest !== undefined) return untagged;
  if (tag !== undefined) return wanted;
  return found.digest === undefined && found.tag !== undefined ? withTag(wanted, found.tag) : { ...untagged, digest };
}
