/**
 * Which records of one promotion there are: it may have been made before, with the tag that it came from there still, or by two at
 * once, of whom one loses.
 */
import { isSkillError } from "../errors.ts";
import { MediaType, PromotionAnnotation, type Descriptor, type EncodedManifest } from "../oci/index.ts";
import type { OperationOptions, Repository } from "../store/index.ts";

/** The first record of the promotion that made `after` of `before`; `undefined` when there is none. */
export async function findRecord(
  repository: Repository,
  before: Descriptor,
  after: Descriptor,
  options: OperationOptions,
): Promise<Descriptor | undefined> {
  for await (const record of repository.referrers(after, { ...options, artifactType: MediaType.promotion })) {
    // Lists need not bear annotations: what does not say is taken to fit.
    const { [PromotionAnnotation.fromDigest]: from = before.digest } = record.annotations ?? {};
    if (from === before.digest) return record;
  }
  return undefined;
}

/** Removes the record of a promotion that somebody else has won. Best effort: some registries remove nothing. */
export async function takeBack(repository: Repository, record: EncodedManifest): Promise<void> {
  await repository.delete(record.descriptor).catch((error: unknown) => {
    if (!isSkillError(error)) throw error;
  });
}

/** Others who recorded the promotion that made `after`: both were told that it went well, so both are told of each other. */
export async function rivals(
  repository: Repository,
  after: Descriptor | undefined,
  own: EncodedManifest,
  options: OperationOptions,
): Promise<readonly string[]> {
  if (after === undefined) return [];
  const warnings: string[] = [];
  let others = 0;
  for await (const other of repository.referrers(after, { ...options, artifactType: MediaType.promotion })) {
    if (other.digest === own.descriptor.digest) continue;
    others += 1;
    if (others <= MAX_RIVALS) warnings.push(whoAndWhen(other, "promoted it too"));
  }
  return others > MAX_RIVALS ? [...warnings, `${others - MAX_RIVALS} more promoted it too`] : warnings;
}

/** `anna promoted it too, at 2026-01-01T00:00:00Z`, as a record says. */
export function whoAndWhen({ annotations = {} }: Descriptor, did: string): string {
  const { [PromotionAnnotation.actor]: actor = "somebody", [PromotionAnnotation.time]: time } = annotations;
  return `${short(actor)} ${did}${time === undefined ? "" : `, at ${short(time)}`}`;
}

/** Whoever may push to the repository may write such a record, of any length and in any number. */
const MAX_RIVALS = 5;
const LONGEST_NAME = 200;

function short(text: string): string {
  return text.length > LONGEST_NAME ? `${text.slice(0, LONGEST_NAME)}…` : text;
}
