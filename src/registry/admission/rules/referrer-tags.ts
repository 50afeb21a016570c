import { childrenOf, type Digest } from "../../../oci/index.ts";
import type { AdmissionContext, HeldManifest } from "../../hooks.ts";
import type { OutVersions } from "../out.ts";
import { subjectOfTag } from "../referrer-tags.ts";
import { hasRole, refused, type Rule } from "../rule.ts";
import { readSkill, type Skill } from "../skill.ts";

/** Clients add: cosign a layer for each signature, others an entry to an index. Nobody has to take away what another put there. */
export function referrerTags(out: OutVersions): Rule {
  return {
    name: "referrer-tags",
    doc: "What refers to a skill by a tag (sha256-….sig) is added to, not replaced; only an admin takes away what refers to a version that is out.",
    async put({ tag, manifest, current, repository, identity }, context) {
      if (tag === undefined || current === undefined || current.descriptor.digest === manifest.descriptor.digest)
        return;
      if (hasRole(identity, repository, "admin") || (await skillOfTag(tag, context)) === undefined) return;
      const there = new Set(partsOf(manifest));
      const lost = partsOf(current).find((digest) => !there.has(digest));
      if (lost === undefined && manifest.parsed.kind === current.parsed.kind) return;
      throw refused(
        `${repository}:${tag} holds what refers to a skill, and this leaves out ${lost ?? "what it is"}`,
        "Add to what is there, as cosign and oras do; only an admin replaces it.",
      );
    },
    async remove(change, context) {
      const { repository, identity, current } = change;
      if (hasRole(identity, repository, "admin")) return;
      const tags = change.kind === "untag" ? [change.tag] : change.tags;
      const skills = await Promise.all(tags.map(async (tag) => skillOfTag(tag, context)));
      const subject = change.kind === "delete" ? current.parsed.subject?.digest : undefined;
      skills.push(await skillOf(subject, context));
      for (const skill of skills) {
        const known = skill === undefined ? undefined : await out.sameAs(skill, context);
        if (known === undefined) continue;
        throw refused(
          `this refers to ${repository} ${known.version}, which is ${known.status}`,
          "Only an admin removes signatures, scans and records of a version that is out.",
        );
      }
    },
  };
}

async function skillOfTag(tag: string, context: AdmissionContext): Promise<Skill | undefined> {
  return skillOf(subjectOfTag(tag), context);
}

async function skillOf(digest: Digest | undefined, context: AdmissionContext): Promise<Skill | undefined> {
  const held = digest === undefined ? undefined : await context.manifest(digest);
  return held === undefined ? undefined : readSkill(held, context);
}

/** Layers, or entries of an index. The config says what they are and changes with them. */
function partsOf({ parsed }: HeldManifest): readonly Digest[] {
  return (parsed.kind === "index" ? childrenOf(parsed) : parsed.layers).map(({ digest }) => digest);
}
