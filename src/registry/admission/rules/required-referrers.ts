import { MediaType } from "../../../oci/index.ts";
import { quote } from "../../../text/index.ts";
import type { AdmissionContext, HeldManifest } from "../../hooks.ts";
import { findPredecessor } from "../promotion.ts";
import { KINDS, whatIsWrong } from "../referrer-content.ts";
import { signatureTagOf } from "../referrer-tags.ts";
import { hasRole, refused, type ReviewedPut, type Rule } from "../rule.ts";
import { isVersionTag, type Skill } from "../skill.ts";

/** How many referrers of the required types are looked into: somebody may attach any number. */
const MAX_LOOKED = 200;

/** `required`: `signature`, `scan`, `promotion`, or artifact types. */
export function requiredReferrers(required: readonly string[]): Rule {
  return {
    name: "required-referrers",
    doc: "Before a skill is published, its image in testing has what is required: a signature, a scan, that speaks of this image. Whose it is, is not asked.",
    async put(change, context) {
      const { skill, repository } = change;
      if (required.length === 0 || skill === undefined || !(await isConcerned(change, skill, context))) return;
      const before = await findPredecessor(skill, context);
      const missing = before === undefined ? required : await whatIsMissing(required, before, context);
      if (missing.length === 0) return;
      const place = before === undefined ? "the image in testing" : `${repository}@${before.held.descriptor.digest}`;
      throw refused(
        `${repository} ${skill.version} lacks ${missing.join(" and ")} before it may be published`,
        before === undefined
          ? `Promote the image in testing, with what is attached to it.`
          : `Attach it to ${place}, the image in testing, and promote again.`,
      );
    },
  };
}

/** Whenever a published image comes in, under whatever name or none, and when it takes the tag of its version. */
async function isConcerned(
  { tag, manifest, currentSkill, repository, identity }: ReviewedPut,
  skill: Skill,
  context: AdmissionContext,
): Promise<boolean> {
  const { digest } = manifest.descriptor;
  if (skill.status !== "published" || hasRole(identity, repository, "mirror")) return false;
  if (currentSkill?.held.descriptor.digest === digest) return false;
  return isVersionTag(tag, skill) || (await context.manifest(digest)) === undefined;
}

/** What is missing, with why what is there does not do. */
async function whatIsMissing(
  required: readonly string[],
  { held }: Skill,
  context: AdmissionContext,
): Promise<readonly string[]> {
  const types = new Set(required.flatMap(typesOf));
  const found = await referrersOf(held, types, context);
  const missing: string[] = [];
  for (const name of required) {
    const problems: string[] = [];
    const candidates = found.filter(({ type }) => typesOf(name).includes(type));
    for (const { referrer, type } of candidates) {
      const problem = await whatIsWrong(name, type, referrer, held.descriptor, context);
      if (problem === undefined) {
        problems.length = 0;
        break;
      }
      problems.push(`${referrer.descriptor.digest}: ${problem}`);
    }
    if (candidates.length > 0 && problems.length === 0) continue;
    missing.push(problems.length === 0 ? quote(name) : `${quote(name)} (${problems[0]})`);
  }
  return missing;
}

function typesOf(name: string): readonly string[] {
  return KINDS[name]?.types ?? [name];
}

interface Found {
  readonly type: string;
  readonly referrer: HeldManifest;
}

/** What refers to an image, by its subject or, as cosign's older signatures do, by a tag. */
async function referrersOf(
  { descriptor: { digest } }: HeldManifest,
  types: ReadonlySet<string>,
  context: AdmissionContext,
): Promise<readonly Found[]> {
  const found: Found[] = [];
  for await (const { descriptor } of context.referrers(digest)) {
    const type = descriptor.artifactType;
    if (type === undefined || !types.has(type)) continue;
    if (found.length >= MAX_LOOKED) break;
    const referrer = await context.manifest(descriptor.digest);
    if (referrer !== undefined) found.push({ type, referrer });
  }
  const tagged = await context.tag(signatureTagOf(digest));
  const referrer = tagged === undefined ? undefined : await context.manifest(tagged);
  if (referrer !== undefined && referrer.parsed.subject === undefined)
    found.push({ type: MediaType.cosignSignature, referrer });
  return found;
}
