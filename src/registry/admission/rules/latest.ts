import { compareStates, LATEST } from "../../../lifecycle/index.ts";
import type { AdmissionContext } from "../../hooks.ts";
import { RegistryRefusal } from "../../refusal.ts";
import { highestFirst, highestPublished, type OutVersions } from "../out.ts";
import { hasRole, refused, type Rule } from "../rule.ts";
import type { Skill } from "../skill.ts";

export function latest(out: OutVersions): Rule {
  return {
    name: "latest",
    doc: "In a repository of skills, latest names the highest published version, a release before any pre-release.",
    async put({ tag, skill, currentSkill, manifest, repository, identity }, context) {
      if (tag !== LATEST) return;
      const highest = await highestPublished(context);
      if (highest?.digest === manifest.descriptor.digest) return;
      // Tags are mirrored in any order: that of the version may come later. But latest does not go back.
      if (skill?.version !== undefined && hasRole(identity, repository, "mirror")) {
        const isHigher = highest === undefined || highestFirst(skill.version, highest.version) < 0;
        if (isHigher && currentSkill !== undefined && (await goesBack(skill, currentSkill, context, out)))
          throw misplaced(repository, `it names ${currentSkill.version} already`);
        if (isHigher && !(await hasGoneOn(skill, context, out))) return;
      }
      if (highest !== undefined) throw misplaced(repository, `the highest published version is ${highest.version}`);
      if (skill !== undefined) throw misplaced(repository, "no version is published there");
    },
    async remove(change, context) {
      if (change.kind !== "untag" || change.tag !== LATEST || change.currentSkill === undefined) return;
      const { repository, identity } = change;
      if (hasRole(identity, repository, "admin")) return;
      const highest = await highestPublished(context);
      if (highest === undefined) return;
      throw refused(
        `${repository}:${LATEST} names the highest published version, ${highest.version}`,
        "It goes when no version is published any more; deprecate them with skillctl promote.",
      );
    },
  };
}

/** Whether `latest` names a higher version, which is published as far as is known here: its tag may not have come yet. */
async function goesBack(skill: Skill, current: Skill, context: AdmissionContext, out: OutVersions): Promise<boolean> {
  const isLower = highestFirst(skill.version ?? "", current.version ?? "") > 0;
  return isLower && current.status === "published" && !(await hasGoneOn(current, context, out));
}

/** Whether the version has been deprecated or archived here since it was what this image says. */
async function hasGoneOn(
  { version = "", status = "draft" }: Skill,
  context: AdmissionContext,
  out: OutVersions,
): Promise<boolean> {
  for await (const other of out.find(version, context)) {
    if (other.status !== undefined && compareStates(other.status, status) > 0) return true;
  }
  return false;
}

/** 412, for it may have been right a moment ago: whoever keeps latest up to date looks again. */
function misplaced(repository: string, why: string): RegistryRefusal {
  return new RegistryRefusal(412, "DENIED", `${repository}:${LATEST} cannot name this: ${why}`, {
    hint: "skillctl promote moves latest; with other tools, copy the tag of the highest version to it.",
  });
}
