import { compareStates, LATEST, tagFor, type LifecycleState } from "../../../lifecycle/index.ts";
import type { AdmissionContext } from "../../hooks.ts";
import { isOut, type OutVersions } from "../out.ts";
import { findPredecessor } from "../promotion.ts";
import { hasRole, refused, type ReviewedPut, type Rule } from "../rule.ts";
import { isContentOf, isVersionTag, type Skill } from "../skill.ts";

const HINT = "A published version never changes. Raise metadata.version for other content.";

/** The one rule that nobody gets around, whatever their roles; mirrors bring drafts and tags as they were elsewhere. */
export function immutableVersions(out: OutVersions): Rule {
  return {
    name: "immutable-versions",
    doc: "A version that is out keeps its content for good, under whatever tag or none; one that has gone on does not come back.",
    async put(change, context) {
      const { tag, currentSkill, manifest, skill } = change;
      const { digest } = manifest.descriptor;
      if (currentSkill?.held.descriptor.digest === digest) return;
      if (currentSkill !== undefined && isOut(currentSkill) && isVersionTag(tag, currentSkill)) {
        refuseReplacing(change, currentSkill);
        return;
      }
      // What is here already is not new, and a digest gives it no name.
      if (skill === undefined || (tag === undefined && (await context.manifest(digest)) !== undefined)) return;
      const others = await findOthers(skill, context, out);
      await refuseOtherContent(change, skill, others, context);
      if (isOut(skill)) refuseComingBack(change, skill, others);
    },
  };
}

/** From published to deprecated is the only way, with the same content. */
function refuseReplacing({ repository, tag, skill }: ReviewedPut, current: Skill): void {
  const isForward = skill !== undefined && skill.version === current.version && isLater(skill.status, current.status);
  if (isForward && isContentOf(skill, current) && isContentOf(current, skill)) return;
  throw refused(`${repository}:${tag} is ${current.status} already`, HINT);
}

function isLater(status: LifecycleState | undefined, than: LifecycleState | undefined): boolean {
  return status !== undefined && than !== undefined && compareStates(status, than) > 0;
}

/** Without its tag, a version that was out is still known: its manifests stay. */
async function findOthers({ version }: Skill, context: AdmissionContext, out: OutVersions): Promise<readonly Skill[]> {
  const others: Skill[] = [];
  if (version !== undefined) for await (const other of out.find(version, context)) others.push(other);
  return others;
}

async function refuseOtherContent(
  { repository, tag, identity }: ReviewedPut,
  skill: Skill,
  others: readonly Skill[],
  context: AdmissionContext,
): Promise<void> {
  const { version = "" } = skill;
  const isMirror = hasRole(identity, repository, "mirror");
  if (others.length === 0 || (isMirror && !isOut(skill))) return;
  const name = tagFor(version, "published") ?? version;
  const digest = await context.tag(name);
  const named = others.find(({ held }) => held.descriptor.digest === digest);
  if (named !== undefined) {
    if (isContentOf(skill, named)) return;
    throw refused(`${repository}:${name} is ${named.status} already, with other content`, HINT);
  }
  // Whoever mirrors sends the images of an index before it, one by one: its tag is when it counts.
  if (isMirror && tag === undefined) return;
  if (await isOfSameContent(skill, tag, others, context)) return;
  throw refused(`${repository} ${version} was published before with other content`, HINT);
}

/** Of a version whose tag is not there: archived, removed, or about to come, its images first. */
async function isOfSameContent(
  skill: Skill,
  tag: string | undefined,
  others: readonly Skill[],
  context: AdmissionContext,
): Promise<boolean> {
  if (!isOut(skill)) return others.some((other) => isContentOf(skill, other) || isContentOf(other, skill));
  if (isVersionTag(tag, skill)) return others.every((other) => isContentOf(other, skill));
  const before = await findPredecessor(skill, context);
  const wholes = [skill, ...others, ...(before === undefined ? [] : [before])].filter((whole) =>
    isContentOf(skill, whole),
  );
  return others.every((other) => isContentOf(skill, other) || wholes.some((whole) => isContentOf(other, whole)));
}

/** Where `latest` may be is for another rule, and whoever keeps it up to date looks again. */
function refuseComingBack({ repository, tag, identity }: ReviewedPut, skill: Skill, others: readonly Skill[]): void {
  const { version, status } = skill;
  if (tag === undefined || tag === LATEST) return;
  const furthest = others.reduce((most, other) => (isLater(other.status, most) ? other.status : most), status);
  const isBack = isLater(furthest, status);
  if (!isBack && furthest !== "archived") return;
  // A tag of somebody's own may have stayed behind where the version comes from.
  const isOwn = !isVersionTag(tag, skill) && hasRole(identity, repository, "mirror");
  if (isOwn && !(isBack && furthest === "archived")) return;
  throw refused(
    `${repository} ${version} was published before and went on to ${furthest}`,
    isBack && furthest === "deprecated"
      ? "It does not come back. Give the tag to what the version's own tag names now."
      : "It does not come back, and what is archived has no tag. Raise metadata.version for a new one.",
  );
}
