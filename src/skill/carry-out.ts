/**
 * Carries out what a promotion has planned: moves the tags, leaves the record, lets `latest` follow.
 *
 * The moment at which the tags move is the promotion. What fails before it leaves everything as it was; what fails after it
 * undoes nothing and is told, never thrown: the caller must learn that the skill is promoted.
 */
import { isSkillError, SkillError } from "../errors.ts";
import { LATEST } from "../lifecycle/index.ts";
import { isDigest, type Descriptor, type Digest, type EncodedManifest } from "../oci/index.ts";
import type { OperationOptions, Repository, TagChange } from "../store/index.ts";
import { LatestRemains, settleLatest, type JustDone, type SettledLatest } from "./latest.ts";
import { rivals, takeBack, whoAndWhen } from "./records.ts";

/** What is to be done. */
export interface PromotionWork {
  /** The first one sets the tag of the new state; its manifest comes along. */
  readonly changes: readonly TagChange[];
  readonly record: EncodedManifest | undefined;
  /** Looks for a record of the same promotion; left out where it cannot have been made before. */
  readonly findRecord?: () => Promise<Descriptor | undefined>;
  /** Asked when the rest is done. */
  readonly concernsLatest: () => Promise<boolean>;
  /** What the promotion does, for whoever settles `latest`. */
  readonly done: JustDone;
}

/** What came of it, beside the promotion itself. */
export interface Aftermath {
  /** Tags that were to be removed and are still there, because the registry cannot remove them. */
  readonly left: readonly string[];
  /** The digest of the record, when there is one. */
  readonly record: Digest | undefined;
  /** Whether all this had been done before, but for what is left; not where a tag was removed now. */
  readonly isRepeated: boolean;
  /** Absent when the promotion does not concern `latest`, or it could not be brought up to date. */
  readonly latest: SettledLatest | undefined;
  /** What did not work out, a sentence each. */
  readonly warnings: readonly string[];
}

/** Throws what {@link Repository.retag} throws for changes that were not made, `CONFLICT` first of all. */
export async function carryOut(
  repository: Repository,
  work: PromotionWork,
  options: OperationOptions,
): Promise<Aftermath> {
  const { changes, record, concernsLatest } = work;
  const removes = changes.some(({ to }) => to === undefined);
  const left = new Set<string>();
  const warnings: string[] = [];
  // Where changes are all or none, the record is one of them: it is there exactly when the promotion is.
  const isTogether = repository.retagsAtomically === true;
  const together = isTogether && record !== undefined ? [...changes, recordChange(record)] : changes;
  let isRecorded = isTogether && record !== undefined;
  let isUnsure = false;
  let isSet = false;
  let earlier: Descriptor | undefined;
  const writeRecord = async (): Promise<void> => {
    if (record === undefined) return;
    isRecorded = await attempt(
      warnings,
      `${nameOf(repository, changes)} stands, but the promotion is not recorded`,
      async () => repository.push(record.descriptor, record.bytes, options),
    );
  };
  const between = async (): Promise<void> => {
    isSet = true;
    await attempt(warnings, "an earlier record is not known", async () => void (earlier = await work.findRecord?.()));
    if (earlier === undefined) await writeRecord();
  };
  try {
    // The record comes before the old tag goes: whoever is cut off between the two can promote by that tag once more.
    const onUnsure = (): void => void (isUnsure = true);
    await repository.retag(together, isTogether ? options : { ...options, between, onUnsure });
    // Whoever wrote the earlier one takes it back if they find the old tag gone. Some registries take one record of a promotion only.
    if (earlier !== undefined && removes) {
      const before = warnings.length;
      await writeRecord();
      warnings.splice(before);
    }
  } catch (error) {
    const remaining = remainingTags(error);
    if (remaining === undefined) {
      if (!isSet || !(error instanceof SkillError)) throw error;
      if (error.code !== "CONFLICT") throw unfinished(repository, changes, error);
      if (isRecorded && record !== undefined) await takeBack(repository, record);
      throw error;
    }
    for (const tag of remaining) left.add(tag);
  }
  // The tag that is removed decides between two who promote at once; where none is, or it does not show by whom, the records do.
  if (!isTogether && isRecorded && record !== undefined) {
    if (isUnsure || left.size > 0 || !removes) {
      await attempt(warnings, "others who promoted it are not known", async () => {
        warnings.push(...(await rivals(repository, changes[0]?.to, record, options)));
      });
    }
  }
  const isRepeated = earlier !== undefined && !isRecorded && (left.size > 0 || !removes);
  if (earlier !== undefined && isRepeated) warnings.push(whoAndWhen(earlier, "promoted it before"));
  let latest: SettledLatest | undefined;
  await attempt(warnings, `${LATEST} could not be brought up to date`, async () => {
    try {
      if (await concernsLatest()) latest = await settleLatest(repository, options, work.done);
    } catch (error) {
      if (!(error instanceof LatestRemains)) throw error;
      left.add(LATEST);
      ({ latest } = error);
    }
  });
  const written = isRecorded ? record?.descriptor.digest : undefined;
  return { left: [...left], record: written ?? earlier?.digest, isRepeated, latest, warnings };
}

/** A promotion that was cut off when its new tag was set; the code is that of what cut it off. */
export class UnfinishedPromotion extends SkillError {}

/** For a promotion that was cut off when its tag was set. Its record stays: whatever was under way may have been done. */
function unfinished(repository: Repository, changes: readonly TagChange[], error: SkillError): UnfinishedPromotion {
  const old = changes.flatMap(({ name, to }) => (to === undefined ? [name] : [])).join(", ");
  const [what, hint] =
    old === ""
      ? [
          "it is not known whether somebody else set it too",
          `Look at it: skillctl history ${nameOf(repository, changes)}`,
        ]
      : [`${old} may be there still`, "If so, promote by that tag once more: it does what is left."];
  const message = `${nameOf(repository, changes)} stands, but ${what}: ${error.message}`;
  return new UnfinishedPromotion(error.code, message, { hint, cause: error });
}

/** What the promotion makes: its tag, or its digest where it has none. */
function nameOf({ name }: Repository, [set]: readonly TagChange[]): string {
  return set === undefined ? name : `${name}${isDigest(set.name) ? "@" : ":"}${set.name}`;
}

function recordChange({ descriptor, bytes }: EncodedManifest): TagChange {
  return { name: descriptor.digest, to: descriptor, content: bytes };
}

/** Tags that stay because a registry cannot remove any; `undefined` for every other error. */
function remainingTags(error: unknown): readonly string[] | undefined {
  if (!isSkillError(error, "REGISTRY_UNSUPPORTED") || !("remaining" in error)) return undefined;
  const { remaining } = error;
  return Array.isArray(remaining) ? remaining.filter((tag): tag is string => typeof tag === "string") : undefined;
}

/** Does what may fail now without undoing anything; tells whether it did not. */
async function attempt(warnings: string[], what: string, work: () => Promise<void>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    if (!(error instanceof SkillError)) throw error;
    warnings.push(`${what}: ${error.message}`);
    return false;
  }
}
