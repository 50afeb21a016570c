/**
 * Moves a skill one step through its life.
 *
 * A promotion writes new manifests that differ in a few annotations, and moves tags. Config and layers are what was
 * tested, to the byte: their digests do not change and nothing of them is read or sent, except once, when a draft's
 * card is checked before it goes to testing.
 */
import { randomUUID } from "node:crypto";

import { isSkillError, SkillError } from "../errors.ts";
import { assertTransition, LATEST, type LifecycleState } from "../lifecycle/index.ts";
import { Annotation, formatReference, repositoryName } from "../oci/index.ts";
import type { Annotations, Digest, Reference } from "../oci/index.ts";
import type { OperationOptions, Store } from "../store/index.ts";
import { carryOut, UnfinishedPromotion, type Aftermath } from "./carry-out.ts";
import { checkReason, deprecationAnnotations } from "./deprecation.ts";
import { loadCardCheck, requireValidCard, type CardSource } from "./draft-card.ts";
import { entryDescriptor } from "./entry.ts";
import { findCurrent } from "./find.ts";
import { contentOf, readImage, withChanges, type SkillImage } from "./image.ts";
import type { SettledLatest } from "./latest.ts";
import { readStatus } from "./metadata.ts";
import { planPromotionTags, type Promotion, type PromotionTags } from "./promotion-tags.ts";
import { encodeRecord } from "./record.ts";
import { findRecord } from "./records.ts";
import { resolveReference, type ResolvedImage } from "./resolve.ts";

const MAX_ATTEMPTS = 5;

export interface PromoteOptions extends OperationOptions {
  /** Why, in a sentence or two: kept in the record, and on the image when it becomes deprecated. */
  readonly reason?: string;
  /** What takes the skill's place when it becomes deprecated: a version, or the reference of another image. */
  readonly replacedBy?: string;
  /** Who promotes, for the record. Default: it does not say. */
  readonly actor?: string;
  /** The time for the record. Default: now. */
  readonly now?: () => Date;
  /** Whether a record of the promotion is kept beside the image, for `history`. Default: true. */
  readonly record?: boolean;
  /** Where a draft's card is read. Default: `layer`, which reads the layer once. */
  readonly checkCard?: CardSource;
}

export interface PromoteResult {
  readonly from: LifecycleState;
  readonly to: LifecycleState;
  /** What names the skill now: its new tag, or its digest when it has none any more. */
  readonly reference: string;
  readonly digest: Digest;
  readonly previousDigest: Digest;
  /** The same before and after. */
  readonly layerDigests: readonly Digest[];
  readonly tags: {
    readonly set: readonly string[];
    readonly removed: readonly string[];
    /** To be removed, and still there: the registry cannot remove tags. */
    readonly left: readonly string[];
  };
  /**
   * The version that `latest` names now; absent when it names none, or the promotion does not concern it. It is not published where
   * `latest` is among the tags that are left.
   */
  readonly latest?: string;
  /**
   * Whether this very promotion had been made and recorded before, and no tag was removed now: the registry cannot, or none was there
   * any more. Nothing is recorded again then.
   */
  readonly isRepeated: boolean;
  /** The digest of the record; absent when none was wanted or it could not be written. */
  readonly record?: Digest;
  /** What did not work out after the skill was promoted, a sentence each. */
  readonly warnings: readonly string[];
}

/**
 * Promotes an image to the next state and moves its tags as the format says. Throws `LIFECYCLE_TRANSITION_INVALID` with
 * the step that is possible, `SKILLCARD_INVALID` when a draft's card is not fit for testing, `PUBLISHED_IMMUTABLE` when
 * the version is out already, `NOT_A_SKILL` for an image without state or version, `USAGE` for options that do not fit, and
 * `CONFLICT` when somebody else moved a tag meanwhile. Once the tags have moved it does not throw any more: what
 * fails then is in the result. Cut off between two tags, as by `ABORTED`, it says what stands; called once more it does the rest.
 */
export async function promote(
  store: Store,
  reference: Reference,
  to: LifecycleState,
  options: PromoteOptions = {},
): Promise<PromoteResult> {
  const { reason, checkCard = "layer" } = options;
  if (reason !== undefined) checkReason(reason);
  const change = { [Annotation.status]: to, ...deprecationAnnotations(to, options) };
  // Only a draft goes to testing, and its card is read then: time to load what that takes while the store is looked into.
  if (to === "testing") loadCardCheck(checkCard).catch(() => undefined);
  for (let attempt = 1; ; attempt++) {
    const resolved = await resolveReference(store, reference, { ...options, bypassMirrors: true });
    try {
      return await attemptPromotion(resolved, to, change, attempt > 1, options);
    } catch (error) {
      if (isSkillError(error, "REGISTRY_DENIED") && !(error instanceof UnfinishedPromotion)) {
        throw refusedFor(resolved.reference, error);
      }
      if (!isSkillError(error, "CONFLICT") || attempt === MAX_ATTEMPTS) throw error;
      // If the image itself was promoted by somebody else, they have won; if only another tag moved, plan again.
      const { tag } = resolved.reference;
      const now = tag === undefined ? resolved.descriptor : await findCurrent(resolved.repository, tag, options);
      if (now?.digest !== resolved.descriptor.digest) throw overtaken(resolved.reference, error);
    }
  }
}

