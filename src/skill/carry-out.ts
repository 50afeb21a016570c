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
  return new CarryingOut(repository, work, options).run();
}

class CarryingOut {
  readonly #repository: Repository;
  readonly #work: PromotionWork;
  readonly #options: OperationOptions;
  /** Where changes are all or none, the record is one of them: it is there exactly when the promotion is. */
  readonly #isTogether: boolean;
  /** Whether a tag goes. The tag that is removed decides between two who promote at once. */
  readonly #removes: boolean;
  readonly #left = new Set<string>();
  readonly #warnings: string[] = [];
  /** Whether the new tag is set. */
  #isSet = false;
  /** Whether the tag that was removed did not show by whom. */
  #isUnsure = false;
  #isRecorded = false;
  /** A record of the same promotion that was there before. */
  #earlier: Descriptor | undefined;

  constructor(repository: Repository, work: PromotionWork, options: OperationOptions) {
    this.#repository = repository;
    this.#work = work;
    this.#options = options;
    this.#isTogether = repository.retagsAtomically === true;
    this.#removes = work.changes.some(({ to }) => to === undefined);
  }

  async run(): Promise<Aftermath> {
    await this.#moveTags();
    await this.#meetRivals();
    const isRepeated = this.#isRepeated();
    const latest = await this.#settleLatest();
    const written = this.#isRecorded ? this.#work.record?.descriptor.digest : undefined;
    const record = written ?? this.#earlier?.digest;
    return { left: [...this.#left], record, isRepeated, latest, warnings: this.#warnings };
  }

  async #moveTags(): Promise<void> {
    try {
      await (this.#isTogether ? this.#retagWithRecord() : this.#retagOneByOne());
    } catch (error) {
      const remaining = remainingTags(error);
      if (remaining === undefined) throw await this.#failure(error);
      for (const tag of remaining) this.#left.add(tag);
    }
  }

  async #retagWithRecord(): Promise<void> {
    const { changes, record } = this.#work;
    const together = record === undefined ? changes : [...changes, recordChange(record)];
    this.#isRecorded = record !== undefined;
    await this.#repository.retag(together, this.#options);
  }

  /** The record comes before the old tag goes: whoever is cut off between the two can promote by that tag once more. */
  async #retagOneByOne(): Promise<void> {
    const between = async (): Promise<void> => {
      this.#isSet = true;
      await this.#findEarlier();
      if (this.#earlier === undefined) await this.#writeRecord(this.#warnings);
    };
    const onUnsure = (): void => void (this.#isUnsure = true);
    await this.#repository.retag(this.#work.changes, { ...this.#options, between, onUnsure });
    // Whoever wrote the earlier one takes it back if they find the old tag gone. Some registries take one record of a promotion only.
    if (this.#earlier !== undefined && this.#removes) await this.#writeRecord([]);
  }

  async #findEarlier(): Promise<void> {
    await attempt(this.#warnings, "an earlier record is not known", async () => {
      this.#earlier = await this.#work.findRecord?.();
    });
  }

  async #writeRecord(warnings: string[]): Promise<void> {
    const { changes, record } = this.#work;
    if (record === undefined) return;
    const failure = `${nameOf(this.#repository, changes)} stands, but the promotion is not recorded`;
    this.#isRecorded = await attempt(warnings, failure, async () =>
      this.#repository.push(record.descriptor, record.bytes, this.#options),
    );
  }

  /** What to throw for `error`, once what is to be taken back has been. */
  async #failure(error: unknown): Promise<unknown> {
    if (!this.#isSet || !(error instanceof SkillError)) return error;
    if (error.code !== "CONFLICT") return unfinished(this.#repository, this.#work.changes, error);
    const { record } = this.#work;
    if (this.#isRecorded && record !== undefined) await takeBack(this.#repository, record);
    return error;
  }

  /** Where no tag decided between two who promote at once, the records do. */
  async #meetRivals(): Promise<void> {
    const { changes, record } = this.#work;
    const isDecided = this.#removes && this.#left.size === 0 && !this.#isUnsure;
    if (this.#isTogether || isDecided || !this.#isRecorded || record === undefined) return;
    await attempt(this.#warnings, "others who promoted it are not known", async () => {
      this.#warnings.push(...(await rivals(this.#repository, changes[0]?.to, record, this.#options)));
    });
  }

  /** Whether all this had been done before; then a warning says by whom. */
  #isRepeated(): boolean {
    const earlier = this.#earlier;
    if (earlier === undefined || this.#isRecorded || (this.#removes && this.#left.size === 0)) return false;
    this.#warnings.push(whoAndWhen(earlier, "promoted it before"));
    return true;
  }

  async #settleLatest(): Promise<SettledLatest | undefined> {
    const { concernsLatest, done } = this.#work;
    let latest: SettledLatest | undefined;
    await attempt(this.#warnings, `${LATEST} could not be brought up to date`, async () => {
      try {
        if (await concernsLatest()) latest = await settleLatest(this.#repository, this.#options, done);
      } catch (error) {
        if (!(error instanceof LatestRemains)) throw error;
        this.#left.add(LATEST);
        ({ latest } = error);
      }
    });
    return latest;
  }
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
