import { LATEST, statesOfTag, tagFor, type LifecycleState } from "../../../lifecycle/index.ts";
import { quote } from "../../../text/index.ts";
import type { AdmissionContext } from "../../hooks.ts";
import { findPredecessor, mayPromote, rolesFor, stateBefore } from "../promotion.ts";
import { subjectOfTag } from "../referrer-tags.ts";
import { hasRole, nameOf, notAllowed, refused, type ReviewedPut, type Rule } from "../rule.ts";
import type { Skill } from "../skill.ts";
import type { Steps } from "../steps.ts";
import { noteStep } from "../who-took.ts";

/** `steps` remembers who takes which step. */
export function lifecycle(steps: Steps): Rule {
  return {
    name: "lifecycle",
    doc: "A skill comes in as a draft and goes on one step at a time, the same content, by people who may; or by somebody with the role mirror.",
    put: async (change, context) => judge(change, context, steps),
  };
}

async function judge(change: ReviewedPut, context: AdmissionContext, steps: Steps): Promise<void> {
  const { skill, manifest, tag, currentSkill, repository, identity } = change;
  if (skill === undefined) return requireAuthorOfPlain(change, context);
  if (skill.status === undefined || skill.version === undefined) return;
  if (currentSkill?.held.descriptor.digest === manifest.descriptor.digest) return takeAgain(change, context, steps);
  if (hasRole(identity, repository, "mirror")) return;
  const before = stateBefore(skill.status);
  if (before === undefined) return requireAuthor(change);
  // What is here came in by these rules. A name of one's own for it says nothing of its state.
  const saysState = tag !== undefined && tag !== LATEST && statesOfTag(skill.version, tag).length > 0;
  if (!saysState && (await context.manifest(manifest.descriptor.digest)) !== undefined) return;
  if ((await findPredecessor(skill, context)) === undefined) throw await explainForged(change, skill, before, context);
  requirePromoter(change, skill, before);
  await noteStep(change, context, steps);
}

/** Whoever puts an image in testing once more under its tag answers for that step, if nobody knows who took it. */
async function takeAgain(change: ReviewedPut, context: AdmissionContext, steps: Steps): Promise<void> {
  const { skill, tag, repository, identity } = change;
  if (skill?.status !== "testing" || tag !== tagFor(skill.version ?? "", "testing")) return;
  if (hasRole(identity, repository, "mirror") || !mayPromote(identity, repository, "testing")) return;
  await noteStep(change, context, steps);
}

/** Approvers push what refers to skills (signatures, scans), not images that nothing is known of. */
async function requireAuthorOfPlain(
  { manifest, tag, repository, identity }: ReviewedPut,
  context: AdmissionContext,
): Promise<void> {
  if (hasRole(identity, repository, "author", "mirror") || manifest.parsed.subject !== undefined) return;
  if (
    tag === undefined
      ? (await context.manifest(manifest.descriptor.digest)) !== undefined
      : subjectOfTag(tag) !== undefined
  )
    return;
  throw notAllowed(
    `${quote(nameOf(identity))} may not push images that are no skills to ${repository}`,
    "Whoever runs this registry can give the role author there.",
  );
}

function requireAuthor({ identity, repository }: ReviewedPut): void {
  if (hasRole(identity, repository, "author")) return;
  throw notAllowed(
    `${quote(nameOf(identity))} may not push drafts to ${repository}`,
    "Whoever runs this registry can give the role author there.",
  );
}

function requirePromoter(
  { identity, repository }: ReviewedPut,
  { status, version }: Skill,
  before: LifecycleState,
): void {
  if (mayPromote(identity, repository, status)) return;
  const roles = rolesFor(status);
  throw notAllowed(
    `${quote(nameOf(identity))} may not take ${repository} ${version} from ${before} to ${status}`,
    `Ask somebody with the role ${roles.join(" or ")} there to promote it.`,
  );
}

/** Says what is wrong with a state that was not reached here. */
async function explainForged(
  { repository }: ReviewedPut,
  { status, version = "" }: Skill,
  before: LifecycleState,
  context: AdmissionContext,
): Promise<Error> {
  const tag = tagFor(version, before) ?? version;
  const mirror = "to bring in what was published elsewhere takes the role mirror";
  if ((await context.tag(tag)) === undefined) {
    const draft = `${repository}:${tagFor(version, "draft")}`;
    return refused(
      `this image says that version ${version} is ${status}, but nothing in ${repository} is ${before} as ${tag}`,
      `Push the draft as ${draft} and promote it with skillctl promote, one step at a time; ${mirror}.`,
    );
  }
  return refused(
    `this image says that version ${version} is ${status}, but it is not what ${repository}:${tag} names`,
    `Promote what is there: skillctl promote REGISTRY/${repository}:${tag} --to ${status}; ${mirror}.`,
  );
}
