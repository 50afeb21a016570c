import type { Descriptor, Digest } from "../../../oci/index.ts";
import type { AdmissionContext, HeldManifest, Identity } from "../../hooks.ts";
import type { OutVersions } from "../out.ts";
import { kindOfTag, subjectOfTag } from "../referrer-tags.ts";
import { hasRole, notAllowed, type Rule } from "../rule.ts";
import { readSkill, type Skill } from "../skill.ts";

/** Clients add: cosign a layer for each signature, others an entry to an index. Nobody has to take away what another put there. */
export function referrerTags(out: OutVersions): Rule {
  return {
    name: "referrer-tags",
    doc: "What refers to a skill by a tag (sha256-….sig) is added to, not replaced; only an admin takes away what refers to a version that is out.",
    async put({ tag, manifest, current, isTagDamaged, repository, identity }, context) {
      if (tag !== undefined && isTagDamaged === true) return refuseOverDamage(repository, tag, identity, context);
      if (tag === undefined || current === undefined || current.descriptor.digest === manifest.descriptor.digest)
        return;
      if (hasRole(identity, repository, "admin") || (await skillOfTag(tag, context)) === undefined) return;
      // What was put there in the way of signatures, before there was anything to sign, is not kept.
      if (current.parsed.kind !== kindOfTag(tag)) return;
      const lost = findLost(current, manifest);
      if (lost === undefined && manifest.parsed.kind === current.parsed.kind) return;
      throw notAllowed(
        `${repository}:${tag} holds what refers to a skill, and this leaves out ${lost?.digest ?? "what it is"}`,
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
        throw notAllowed(
          `this refers to ${repository} ${known.version}, which is ${known.status}`,
          "Only an admin removes signatures, scans and records of a version that is out.",
        );
      }
    },
  };
}

/** Nobody knows what the tag held, so only an admin says what it is from now on. */
async function refuseOverDamage(
  repository: string,
  tag: string,
  identity: Identity,
  context: AdmissionContext,
): Promise<void> {
  if (hasRole(identity, repository, "admin") || (await skillOfTag(tag, context)) === undefined) return;
  throw notAllowed(
    `${repository}:${tag} held what refers to a skill, and is damaged`,
    "Ask an admin, who may put there what it held, which is here by its digest.",
  );
}

async function skillOfTag(tag: string, context: AdmissionContext): Promise<Skill | undefined> {
  return skillOf(subjectOfTag(tag), context);
}

async function skillOf(digest: Digest | undefined, context: AdmissionContext): Promise<Skill | undefined> {
  const held = digest === undefined ? undefined : await context.manifest(digest);
  return held === undefined ? undefined : readSkill(held, context);
}

/** A part of what is there that what takes its place does not hold as it is, or not as often. */
function findLost(current: HeldManifest, next: HeldManifest): Descriptor | undefined {
  const left = new Map<string, number>();
  for (const key of partsOf(next).map(sayAll)) left.set(key, (left.get(key) ?? 0) + 1);
  return partsOf(current).find((part) => {
    const key = sayAll(part);
    const count = left.get(key) ?? 0;
    left.set(key, count - 1);
    return count <= 0;
  });
}

/** Layers, or entries of an index, of which clients keep the first where one is listed twice. The config says what they are and changes with them. */
function partsOf({ parsed }: HeldManifest): readonly Descriptor[] {
  if (parsed.kind === "manifest") return parsed.layers;
  return [...new Map(parsed.manifests.toReversed().map((entry) => [entry.digest, entry])).values()];
}

/** All that a descriptor says. Cosign's signature is an annotation of its layer, and two signatures have the same layer. */
function sayAll({ mediaType, digest, size, artifactType, annotations = {} }: Descriptor): string {
  const sorted = Object.entries(annotations).toSorted(([one], [other]) => (one < other ? -1 : 1));
  return JSON.stringify([mediaType, digest, size, artifactType, sorted]);
}