/** A registry's refusal names what it was sent, which nobody has heard of: the image after, or one of several in it. */
function refusedFor(reference: Reference, error: SkillError): SkillError {
  return new SkillError(error.code, `${formatReference(reference)} is not promoted: ${error.message}`, {
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    cause: error,
  });
}

/** Somebody else had the image first: the same command again would find another image, or none. */
function overtaken(reference: Reference, { code, message, cause }: SkillError): SkillError {
  const name = repositoryName(reference);
  const hint = `It is no longer what was to be promoted: skillctl list ${name} shows what it is now, and skillctl history who took the step.`;
  return new SkillError(code, message, { hint, cause });
}

async function attemptPromotion(
  resolved: ResolvedImage,
  to: LifecycleState,
  change: Annotations,
  look: boolean,
  options: PromoteOptions,
): Promise<PromoteResult> {
  const { repository, reference, descriptor: before } = resolved;
  const image = await readImage(repository, before, options);
  const { from, version } = readLife(image, reference);
  assertTransition(from, to, formatReference(reference));
  if (from === "draft") await requireValidCard(resolved, image, options.checkCard ?? "layer", options);

  const { root, members } = withChanges(image, change);
  const after = entryDescriptor(root.descriptor, { ...image.annotations, ...change }, contentOf(image).size);
  const tag = reference.digest === undefined ? reference.tag : undefined;
  const promotion = { version, from, to, tag, before, after };
  const tags = await planPromotionTags(repository, promotion, look, options);
  await Promise.all(members.map((member) => repository.push(member.descriptor, member.bytes, options)));
  const { now = () => new Date(), actor, reason } = options;
  const facts = {
    from,
    to,
    fromDigest: before.digest,
    time: now().toISOString(),
    ...(actor === undefined ? {} : { actor }),
    ...(reason === undefined ? {} : { reason }),
    // Whoever loses takes their record back, and must not take that of a namesake who won at the same moment.
    ...(repository.retagsAtomically === true ? {} : { nonce: randomUUID() }),
  };
  const aftermath = await carryOut(
    repository,
    {
      changes: tags.changes.map((each, at) => (at === 0 ? { ...each, content: root.bytes } : each)),
      record: options.record === false ? undefined : encodeRecord(facts, after, image.members[0]),
      ...(tags.mayBeRepeated ? { findRecord: async () => findRecord(repository, before, after, options) } : {}),
      concernsLatest: async () =>
        from === "published" || to === "published" || archivesLatest(resolved, promotion, options),
      done: {
        ...(to === "published" ? { published: { version, descriptor: after } } : {}),
        ...(to === "archived" ? { archived: version } : {}),
      },
    },
    options,
  );
  return describe(resolved, image, promotion, tags, aftermath);
}

/** Whether `latest` names the version that is archived: some tools leave it there when they deprecate, some registries do not remove it. */
async function archivesLatest(
  { repository }: ResolvedImage,
  { version, to }: Promotion,
  options: OperationOptions,
): Promise<boolean> {
  if (to !== "archived") return false;
  const current = await findCurrent(repository, LATEST, options);
  if (current === undefined) return false;
  return (await readImage(repository, current, options)).annotations[Annotation.version] === version;
}

function describe(
  { reference, descriptor }: ResolvedImage,
  image: SkillImage,
  { from, to, version, after }: Promotion,
  { changes, set }: PromotionTags,
  { left, record, isRepeated, latest, warnings }: Aftermath,
): PromoteResult {
  const named = set === undefined ? { digest: after.digest } : { tag: set };
  const moved = changes
    .filter((change) => change.name !== after.digest && (change.to?.digest ?? null) !== change.expect)
    .map((change) => ({ name: change.name, isSet: change.to !== undefined }));
  if (latest?.moved === true) moved.push({ name: LATEST, isSet: latest.version !== undefined });
  const namesOf = (isSet: boolean): string[] => [
    ...new Set(
      moved.flatMap((each) => (each.isSet === isSet && (isSet || !left.includes(each.name)) ? [each.name] : [])),
    ),
  ];
  return {
    from,
    to,
    reference: formatReference({ ...withoutNames(reference), ...named }),
    digest: after.digest,
    previousDigest: descriptor.digest,
    layerDigests: image.members[0].manifest.layers.map((layer) => layer.digest),
    tags: { set: namesOf(true), removed: namesOf(false), left },
    ...(latest?.version === undefined ? {} : { latest: latest.version }),
    isRepeated,
    ...(record === undefined ? {} : { record }),
    warnings: left.includes(LATEST) ? [...warnings, remains(latest, version, to)] : warnings,
  };
}

/** Who asks for no version must not take it for one that is published. */
function remains(latest: SettledLatest | undefined, version: string, to: LifecycleState): string {
  const named = latest?.version ?? "what it named";
  return `${LATEST} still names ${named}${named === version ? `, which is ${to}` : ""}`;
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

function withoutNames({ registry, repository }: Reference): Reference {
  return registry === undefined ? { repository } : { registry, repository };
}
