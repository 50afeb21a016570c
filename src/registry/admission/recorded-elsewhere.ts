/**
 * Records from elsewhere name who took a skill to testing there. Where it counts who did that here, such a record comes to no image in
 * testing, nor that image to such a record, until its version is out: what a record of an image in testing says was then checked.
 */
import { MediaType, PromotionAnnotation, type Digest } from "../../oci/index.ts";
import { quote } from "../../text/index.ts";
import { OIDC_USER } from "../access/names.ts";
import type { AdmissionContext } from "../hooks.ts";
import type { OutVersions } from "./out.ts";
import type { PromotionRecord } from "./record.ts";
import { hasRole, refused, type ReviewedPut } from "./rule.ts";
import { readSkill, type Skill } from "./skill.ts";

/** Of a record that is mirrored. Without its image here it is history, and counts for nothing. */
export async function refuseRecordFromElsewhere(
  { subject, actor }: PromotionRecord,
  context: AdmissionContext,
  out: OutVersions,
): Promise<void> {
  if (!namesSomebody(actor)) return;
  const held = await context.manifest(subject.digest);
  const skill = held === undefined ? undefined : await readSkill(held, context);
  if (skill === undefined || !(await isYetToPublish(skill, context, out))) return;
  throw refused(
    `${subject.digest} is in testing here, and this records who took it there elsewhere`,
    "Bring the published version first, and its history then, or leave the record out; with two-people, whoever takes a skill to testing does it here.",
  );
}

/** Of an image that was not here. Whom its record names may bring it: that is who took it to testing. */
export async function refuseImageRecordedElsewhere(
  { manifest, repository, identity }: ReviewedPut,
  skill: Skill,
  context: AdmissionContext,
  out: OutVersions,
): Promise<void> {
  if (!(await isYetToPublish(skill, context, out))) return;
  const { digest } = manifest.descriptor;
  const own = hasRole(identity, repository, "mirror") ? undefined : identity.name;
  for await (const actor of recordedActors(digest, context)) {
    if (!namesSomebody(actor) || actor === own) continue;
    throw refused(
      `a record of ${digest} says that ${quote(actor ?? "")} took it to testing`,
      "Whoever that is here takes it there again, or an admin removes the record, as of an image that was removed; one that was mirrored stays out " +
        "(skillctl copy --no-referrers).",
    );
  }
}

async function isYetToPublish(skill: Skill, context: AdmissionContext, out: OutVersions): Promise<boolean> {
  return skill.status === "testing" && (await out.sameAs(skill, context)) === undefined;
}

async function* recordedActors(
  digest: Digest,
  context: AdmissionContext,
): AsyncGenerator<string | undefined, void, undefined> {
  for await (const { descriptor } of context.referrers(digest)) {
    if (descriptor.artifactType === MediaType.promotion) yield descriptor.annotations?.[PromotionAnnotation.actor];
  }
}

/** Who is unknown today may be a user tomorrow, but nobody is ever called as a provider's people log in. */
function namesSomebody(actor: string | undefined): boolean {
  return actor !== undefined && actor !== OIDC_USER;
}
