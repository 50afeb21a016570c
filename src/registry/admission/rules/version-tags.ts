import { isVersion, LATEST } from "../../../lifecycle/index.ts";
import type { Digest } from "../../../oci/index.ts";
import type { AdmissionContext } from "../../hooks.ts";
import { refused, type Rule } from "../rule.ts";
import { readSkill } from "../skill.ts";

/** How many manifests are remembered as skills, or as none. */
const MAX_KNOWN = 50_000;
/** Milliseconds for which a repository is taken for one without skills, unless one comes in by this process; and of how many that is remembered. */
const PLAIN_FOR = 10_000;
const MAX_PLAIN = 10_000;

/**
 * Whoever pulls `1.1.0` of a repository of skills takes it for published. Without this, an image that does not say what it is would
 * be under no rule and yet bear the tag; so would one in a repository whose versions are all archived.
 */
export function versionTags(): Rule {
  /** By repository and digest: what an index is depends on what the repository holds of it. */
  const known = new Map<string, boolean>();
  /** Repositories in which all was read and no skill found, with when: so that many pushes to one do not each read it all. */
  const plain = new Map<string, number>();

  return {
    name: "version-tags",
    doc: "In a repository of skills, a tag that reads like a version names a skill, also when that version is archived.",
    async put({ skill, tag, repository }, context) {
      if (skill !== undefined) {
        plain.delete(repository);
        await refuseAmongOthers(repository, context);
        return;
      }
      if (tag === undefined || !readsLikeVersion(tag)) return;
      if (performance.now() - (plain.get(repository) ?? -Infinity) < PLAIN_FOR) return;
      // Skills may be here under tags of somebody's own, or without any, as archived ones are.
      if ((await lookAtTags(context)) !== "skills" && !(await holdsSkills(context))) {
        remember(repository);
        return;
      }
      throw refused(
        `${repository}:${tag} is for a skill, and this image does not say that it is one`,
        "Copy a skill in the OCI format, as Docker's has no annotations; give another image another tag, or a repository of its own.",
      );
    },
  };

  /** What came before the first skill must not be taken for one of its versions. */
  async function refuseAmongOthers(repository: string, context: AdmissionContext): Promise<void> {
    const found = await lookAtTags(context);
    if (found === "skills" || found === undefined) return;
    throw refused(
      `${repository}:${found.other} is no skill, and reads like the version of one, so no skill comes in beside it`,
      `Remove that tag, with crane delete REGISTRY/${repository}:${found.other}, or push the skill to another repository.`,
    );
  }

  /** Whether a tag that reads like a version names a skill; else one that does not, if there is any. Ends at the first skill. */
  async function lookAtTags(context: AdmissionContext): Promise<"skills" | { readonly other: string } | undefined> {
    let other: string | undefined;
    for await (const tag of context.tags()) {
      const digest = readsLikeVersion(tag) ? await context.tag(tag) : undefined;
      if (digest === undefined) continue;
      if (await isSkill(digest, context)) return "skills";
      other ??= tag;
    }
    return other === undefined ? undefined : { other };
  }

  async function isSkill(digest: Digest, context: AdmissionContext): Promise<boolean> {
    const key = `${context.repository}@${digest}`;
    const answer = known.get(key);
    if (answer !== undefined) return answer;
    const held = await context.manifest(digest);
    const is = held !== undefined && (await readSkill(held, context)) !== undefined;
    if (known.size >= MAX_KNOWN) known.clear();
    known.set(key, is);
    return is;
  }

  async function holdsSkills(context: AdmissionContext): Promise<boolean> {
    for await (const { descriptor } of context.manifests()) if (await isSkill(descriptor.digest, context)) return true;
    return false;
  }

  function remember(repository: string): void {
    if (plain.size >= MAX_PLAIN) plain.clear();
    plain.set(repository, performance.now());
  }
}

/** Tags of drafts and images in testing do, too: as pre-releases. */
function readsLikeVersion(tag: string): boolean {
  return tag === LATEST || isVersion(versionOf(tag));
}

/** Tags have no `+`. */
function versionOf(tag: string): string {
  return tag.replace("_", "+");
}
