/** Fetches an image of one store into another, from a registry onto a person's machine above all. */
import { join } from "node:path";

import type { ArchiveLimits } from "../archive/index.ts";
import { refuseFileAt } from "../archive/target.ts";
import { isSkillError, SkillError } from "../errors.ts";
import type { LifecycleState } from "../lifecycle/index.ts";
import { Annotation, baseName, formatReference, repositoryName } from "../oci/index.ts";
import type { Descriptor, Digest, Reference } from "../oci/index.ts";
import { copyImage } from "../store/copy.ts";
import { inOrder } from "../store/in-order.ts";
import type { CopyProgress, OperationOptions, Repository, Store } from "../store/index.ts";
import { quote } from "../text/index.ts";
import { deriveConfig } from "./derive-config.ts";
import { readDeprecation, type Deprecation } from "./deprecation.ts";
import { entryOf } from "./entry.ts";
import { find } from "./find.ts";
import { readImage, type SkillImage } from "./image.ts";
import { readStatus } from "./metadata.ts";
import { outcomeOf } from "./outcome.ts";
import { ownSignal } from "./own-signal.ts";
import { promotedFrom } from "./record.ts";
import { resolveReference } from "./resolve.ts";
import { nameTransferred, refuseVersionChange, TransferCount, type TransferSummary } from "./transfer.ts";
import { unpack } from "./unpack.ts";

export interface PullOptions extends OperationOptions {
  /** The name that the image gets here. Default: the one by which it was asked for, with the tag that was found. */
  readonly as?: Reference;
  /** Also unpacks the skill, into a directory of its name in this one. */
  readonly output?: string;
  /** Also pulls what refers to the image: its promotion records back to the draft, signatures. Default: false. */
  readonly referrers?: boolean;
  /** For unpacking. Default: those of the archive module, fit for skills from anywhere. */
  readonly limits?: Partial<ArchiveLimits>;
  /** Replaces a published image that is here with other content, and a directory that is there already. Default: false. */
  readonly force?: boolean;
  readonly onProgress?: (progress: CopyProgress) => void;
}

export interface PullResult {
  /** The name here. */
  readonly reference: string;
  readonly digest: Digest;
  /** Absent when the image does not tell. */
  readonly status?: LifecycleState;
  readonly version?: string;
  /** Only of an image that was deprecated with a reason or a replacement. */
  readonly deprecation?: Deprecation;
  /** True when this very image had this name here before. */
  readonly unchanged: boolean;
  readonly blobs: TransferSummary;
  /** The directory that was made, or was there, when one was wanted. */
  readonly directory?: string;
  /** Present when the directory was there and held exactly this; then nothing was written to it. */
  readonly directoryUnchanged?: true;
  /** Where what the directory replaced still lies, because it could not be removed. */
  readonly leftover?: string;
}

/**
 * Pulls the image that `reference` names in `from` into `to`. What is here is looked at, and fetched again where it is
 * damaged; everything else is fetched once. A reference with a digest is kept under the digest alone, whatever tag it has.
 *
 * Throws `PUBLISHED_IMMUTABLE` when a version is here with other content than there, for it should never change, and
 * `LIFECYCLE_TRANSITION_INVALID` when it has gone further here, both unless `force`; and for `output` what `unpack` throws:
 * then the image is in the store.
 */
export async function pull(
  from: Store,
  to: Store,
  reference: Reference,
  options: PullOptions = {},
): Promise<PullResult> {
  const { reference: found, descriptor, repository } = await resolveReference(from, reference, options);
  const image = await readImage(repository, descriptor, options);
  const target = nameTransferred(options.as ?? found, found, descriptor);
  const name = target.digest ?? target.tag ?? descriptor.digest;
  const local = to.repository(repositoryName(target));
  const count = new TransferCount(options.onProgress);
  const { output, limits, force = false, signal } = options;
  // Nothing is fetched for a place where there can be no directory.
  if (output !== undefined) await refuseFileAt(output);
  const unchanged = await take(repository, local, image, name, { ...options, onProgress: count.onProgress });
  const unpackOptions = { force, ...(limits && { limits }), ...(signal && { signal }) };
  const unpacked = output === undefined ? undefined : await unpack(to, target, output, unpackOptions);
  const status = readStatus(image.annotations);
  const version = image.annotations[Annotation.version];
  const deprecation = readDeprecation(image.annotations);
  return {
    reference: formatReference(target),
    digest: descriptor.digest,
    ...(status === undefined ? {} : { status }),
    ...(version === undefined ? {} : { version }),
    ...(deprecation === undefined ? {} : { deprecation }),
    unchanged,
    blobs: count.summary,
    ...(unpacked === undefined ? {} : { directory: unpacked.path }),
    ...(unpacked?.unchanged === true ? { directoryUnchanged: true } : {}),
    ...(unpacked?.leftover === undefined ? {} : { leftover: unpacked.leftover }),
  };
}

