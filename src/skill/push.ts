/** Sends an image of one store to another, from a person's machine to a registry above all. */
import { isSkillError, SkillError } from "../errors.ts";
import { tagFor } from "../lifecycle/index.ts";
import { Annotation, formatReference, repositoryName, withTag } from "../oci/index.ts";
import type { Descriptor, Digest, Reference } from "../oci/index.ts";
import { copyImage } from "../store/copy.ts";
import type { CopyProgress, OperationOptions, Repository, Store } from "../store/index.ts";
import { entryOf } from "./entry.ts";
import { findCurrent } from "./find.ts";
import { readImage, type SkillImage } from "./image.ts";
import { isOut, refuseForgedTag } from "./immutable.ts";
import { LatestRemains, settleLatest, standing } from "./latest.ts";
import { readStatus } from "./metadata.ts";
import { promotedFrom } from "./record.ts";
import { readResolved } from "./read-resolved.ts";
import { resolveReference } from "./resolve.ts";
import { nameTransferred, refuseLoss, refuseVersionChange, TransferCount, type TransferSummary } from "./transfer.ts";

export interface PushSkillOptions extends OperationOptions {
  /**
   * Replaces what is published there, gives tags that tell another state than the image's, and looks at every blob of an
   * image that is there, so that one which the target has lost is sent again. Default: false.
   */
  readonly force?: boolean;
  /** Also pushes what refers to the image: its promotion records back to the draft, signatures. Default: true. */
  readonly referrers?: boolean;
  readonly onProgress?: (progress: CopyProgress) => void;
}

export interface PushResult {
  /** The name at the target. */
  readonly reference: string;
  readonly digest: Digest;
  /** True when the target named this very image so before. */
  readonly unchanged: boolean;
  readonly blobs: TransferSummary;
  /** The version that `latest` names at the target now; absent when this push does not concern it. */
  readonly latest?: string;
  /** Whether this push set `latest` there, or removed it. */
  readonly latestMoved: boolean;
  /** What did not work out after the image was pushed, a sentence each. */
  readonly warnings: readonly string[];
}

/**
 * Pushes the image that `source` names in `from` to `to`, as `target`; a target without tag or digest gets the source's
 * tag. Content that is there is not sent; an image that is there under its tag costs one look. A version that is published
 * under its own tag takes `latest` along, as a promotion at the target would.
 *
 * Throws `PUBLISHED_IMMUTABLE` when the target's tag names another image that is published, and
 * `LIFECYCLE_TRANSITION_INVALID` when the tag is for a state that the image is not in, or the target's image has gone
 * further, all unless `force`. Drafts and images in testing replace each other, the last push wins; where a published image
 * is concerned, `CONFLICT` when somebody moved the tag meanwhile.
 */
export async function push(
  from: Store,
  to: Store,
  source: Reference,
  target: Reference,
  options: PushSkillOptions = {},
): Promise<PushResult> {
  const resolved = await resolveReference(from, source, options);
  const { reference, descriptor, repository } = resolved;
  const image = await readResolved(resolved, options);
  const checked = nameTransferred(target, reference, descriptor);
  // A digest beside a tag says which image is meant; the tag is the name that it shall have.
  const named = target.tag === undefined || target.digest === undefined ? checked : withTag(target, target.tag);
  const name = named.digest ?? named.tag ?? descriptor.digest;
  const remote = to.repository(repositoryName(named));
  const current = await findCurrent(remote, name, options);
  const force = options.force === true;
  const isCareful = await checkTarget(remote, named.tag, image, current, force, options);

  const count = new TransferCount(options.onProgress);
  const unchanged = await copyImage(
    repository,
    remote,
    entryOf(image),
    { name, found: current ?? null, ...(isCareful ? { expect: current?.digest ?? null } : {}) },
    { referrers: true, ...options, earlier: promotedFrom, trustTarget: !force, onProgress: count.onProgress },
  );
  const followed = await follow(remote, named.tag, image, options);
  const result = { reference: formatReference(named), digest: descriptor.digest, unchanged, blobs: count.summary };
  return { ...result, ...followed };
}

/** Whether the image may take the tag, and whether anything published is at stake. */
async function checkTarget(
  remote: Repository,
  tag: string | undefined,
  image: SkillImage,
  current: Descriptor | undefined,
  force: boolean,
  options: OperationOptions,
): Promise<boolean> {
  if (tag === undefined || current?.digest === image.descriptor.digest) return false;
  if (force) return false;
  refuseForgedTag(tag, image.annotations[Annotation.version], readStatus(image.annotations));
  if (current === undefined) {
    await refuseVersionChange(remote, tag, image, current, options);
    return isOut(image);
  }
  try {
    const there = await readImage(remote, current, options);
    refuseLoss(remote.name, tag, there, image);
    return isOut(image) || isOut(there);
  } catch (error) {
    // Something else than a skill, which nobody published as one.
    if (isSkillError(error, "NOT_A_SKILL")) return true;
    throw error;
  }
}

/** A push that has taken place is not undone by `latest`. */
async function follow(
  remote: Repository,
  tag: string | undefined,
  image: SkillImage,
  options: OperationOptions,
): Promise<Pick<PushResult, "latest" | "latestMoved" | "warnings">> {
  const version = image.annotations[Annotation.version] ?? "";
  const status = readStatus(image.annotations);
  const isOther = { latestMoved: false, warnings: [] };
  if (status !== "published" && status !== "deprecated") return isOther;
  if (tag === undefined || tag !== tagFor(version, status)) return isOther;
  try {
    return { ...standing(await settleLatest(remote, options)), warnings: [] };
  } catch (error) {
    if (!(error instanceof SkillError)) throw error;
    const warnings = [`latest could not be brought up to date: ${error.message}`];
    return error instanceof LatestRemains ? { ...standing(error.latest), warnings } : { latestMoved: false, warnings };
  }
}
