/**
 * Moves a skill one step through its life.
 *
 * A promotion writes new manifests that differ in one annotation, and moves tags. Config and layers are what was
 * tested, to the byte: their digests do not change and nothing of them is read or sent, except once, when a draft's
 * card is checked before it goes to testing.
 */
import { SkillError } from "../errors.ts";
import { assertTransition, LATEST, planTags } from "../lifecycle/index.ts";
import type { LifecycleState, TagPlan } from "../lifecycle/index.ts";
import { Annotation, baseName, formatReference } from "../oci/index.ts";
import type { Descriptor, Digest, Reference } from "../oci/index.ts";
import { SkillCardError } from "../skillcard/index.ts";
import type { OperationOptions, Repository, Store, TagChange } from "../store/index.ts";
import { readCard } from "./card.ts";
import { entryDescriptor } from "./entry.ts";
import { find } from "./find.ts";
import { contentOf, readImage, withStatus, type SkillImage } from "./image.ts";
import { highestPublished, type PublishedVersion } from "./latest.ts";
import { readMetadata, readStatus } from "./metadata.ts";
import { resolveReference, type ResolvedImage } from "./resolve.ts";

export interface PromoteResult {
  readonly from: LifecycleState;
  readonly to: LifecycleState;
  /** What names the skill now: its new tag, or its digest when it has none any more. */
  readonly reference: string;
  readonly digest: Digest;
  readonly previousDigest: Digest;
  /** The same before and after. */
  readonly layerDigests: readonly Digest[];
  readonly tags: { readonly set: readonly string[]; readonly removed: readonly string[] };
  /** The version that `latest` names now; absent when it names none. */
  readonly latest?: string;
}

/**
 * Promotes an image to the next state and moves its tags as the format says. Throws `LIFECYCLE_TRANSITION_INVALID` with
 * the step that is possible, `SKILLCARD_INVALID` when a draft's card is not fit for testing, `PUBLISHED_IMMUTABLE` when
 * the version is out already, `NOT_A_SKILL` for an image without state or version, and `CONFLICT` when somebody else
 * moved a tag meanwhile; then nothing was changed.
 */
export async function promote(
  store: Store,
  reference: Reference,
  to: LifecycleState,
  options: OperationOptions = {},
): Promise<PromoteResult> {
  const resolved = await resolveReference(store, reference, options);
  const { repository } = resolved;
  const image = await readImage(repository, resolved.descriptor, options);
  const { from, version } = readLife(image, resolved.reference);
  assertTransition(from, to);
  if (from === "draft") await requireValidCard(resolved, image, options);

  const touchesLatest = from === "published" || to === "published";
  const rival = touchesLatest ? await highestPublished(repository, version, options) : undefined;
  const others = rival === undefined ? [] : [{ version: rival.version, state: "published" as const }];
  const plan = planTags(version, from, to, others);

  const next = withStatus(image, to);
  const { digest } = next.root.descriptor;
  const descriptor = entryDescriptor(
    next.root.descriptor,
    { ...image.annotations, [Annotation.status]: to },
    contentOf(image).size,
  );
  const changes = [
    ...(await stateChanges(repository, resolved, plan, descriptor, options)),
    ...(touchesLatest ? await latestChange(repository, plan, version, descriptor, rival, options) : []),
  ];
  await Promise.all(next.members.map((member) => repository.push(member.descriptor, member.bytes, options)));
  await repository.push(next.root.descriptor, next.root.bytes, options);
  await repository.retag(changes, options);

  const named = plan.set === undefined ? { digest } : { tag: plan.set };
  return {
    from,
    to,
    reference: formatReference({ ...withoutNames(resolved.reference), ...named }),
    digest,
    previousDigest: image.descriptor.digest,
    layerDigests: image.members[0].manifest.layers.map((layer) => layer.digest),
    tags: {
      set: changes.filter((change) => change.to !== undefined && change.name !== digest).map((change) => change.name),
      removed: changes.filter((change) => change.to === undefined).map((change) => change.name),
    },
    ...(touchesLatest && plan.latest !== undefined ? { latest: plan.latest } : {}),
  };
}

function readLife(image: SkillImage, reference: Reference): { from: LifecycleState; version: string } {
  const from = readStatus(image.annotations);
  const version = image.annotations[Annotation.version];
  if (from !== undefined && version !== undefined) return { from, version };
  const missing = from === undefined ? Annotation.status : Annotation.version;
  throw new SkillError("NOT_A_SKILL", `${formatReference(reference)} has no annotation ${missing}`, {
    hint: "Only images with a lifecycle state and a version can be promoted. Pack the skill with skillctl pack.",
  });
}

async function requireValidCard(resolved: ResolvedImage, image: SkillImage, options: OperationOptions): Promise<void> {
  const { name } = readMetadata(image.annotations, baseName(resolved.reference));
  const { issues } = await readCard(resolved.repository, image, name, options);
  if (issues.some((issue) => issue.severity === "error")) {
    throw new SkillCardError(formatReference(resolved.reference), issues);
  }
}

/** The tag of the new state on, the one it came from off; each only if it still is what was seen. */
async function stateChanges(
  repository: Repository,
  { reference, descriptor }: ResolvedImage,
  plan: TagPlan,
  to: Descriptor,
  options: OperationOptions,
): Promise<TagChange[]> {
  const changes: TagChange[] = [];
  if (plan.set === undefined) changes.push({ name: to.digest, to });
  else changes.push({ name: plan.set, to, expect: await expectedAt(repository, plan.set, descriptor, options) });
  const old = new Set([plan.remove, reference.tag]);
  for (const name of old) {
    if (name === undefined || name === plan.set || name === LATEST) continue;
    if ((await find(repository, name, options))?.digest === descriptor.digest) {
      changes.push({ name, to: undefined, expect: descriptor.digest });
    }
  }
  return changes;
}

/** What the new state's tag may name now: nothing, this image, or an unpublished one that this one supersedes. */
async function expectedAt(
  repository: Repository,
  tag: string,
  promoted: Descriptor,
  options: OperationOptions,
): Promise<Digest | null> {
  const occupant = await find(repository, tag, options);
  if (occupant === undefined || occupant.digest === promoted.digest) return occupant?.digest ?? null;
  const status = readStatus((await readImage(repository, occupant, options)).annotations);
  if (status === "testing") return occupant.digest;
  throw new SkillError(
    "PUBLISHED_IMMUTABLE",
    `${repository.name}:${tag} names another image already (${status ?? "no state"})`,
    {
      hint: "A published version never changes. Raise metadata.version, pack and promote that.",
    },
  );
}

async function latestChange(
  repository: Repository,
  plan: TagPlan,
  version: string,
  promoted: Descriptor,
  rival: PublishedVersion | undefined,
  options: OperationOptions,
): Promise<TagChange[]> {
  const now = (await find(repository, LATEST, options))?.digest;
  const to = plan.latest === undefined ? undefined : plan.latest === version ? promoted : rival?.descriptor;
  return to?.digest === now ? [] : [{ name: LATEST, to, expect: now ?? null }];
}

function withoutNames({ registry, repository }: Reference): Reference {
  return registry === undefined ? { repository } : { registry, repository };
}
