/**
 * Moves a skill one step through its life.
 *
 * A promotion writes new manifests that differ in one annotation, and moves tags. Config and layers are what was
 * tested, to the byte: their digests do not change and nothing of them is read or sent, except once, when a draft's
 * card is checked before it goes to testing.
 */
import { isSkillError, SkillError } from "../errors.ts";
import { assertTransition, type LifecycleState } from "../lifecycle/index.ts";
import { Annotation, baseName, formatReference } from "../oci/index.ts";
import type { Digest, Reference } from "../oci/index.ts";
import type { OperationOptions, Store } from "../store/index.ts";
import { entryDescriptor } from "./entry.ts";
import { find } from "./find.ts";
import { contentOf, readImage, withStatus, type SkillImage } from "./image.ts";
import { settleLatest } from "./latest.ts";
import { readMetadata, readStatus } from "./metadata.ts";
import { planPromotionTags, type Promotion, type PromotionTags } from "./promotion-tags.ts";
import { resolveReference, type ResolvedImage } from "./resolve.ts";

const MAX_ATTEMPTS = 5;

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
  for (let attempt = 1; ; attempt++) {
    const resolved = await resolveReference(store, reference, options);
    try {
      return await attemptPromotion(resolved, to, attempt > 1, options);
    } catch (error) {
      if (!isSkillError(error, "CONFLICT") || attempt === MAX_ATTEMPTS) throw error;
      // If the image itself was promoted by somebody else, they have won; if only another tag moved, plan again.
      const { tag } = resolved.reference;
      const now = tag === undefined ? resolved.descriptor : await find(resolved.repository, tag, options);
      if (now?.digest !== resolved.descriptor.digest) throw error;
    }
  }
}

async function attemptPromotion(
  resolved: ResolvedImage,
  to: LifecycleState,
  look: boolean,
  options: OperationOptions,
): Promise<PromoteResult> {
  const { repository, reference, descriptor: before } = resolved;
  const image = await readImage(repository, before, options);
  const { from, version } = readLife(image, reference);
  assertTransition(from, to, formatReference(reference));
  if (from === "draft") await requireValidCard(resolved, image, options);

  const { root, members } = withStatus(image, to);
  const annotations = { ...image.annotations, [Annotation.status]: to };
  const after = entryDescriptor(root.descriptor, annotations, contentOf(image).size);
  const tag = reference.digest === undefined ? reference.tag : undefined;
  const promotion = { version, from, to, tag, before, after };
  const tags = await planPromotionTags(repository, promotion, look, options);
  await Promise.all(members.map((member) => repository.push(member.descriptor, member.bytes, options)));
  await repository.push(root.descriptor, root.bytes, options);
  await repository.retag(tags.changes, options);
  const concernsLatest = from === "published" || to === "published";
  const latest = concernsLatest ? await settleLatest(repository, options) : undefined;
  return describe(resolved, image, promotion, { ...tags, latest });
}

function describe(
  { reference, descriptor }: ResolvedImage,
  image: SkillImage,
  { from, to, after }: Promotion,
  { changes, set, latest }: PromotionTags,
): PromoteResult {
  const named = set === undefined ? { digest: after.digest } : { tag: set };
  const moved = changes.filter(
    (change) => change.name !== after.digest && (change.to?.digest ?? null) !== change.expect,
  );
  return {
    from,
    to,
    reference: formatReference({ ...withoutNames(reference), ...named }),
    digest: after.digest,
    previousDigest: descriptor.digest,
    layerDigests: image.members[0].manifest.layers.map((layer) => layer.digest),
    tags: {
      set: moved.filter((change) => change.to !== undefined).map((change) => change.name),
      removed: moved.filter((change) => change.to === undefined).map((change) => change.name),
    },
    ...(latest === undefined ? {} : { latest }),
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

/** The modules that understand cards are loaded for this step only: they are most of what the command would load. */
async function requireValidCard(resolved: ResolvedImage, image: SkillImage, options: OperationOptions): Promise<void> {
  const [{ readCard }, { SkillCardError }] = await Promise.all([import("./card.ts"), import("../skillcard/index.ts")]);
  const { name, version } = readMetadata(image.annotations, baseName(resolved.reference));
  const text = formatReference(resolved.reference);
  const { card, issues, isGenerated } = await readCard(resolved.repository, image, name, options);
  if (card === undefined) throw new SkillCardError(text, issues);
  const { metadata } = card;
  if (metadata.name === name && (isGenerated || metadata.version === version)) return;
  throw new SkillError(
    "NOT_A_SKILL",
    `${text} calls itself ${name} ${version}, the card inside ${metadata.name} ${metadata.version}`,
    {
      hint: "An image must say what its card says. Pack the skill again with skillctl pack.",
    },
  );
}

function withoutNames({ registry, repository }: Reference): Reference {
  return registry === undefined ? { repository } : { registry, repository };
}
