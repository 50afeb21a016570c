/** The one rule that nothing gets around: what is published stays what it is. */
import { SkillError } from "../errors.ts";
import { compareStates, isVersion, LATEST, statesOfTag, type LifecycleState } from "../lifecycle/index.ts";
import { Annotation } from "../oci/index.ts";
import type { OperationOptions, Repository } from "../store/index.ts";
import { readFacts } from "./entry.ts";
import { readImage, type SkillImage } from "./image.ts";
import { readStatus } from "./metadata.ts";

/** Whether an image has been given out: published, deprecated or archived. */
export function isOut(image: SkillImage): boolean {
  const status = readStatus(image.annotations);
  return status !== undefined && compareStates(status, "published") >= 0;
}

/** Throws `PUBLISHED_IMMUTABLE` when `image`, which `tag` names now, is out and would be replaced. */
export function refuseReplacing(repository: string, tag: string, image: SkillImage): void {
  if (!isOut(image)) return;
  const version = image.annotations[Annotation.version] ?? "an image";
  const status = readStatus(image.annotations);
  throw new SkillError("PUBLISHED_IMMUTABLE", `${repository}:${tag} names ${version}, which is ${status}`, {
    hint:
      tag === LATEST
        ? "latest follows the highest published version; promote that one."
        : "A published version never changes. Raise metadata.version for other content.",
  });
}

/**
 * Throws `LIFECYCLE_TRANSITION_INVALID` when `tag` says of this version that it is in another state than it is, or that it is
 * another version.
 */
export function refuseForgedTag(tag: string, version: string | undefined, status: LifecycleState | undefined): void {
  const states = version === undefined ? [] : statesOfTag(version, tag);
  const named = tag.replace(/-(?:draft|testing)$/, "").replace("_", "+");
  if (version !== undefined && states.length === 0 && isVersion(named)) {
    throw new SkillError("LIFECYCLE_TRANSITION_INVALID", `the tag ${tag} is for version ${named}, not ${version}`, {
      hint: "Leave the tag out to keep the one that it has, or choose a tag of your own, such as stable.",
    });
  }
  if (states.length === 0 || (status !== undefined && states.includes(status))) return;
  throw new SkillError(
    "LIFECYCLE_TRANSITION_INVALID",
    `the tag ${tag} is for a version that is ${states[0]}, not ${status ?? "without a state"}`,
    {
      hint: "Tags of states are given by promoting. Choose a tag of your own, such as stable.",
    },
  );
}

/** An image of this version that was archived, if the repository can tell. */
export async function findArchived(
  repository: Repository,
  version: string,
  options: OperationOptions,
): Promise<SkillImage | undefined> {
  for await (const descriptor of repository.untagged?.(options) ?? []) {
    const facts = readFacts(descriptor);
    if (facts !== undefined && facts.version !== version) continue;
    const image = await readImage(repository, descriptor, options);
    if (image.annotations[Annotation.version] === version && readStatus(image.annotations) === "archived") return image;
  }
  return undefined;
}