const MAX_ATTEMPTS = 5;

/**
 * Copies the image and gives it its name, if what has that name allows it. A pull takes a while: what somebody else gave the name
 * to meanwhile, a version that was published here, is looked at as well.
 */
async function take(
  from: Repository,
  local: Repository,
  image: SkillImage,
  name: string,
  options: PullOptions,
): Promise<boolean> {
  for (let attempt = 1; ; attempt++) {
    const current: Descriptor | undefined = await find(local, name, options);
    const isForced = options.force === true;
    if (!isForced) await refuseVersionChange(local, name, image, current, options);
    const target = { name, found: current ?? null, ...(isForced ? {} : { expect: current?.digest ?? null }) };
    try {
      const copying = { ...options, earlier: promotedFrom, derive: deriveConfig };
      return await copyImage(from, local, entryOf(image), target, copying);
    } catch (error) {
      if (!isSkillError(error, "CONFLICT") || attempt === MAX_ATTEMPTS) throw error;
    }
  }
}

/** What became of one reference. */
export type PullOutcome =
  | { readonly source: string; readonly result: PullResult }
  | { readonly source: string; readonly error: SkillError };

/**
 * Pulls several images, some at a time, and yields each outcome in the order of `references`; one that fails stops no other. What is
 * named twice is pulled once. For `output`, the second of two that would be one directory fails with `CONFLICT`.
 */
export async function* pullAll(
  from: Store,
  to: Store,
  references: readonly Reference[],
  options: Omit<PullOptions, "as"> = {},
): AsyncIterable<PullOutcome> {
  const { output } = options;
  const distinct = [...new Map(references.map((reference) => [formatReference(reference), reference])).values()];
  const rivals = output === undefined ? new Map<Reference, Reference>() : rivalsAmong(distinct);
  const pullOne = async (reference: Reference): Promise<PullResult> => {
    const rival = rivals.get(reference);
    if (output !== undefined && rival !== undefined) throw sameDirectory(rival, reference, output);
    return pull(from, to, reference, { ...options, ...ownSignal(options.signal) });
  };
  const pulled = async (reference: Reference): Promise<PullOutcome> => ({
    source: formatReference(reference),
    ...(await outcomeOf(() => pullOne(reference))),
  });
  yield* inOrder(distinct, PULLS_AT_ONCE, pulled, { salvage: true });
}

/** Of references whose skills have one name, each but the first, with the first. No reference is there twice. */
function rivalsAmong(references: readonly Reference[]): ReadonlyMap<Reference, Reference> {
  const first = new Map<string, Reference>();
  const rivals = new Map<Reference, Reference>();
  for (const reference of references) {
    const known = first.get(baseName(reference));
    if (known === undefined) first.set(baseName(reference), reference);
    else rivals.set(reference, known);
  }
  return rivals;
}

function sameDirectory(first: Reference, second: Reference, output: string): SkillError {
  const path = join(output, baseName(second));
  return new SkillError(
    "CONFLICT",
    `${formatReference(first)} and ${formatReference(second)} are both ${quote(path)}`,
    {
      hint: "A skill is unpacked under its own name. Pull one of them into another directory.",
    },
  );
}

/**
 * More than there are connections: while some wait for the disk and for the index, which takes what is ready in one write,
 * others keep the connections busy.
 */
const PULLS_AT_ONCE = 64;
