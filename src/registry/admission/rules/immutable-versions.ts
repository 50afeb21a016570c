import { compareStates, type LifecycleState } from "../../../lifecycle/index.ts";
import type { AdmissionContext } from "../../hooks.ts";
import { isOut, type OutVersions } from "../out.ts";
import { refused, type ReviewedPut, type Rule } from "../rule.ts";
import { isContentOf, isVersionTag, type Skill } from "../skill.ts";

const HINT = "A published version never changes. Raise metadata.version for other content.";

/** The one rule that nobody gets around, whatever their roles. */
export function immutableVersions(out: OutVersions): Rule {
  return {
    name: "immutable-versions",
    doc: "The tag of a version that is out names that version's content for good; a version that is archived does not come back.",
    async put(change, context) {
      const { tag, currentSkill, manifest } = change;
      if (currentSkill?.held.descriptor.digest === manifest.descriptor.digest) return;
      if (currentSkill !== undefined && isOut(currentSkill) && isVersionTag(tag, currentSkill)) {
        refuseReplacing(change, currentSkill);
      } else await refuseComingBack(change, context, out);
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
async function refuseComingBack(
  { repository, tag, skill }: ReviewedPut,
  context: AdmissionContext,
  out: OutVersions,
): Promise<void> {
  if (skill?.version === undefined || !isOut(skill) || !isVersionTag(tag, skill)) return;
  let furthest = skill.status;
  for await (const other of out.find(skill.version, context)) {
    if (isLater(other.status, furthest)) furthest = other.status;
    if (isContentOf(other, skill)) continue;
    throw refused(`${repository} ${skill.version} was published before with other content`, HINT);
  }
  if (furthest === skill.status && furthest !== "archived") return;
  throw refused(`${repository} ${skill.version} was published before and went on to ${furthest}`, HINT);
}
