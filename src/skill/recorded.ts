/** Whether a promotion is recorded already: it may have been made before, and the tag that it came from be there still. */
import { MediaType, PromotionAnnotation, type Descriptor } from "../oci/index.ts";
import type { OperationOptions, Repository } from "../store/index.ts";

/** A record of the promotion that made `after` of `before`; `undefined` when there is none. */
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
