import { MediaType, PromotionAnnotation, type Digest } from "../../oci/index.ts";
import type { AdmissionContext, Identity, PutChange } from "../hooks.ts";
import type { Steps } from "./steps.ts";

/** Who took the step to an image: as this process saw it, else as the record of it says. `undefined` where neither is known. */
export async function whoTook(
  { repository, identity }: PutChange,
  digest: Digest,
  context: AdmissionContext,
  steps: Steps,
): Promise<string | undefined> {
  return steps.who(repository, digest) ?? whoIsRecorded(identity, digest, context);
}

/**
 * Remembers that whoever makes this change took the step to its image, once it is made. Not where the image is here already and
 * somebody is known to have taken it: a tag that goes and comes back takes that from nobody.
 */
export async function noteStep(change: PutChange, context: AdmissionContext, steps: Steps): Promise<void> {
  const { repository, identity, manifest } = change;
  const { digest } = manifest.descriptor;
  const isHere = (await context.manifest(digest)) !== undefined;
  if (isHere && (await whoTook(change, digest, context, steps)) !== undefined) return;
  context.whenMade(() => {
    steps.taken(repository, digest, identity);
  });
}

/** Who took the step to an image, as a record of it says. */
export async function whoIsRecorded(
  identity: Identity,
  digest: Digest,
  context: AdmissionContext,
): Promise<string | undefined> {
  for await (const { descriptor: record } of context.referrers(digest)) {
    if (record.artifactType !== MediaType.promotion) continue;
    const actor = record.annotations?.[PromotionAnnotation.actor];
    // What it names was checked when it came in, if it is a name of this registry's.
    if (actor !== undefined && (await identity.knows?.(actor)) === true) return actor;
  }
  return undefined;
}
