import type { AdmissionContext } from "../hooks.ts";
import { hasRole, type ReviewedPut } from "./rule.ts";
import { isVersionTag, type Skill } from "./skill.ts";

/**
 * Whether a change gives a version out: its published image comes in, under whatever name or none, or takes the tag of the version.
 * Whoever mirrors gives nothing out, that was done elsewhere.
 */
export async function isPublication(
  { tag, manifest, currentSkill, repository, identity }: ReviewedPut,
  skill: Skill,
  context: AdmissionContext,
): Promise<boolean> {
  const { digest } = manifest.descriptor;
  if (skill.status !== "published" || hasRole(identity, repository, "mirror")) return false;
  if (currentSkill?.held.descriptor.digest === digest) return false;
  return isVersionTag(tag, skill) || (await context.manifest(digest)) === undefined;
}
