import { MediaType, PromotionAnnotation } from "../../../oci/index.ts";
import { quote } from "../../../text/index.ts";
import { isReservedName, OIDC_USER } from "../../access/names.ts";
import type { AdmissionContext } from "../../hooks.ts";
import type { OutVersions } from "../out.ts";
import { isPromotionOf, mayPromote } from "../promotion.ts";
import { refuseImageRecordedElsewhere, refuseRecordFromElsewhere } from "../recorded-elsewhere.ts";
import { fits, readRecord, type PromotionRecord } from "../record.ts";
import { hasRole, nameOf, notAllowed, refused, type ReviewedPut, type Rule } from "../rule.ts";
import { isRecord, readSkill } from "../skill.ts";
import type { Steps } from "../steps.ts";
import { whoIsRecorded } from "../who-took.ts";

const HINT = "skillctl promote leaves the record of a step that it takes; nobody else has to.";

/**
 * Whoever mirrors brings histories along, also of images that are gone: theirs must be records, no more. With `ownNames`, a record
 * names nobody but its pusher: who is unknown today may be a user tomorrow, and would then have taken the step; and none is mirrored to an
 * image in testing.
 */
export function promotionRecords(steps: Steps, out: OutVersions, ownNames = false): Rule {
  return {
    name: "promotion-records",
    doc: "The record of a promotion tells of a step that took place here, by whoever took it, and is the only one; or it was mirrored.",
    async put(change, context) {
      const { manifest, skill, repository, identity } = change;
      const { digest } = manifest.descriptor;
      if ((await context.manifest(digest)) !== undefined) return;
      if (ownNames && skill !== undefined) await refuseImageRecordedElsewhere(change, skill, context, out);
      if (!isRecord(manifest)) return;
      const record = readRecord(manifest);
      if ("problem" in record) throw forged(record.problem);
      if (hasRole(identity, repository, "mirror")) {
        if (ownNames) await refuseRecordFromElsewhere(record, context, out);
        return;
      }
      if ((await context.manifest(record.subject.digest)) === undefined) throw fromElsewhere(repository, record);
      const untrue = await whatIsUntrue(record, context);
      if (untrue !== undefined) throw forged(untrue);
      requireWhoTookIt(change, record, steps);
      await requireOwnName(change, record, ownNames);
      // A record that tells who took the step comes beside one that does not.
      const seen = steps.who(repository, record.subject.digest) ?? identity.name;
      const isMissing = ownNames && seen === identity.name && record.actor !== undefined && record.actor === seen;
      if (isMissing && (await whoIsRecorded(identity, record.subject.digest, context)) === undefined) return;
      for await (const { descriptor } of context.referrers(record.subject.digest)) {
        if (descriptor.artifactType !== MediaType.promotion || descriptor.digest === digest) continue;
        if (descriptor.annotations?.[PromotionAnnotation.toDigest] !== record.subject.digest) continue;
        throw refused(`the promotion of ${record.subject.digest} is recorded already, as ${descriptor.digest}`, HINT);
      }
    },
  };
}

async function whatIsUntrue(record: PromotionRecord, context: AdmissionContext): Promise<string | undefined> {
  const { from, fromDigest, subject } = record;
  const held = await context.manifest(subject.digest);
  const after = held === undefined ? undefined : await readSkill(held, context);
  if (after === undefined) return `its subject ${subject.digest} is no skill`;
  if (!fits(record, after)) return `its subject ${subject.digest} is not what it tells`;
  const source = await context.manifest(fromDigest);
  const before = source === undefined ? undefined : await readSkill(source, context);
  if (before?.status === from && isPromotionOf(before, after)) return undefined;
  return `${subject.digest} was not promoted from ${fromDigest}`;
}

function requireWhoTookIt({ identity, repository }: ReviewedPut, { to, subject }: PromotionRecord, steps: Steps): void {
  const name = nameOf(identity);
  if (!mayPromote(identity, repository, to))
    throw notAllowed(
      `${quote(name)} may not record that a skill became ${to}: that takes the role to promote it`,
      HINT,
    );
  if (steps.isOfAnother(repository, subject.digest, identity) && !hasRole(identity, repository, "admin"))
    throw notAllowed(`${quote(name)} may not record a step that somebody else took`, HINT);
}

async function requireOwnName({ identity }: ReviewedPut, { actor }: PromotionRecord, ownNames: boolean): Promise<void> {
  if (actor === undefined || actor === identity.name) return;
  // With which a provider's people log in to whatever client promotes: nobody is ever called so.
  if (actor === OIDC_USER) return;
  if (!ownNames && !isReservedName(actor) && (await identity.knows?.(actor)) !== true) return;
  throw notAllowed(
    `${quote(nameOf(identity))} may not record that ${quote(actor)} promoted a skill`,
    "Promote with the name that you log in with, as skillctl promote does unless --actor says otherwise.",
  );
}

/** Our own client sends records before what they are about, so this is what it hears of a promotion that took place elsewhere. */
function fromElsewhere(repository: string, { to, subject }: PromotionRecord): Error {
  return refused(
    `${subject.digest} became ${to} elsewhere, not in ${repository}`,
    "Push the draft and promote it here with skillctl promote, one step at a time; to bring in what was promoted elsewhere takes the role mirror.",
  );
}

function forged(problem: string): Error {
  return refused(`not the record of a promotion that took place here: ${problem}`, HINT);
}
