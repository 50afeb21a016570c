/** Gives an image another name. */
import { SkillError } from "../errors.ts";
import { Annotation, formatReference, repositoryName } from "../oci/index.ts";
import type { Digest, Reference } from "../oci/index.ts";
import { copyImage } from "../store/copy.ts";
import type { OperationOptions, Store } from "../store/index.ts";
import { entryOf } from "./entry.ts";
import { findCurrent } from "./find.ts";
import { readImage } from "./image.ts";
import { refuseForgedTag, refuseReplacing } from "./immutable.ts";
import { readStatus } from "./metadata.ts";
import { resolveReference } from "./resolve.ts";
import { refuseVersionChange } from "./transfer.ts";

export interface TagOptions extends OperationOptions {
  /** Moves a tag away from a published image, or gives one that says another state than the image has. Default: false. */
  readonly force?: boolean;
}

export interface TagResult {
  readonly reference: string;
  readonly digest: Digest;
  /** True when the tag named this image already. */
  readonly unchanged: boolean;
}

/**
 * Points `target` (which has a tag) at the image that `source` names, in the same repository or another one. Throws
 * `PUBLISHED_IMMUTABLE` when the tag names another image that is published, and `LIFECYCLE_TRANSITION_INVALID` when it is
 * the tag of a state that the image is not in, both unless `force`; `CONFLICT` when the tag was moved meanwhile.
 */
export async function tag(
  store: Store,
  source: Reference,
  target: Reference,
  options: TagOptions = {},
): Promise<TagResult> {
  if (target.tag === undefined || target.digest !== undefined) {
    throw new SkillError("USAGE", `${formatReference(target)} names no tag to give`, {
      hint: `Name it behind the repository, as in ${repositoryName(source)}:stable.`,
    });
  }
  const { descriptor, repository: from } = await resolveReference(store, source, options);
  const to = store.repository(repositoryName(target));
  const { digest } = descriptor;
  const reference = formatReference(target);
  const image = await readImage(from, descriptor, options);
  const current = await findCurrent(to, target.tag, options);
  if (current?.digest === digest) return { reference, digest, unchanged: true };
  if (options.force !== true) {
    refuseForgedTag(target.tag, image.annotations[Annotation.version], readStatus(image.annotations));
    if (current !== undefined) refuseReplacing(to.name, target.tag, await readImage(to, current, options));
    else await refuseVersionChange(to, target.tag, image, current, options);
  }
  const [entry, expect] = [entryOf(image), current?.digest ?? null];
  if (await to.exists(descriptor, options)) await to.retag([{ name: target.tag, to: entry, expect }], options);
  else await copyImage(from, to, entry, { name: target.tag, found: current ?? null, expect }, options);
  return { reference, digest, unchanged: false };
}
