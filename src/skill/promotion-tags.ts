/**
 * The tag changes of a promotion, each with what it expects to find.
 *
 * The first plan is made without looking at the tag that is to be set, as it nearly always is free; when it is not, the
 * change conflicts, and the second plan looks.
 */
import { SkillError } from "../errors.ts";
import { LATEST, planTags, type LifecycleState } from "../lifecycle/index.ts";
import { Annotation, type Descriptor, type Digest } from "../oci/index.ts";
import type { OperationOptions, Repository, TagChange } from "../store/index.ts";
import { findCurrent } from "./find.ts";
import { readImage } from "./image.ts";
import { findArchived, refuseReplacing } from "./immutable.ts";
import { highestPublished } from "./latest.ts";
import { readStatus } from "./metadata.ts";

/** What is promoted, and to what. */
export interface Promotion {
  readonly version: string;
  readonly from: LifecycleState;
  readonly to: LifecycleState;
  /** The tag by which the image was asked for, if it was by one. */
  readonly tag: string | undefined;
  /** The image before. */
  readonly before: Descriptor;
  /** The image after, with the facts that its entry shall bear. */
  readonly after: Descriptor;
}

export interface PromotionTags {
  readonly changes: readonly TagChange[];
  /** The tag of the new state; `undefined` when it has none. */
  readonly set: string | undefined;
  /** Whether this very promotion may have been made before, as where its old tag could not be removed. */
  readonly mayBeRepeated: boolean;
}

/**
 * Plans the changes, that of the new state's tag first; `look` says whether to find out what that tag names now. `latest` is
 * among them where changes are all or none; elsewhere there would be nothing gained over settling it afterwards, which is
 * done in any case. Throws `PUBLISHED_IMMUTABLE`.
 */
export async function planPromotionTags(
  repository: Repository,
  promotion: Promotion,
  look: boolean,
  options: OperationOptions,
): Promise<PromotionTags> {
  const { version, from, to, after } = promotion;
  const concernsLatest = from === "published" || to === "published";
  const plansLatest = concernsLatest && repository.retagsAtomically === true;
  const [rival, latest] = plansLatest
    ? await Promise.all([highestPublished(repository, version, options), findCurrent(repository, LATEST, options)])
    : [undefined, undefined];
  const others = rival === undefined ? [] : [{ version: rival.version, state: "published" as const }];
  const plan = planTags(version, from, to, others);
  const removed = await removals(repository, promotion, plan, options);
  // Where archived images can be told, the tag is looked at before them: an image that goes from the one to the other meanwhile
  // is seen here, or the change conflicts, or it is seen there.
  const looks = look || (to === "published" && repository.untagged !== undefined);
  const changes = [
    await setChange(repository, promotion, plan.set, looks, mayBeHalfDone(repository, removed), options),
    ...removed,
  ];
  if (to === "published") await refuseRepublishing(repository, version, options);
  const mayBeRepeated =
    repository.retagsAtomically !== true && (plan.set === undefined || changes[0]?.expect === after.digest);
  if (!plansLatest) return { changes, set: plan.set, mayBeRepeated };
  const named = plan.latest === version ? after : plan.latest === undefined ? undefined : rival?.descriptor;
  // Also where latest stays: had somebody moved it meanwhile, the plan would be another one.
  changes.push({ name: LATEST, to: named, expect: latest?.digest ?? null });
  return { changes, set: plan.set, mayBeRepeated };
}

/** Where tags move one by one, somebody may have set the new tag and not come to remove the old one. */
function mayBeHalfDone(repository: Repository, removed: readonly TagChange[]): boolean {
  return repository.retagsAtomically !== true && removed.length > 0;
}

async function refuseRepublishing(repository: Repository, version: string, options: OperationOptions): Promise<void> {
  if ((await findArchived(repository, version, options)) === undefined) return;
  throw new SkillError("PUBLISHED_IMMUTABLE", `${repository.name} ${version} was published before and is archived`, {
    hint: "A published version never changes. Raise metadata.version, pack and promote that.",
  });
}

async function setChange(
  repository: Repository,
  promotion: Promotion,
  tag: string | undefined,
  look: boolean,
  isHalfDone: boolean,
  options: OperationOptions,
): Promise<TagChange> {
  const { tag: asked, before, after } = promotion;
  if (tag === undefined) return { name: after.digest, to: after };
  if (tag === asked) return { name: tag, to: after, expect: before.digest };
  const expect = look ? await occupantOf(repository, tag, promotion, isHalfDone, options) : null;
  return { name: tag, to: after, expect };
}

/**
 * What the new state's tag may name now: nothing, this image, this version in testing, which this one supersedes, or the
 * image after, when this very promotion was begun before.
 */
async function occupantOf(
  repository: Repository,
  tag: string,
  { before, after, version }: Promotion,
  isHalfDone: boolean,
  options: OperationOptions,
): Promise<Digest | null> {
  const occupant = await findCurrent(repository, tag, options);
  if (occupant === undefined || occupant.digest === before.digest) return occupant?.digest ?? null;
  if (occupant.digest === after.digest && isHalfDone) return occupant.digest;
  const image = await readImage(repository, occupant, options);
  refuseReplacing(repository.name, tag, image);
  const isVersion = image.annotations[Annotation.version] === version;
  if (isVersion && readStatus(image.annotations) === "testing") return occupant.digest;
  throw new SkillError("CONFLICT", `${repository.name}:${tag} names another image (${occupant.digest})`, {
    hint: `Remove that tag first: skillctl rm ${repository.name}:${tag}`,
  });
}

/**
 * The tag of the old state and the tag that was asked for go, where they name the image that is promoted. An image that its
 * state's tag does not name any more was superseded: to promote it as well would let two images become one version.
 */
async function removals(
  repository: Repository,
  { tag, before }: Promotion,
  plan: { readonly set: string | undefined; readonly remove: string | undefined },
  options: OperationOptions,
): Promise<TagChange[]> {
  const names = [...new Set([tag, plan.remove])].filter(
    (name): name is string => name !== undefined && name !== plan.set && name !== LATEST,
  );
  const named = await Promise.all(
    names.map(async (name) => {
      if (name === tag) return true;
      const occupant = await findCurrent(repository, name, options);
      if (occupant === undefined || occupant.digest === before.digest) return occupant !== undefined;
      throw new SkillError("CONFLICT", `${repository.name}:${name} names another image (${occupant.digest})`, {
        hint: `${before.digest} was superseded. Promote what that tag names, or push the image that you mean once more.`,
      });
    }),
  );
  return names.filter((_, at) => named[at]).map((name) => ({ name, to: undefined, expect: before.digest }));
}
