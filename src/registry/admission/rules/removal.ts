import type { Digest } from "../../../oci/index.ts";
import type { AdmissionContext } from "../../hooks.ts";
import { isOut, type OutVersions } from "../out.ts";
import { hasRole, notAllowed, refused, type ReviewedRemoval, type Rule } from "../rule.ts";
import { isContentOf, isRecord, isVersionTag, readSkill, type Skill } from "../skill.ts";

const STEPS = "Take it on with skillctl promote: to deprecated, then to archived; or ask an admin to remove it.";

/** Drafts and images in testing go as they came, until they were published: then their signatures and records tell of that. */
export function removal(out: OutVersions): Rule {
  return {
    name: "removal",
    doc: "A version that is out loses its tag when it is archived; only an admin removes it otherwise, or a record of a promotion.",
    async remove(change, context) {
      const { repository, identity, currentSkill: skill, current } = change;
      if (hasRole(identity, repository, "admin")) return;
      if (change.kind === "delete") {
        if (isRecord(current)) {
          throw notAllowed("this is the record of a promotion", "Only an admin removes such records.");
        }
        const held =
          (skill && (await out.sameAs(skill, context))) ?? (await findUser(current.descriptor.digest, context));
        if (held !== undefined) throw refused(describe(repository, held), STEPS);
        return;
      }
      if (skill === undefined || !isOut(skill) || !isVersionTag(change.tag, skill)) return;
      await refuseUntagging(change, skill, context, out);
    },
  };
}

/** A version that is out and lists this manifest as one of its images, which need not claim anything itself. */
async function findUser(digest: Digest, context: AdmissionContext): Promise<Skill | undefined> {
  for await (const { descriptor, references } of context.manifests()) {
    if (!references.includes(digest)) continue;
    const held = await context.manifest(descriptor.digest);
    const skill = held === undefined ? undefined : await readSkill(held, context);
    if (skill !== undefined && isOut(skill)) return skill;
  }
  return undefined;
}

async function refuseUntagging(
  { repository, identity }: ReviewedRemoval,
  skill: Skill,
  context: AdmissionContext,
  out: OutVersions,
): Promise<void> {
  if (skill.status !== "deprecated") throw refused(describe(repository, skill), STEPS);
  for await (const other of out.find(skill.version ?? "", context)) {
    const isArchived = other.status === "archived" && isContentOf(skill, other);
    if (isArchived && hasRole(identity, repository, "approver")) return;
  }
  throw refused(describe(repository, skill), STEPS);
}

function describe(repository: string, { version, status }: Skill): string {
  return `${repository} ${version} is ${status} and cannot just be removed`;
}
