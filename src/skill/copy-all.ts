/** Mirrors a repository: all its tags, and what they name. */
import type { SkillError } from "../errors.ts";
import { LATEST, tagFor } from "../lifecycle/index.ts";
import { Annotation, formatReference, repositoryName, withTag, type Digest, type Reference } from "../oci/index.ts";
import { copyRepository } from "../store/copy-repository.ts";
import type { CopyProgress, OperationOptions, Repository, Store } from "../store/index.ts";
import { find } from "./find.ts";
import { readImage } from "./image.ts";
import { settleLatest, versionOf } from "./latest.ts";
import { readStatus } from "./metadata.ts";
import { outcomeOf } from "./outcome.ts";
import { promotedFrom } from "./record.ts";
import { refuseVersionChange } from "./transfer.ts";
import { isUnreadable } from "./unreadable.ts";

export interface CopyAllOptions extends OperationOptions {
  /** Replaces what is published there, and looks at every blob of images that are there. Default: false. */
  readonly force?: boolean;
  /** Also copies what refers to the images: their promotion records back to the draft, signatures. Default: true. */
  readonly referrers?: boolean;
  /** How many blobs and manifests are on their way at once. Default: 6. */
  readonly concurrency?: number;
  readonly onProgress?: (progress: CopyProgress) => void;
}

/** What a tag names at the target now. */
export interface CopiedTag {
  readonly reference: string;
  readonly digest: Digest;
  /** True when it named this very image before. */
  readonly unchanged: boolean;
}

/** What became of one tag; `source` is its reference. */
export type CopyOutcome =
  | { readonly source: string; readonly result: CopiedTag }
  | { readonly source: string; readonly error: SkillError };

/**
 * Copies every tag of the repository of `source` to that of `target`, and yields what became of each in the order of the
 * tags. A second run moves nothing. One that fails does not stop the others: `PUBLISHED_IMMUTABLE` and
 * `LIFECYCLE_TRANSITION_INVALID`, as for `push`, where a version at the target would change or go back, unless `force`. Tags that
 * only the target has stay, and `latest`, where it follows versions, comes last and names the highest that is published there. Rejects when the tags cannot be listed, and when cancelled (`ABORTED`).
 */
export async function* copyAll(
  from: Store,
  to: Store,
  source: Reference,
  target: Reference,
  { force = false, ...options }: CopyAllOptions = {},
): AsyncIterable<CopyOutcome> {
  const [origin, mirror] = [from.repository(repositoryName(source)), to.repository(repositoryName(target))];
  const follows = await latestFollows(origin, options);
  const copying = copyRepository(origin, mirror, {
    referrers: true,
    ...options,
    tags: (tag) => !follows || tag !== LATEST,
    earlier: promotedFrom,
    trustTarget: !force,
    allow: async (tag, root, current) => {
      if (force) return false;
      // Of a draft the last one wins; a version that somebody publishes at the target meanwhile must not be replaced.
      if (current === undefined && versionOf(tag) === undefined) return false;
      try {
        await refuseVersionChange(mirror, tag, await readImage(origin, root, options), current, options);
      } catch (error) {
        // What is no skill's image, a signature say, has no versions.
        if (!isUnreadable(error)) throw error;
      }
      return true;
    },
  });
  for await (const copied of copying) {
    const name = formatReference(withTag(source, copied.tag));
    if ("error" in copied) {
      yield { source: name, error: copied.error };
    } else {
      const { digest, unchanged } = copied;
      yield { source: name, result: { reference: formatReference(withTag(target, copied.tag)), digest, unchanged } };
    }
  }
  if (!follows) return;
  const settled = await outcomeOf(async () => {
    const { moved } = await settleLatest(mirror, options);
    const latest = await find(mirror, LATEST, options);
    const name = formatReference(withTag(target, LATEST));
    return latest && { reference: name, digest: latest.digest, unchanged: !moved };
  });
  const name = formatReference(withTag(source, LATEST));
  if ("error" in settled) yield { source: name, error: settled.error };
  else if (settled.result !== undefined) yield { source: name, result: settled.result };
}

/** Whether `latest` names a version that is published under its own tag, and so is no tag of somebody's own choice. */
async function latestFollows(repository: Repository, options: OperationOptions): Promise<boolean> {
  try {
    const latest = await find(repository, LATEST, options);
    if (latest === undefined) return false;
    const { annotations } = await readImage(repository, latest, options);
    if (readStatus(annotations) !== "published") return false;
    const tag = tagFor(annotations[Annotation.version] ?? "", "published");
    return tag !== undefined && (await find(repository, tag, options))?.digest === latest.digest;
  } catch (error) {
    if (!isUnreadable(error)) throw error;
    return false;
  }
}
