/** Gives an image another name. */
import { SkillError } from "../errors.ts";
import { compareStates } from "../lifecycle/index.ts";
import { formatReference, repositoryName } from "../oci/index.ts";
import type { Digest, Reference } from "../oci/index.ts";
import { copy } from "../store/index.ts";
import type { OperationOptions, Repository, Store } from "../store/index.ts";
import { entryOf } from "./entry.ts";
import { find } from "./find.ts";
import { readImage } from "./image.ts";
import { readStatus } from "./metadata.ts";
import { resolveReference } from "./resolve.ts";

export interface TagOptions extends OperationOptions {
  /** Moves a tag away from a published image. Default: false. */
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
 * `PUBLISHED_IMMUTABLE` when the tag names another image that is published, unless `force`.
 */
export async function tag(
  store: Store,
  source: Reference,
  target: Reference,
  options: TagOptions = {},
): Promise<TagResult> {
  if (target.tag === undefined || target.digest !== undefined) {
    throw new SkillError("USAGE", `${formatReference(target)} cannot be given to an image: it is no tag`, {
      hint: "Name the new tag, as in examples/hello-world:stable.",
    });
  }
  const { descriptor, repository: from } = await resolveReference(store, source, options);
  const to = store.repository(repositoryName(target));
  const { digest } = descriptor;
  const reference = formatReference(target);
  const current = (await find(to, target.tag, options))?.digest;
  if (current === digest) return { reference, digest, unchanged: true };
  if (current !== undefined && options.force !== true) await refuseIfPublished(to, target.tag, options);
  if (from.name !== to.name) await copy(from, to, digest, options);
  const image = await readImage(from, descriptor, options);
  await to.retag([{ name: target.tag, to: entryOf(image), expect: current ?? null }], options);
  return { reference, digest, unchanged: false };
}

async function refuseIfPublished(repository: Repository, name: string, options: OperationOptions): Promise<void> {
  const image = await readImage(repository, await repository.resolve(name, options), options);
  const status = readStatus(image.annotations);
  if (status === undefined || compareStates(status, "published") < 0) return;
  throw new SkillError("PUBLISHED_IMMUTABLE", `${repository.name}:${name} names an image that is ${status}`, {
    hint: "Choose another tag, or move this one with --force.",
  });
}
