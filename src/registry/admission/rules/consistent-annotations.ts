import { isVersion, LIFECYCLE_STATES, LATEST, statesOfTag } from "../../../lifecycle/index.ts";
import { Annotation } from "../../../oci/index.ts";
import { quote } from "../../../text/index.ts";
import type { AdmissionContext, HeldManifest } from "../../hooks.ts";
import { plainLabelsTellState } from "../labels.ts";
import { refused, type ReviewedPut, type Rule } from "../rule.ts";
import { claims, MAX_MEMBERS, type Skill } from "../skill.ts";

/** As the SkillCard has it: `metadata.name`. */
const NAME = /^[a-z0-9]+(?:-[a-z0-9]+)*$/;
const MAX_NAME = 64;
const MAX_VERSION = 120;
const STATE_SUFFIX = /-(?:draft|testing)$/;
const REPACK = "Pack the skill with skillctl pack, which writes these annotations from its SkillCard.";

export const consistentAnnotations: Rule = {
  name: "consistent-annotations",
  doc: "A skill says its name, version and state as the format has them, the same on all its images, and its tag is one for them.",
  async put({ skill, tag, repository, manifest }, context) {
    if (skill === undefined) return checkPlain(manifest, context);
    const wrong = whatIsWrong(skill) ?? (await whatIsListedWrongly(skill, context));
    if (wrong !== undefined) throw refused(`not a valid skill image: ${wrong}`, REPACK);
    if (tag !== undefined) checkTag(repository, tag, skill);
  },
};

/** Whoever looks at labels would take it for a skill in the state that they tell. */
async function checkPlain({ descriptor, parsed }: HeldManifest, context: AdmissionContext): Promise<void> {
  if (parsed.kind === "index" || (await context.manifest(descriptor.digest)) !== undefined) return;
  if (!(await plainLabelsTellState(parsed, context))) return;
  throw refused(
    `the config of this image has the label ${Annotation.status}, and the image does not say that it is a skill`,
    `Build it without that label; a skill tells its state by its annotations: ${REPACK}`,
  );
}

function whatIsWrong({ annotations, status, version, members, held }: Skill): string | undefined {
  const name = annotations[Annotation.name];
  if (status === undefined) {
    return `its annotation ${Annotation.status} is ${shown(annotations[Annotation.status])}, not one of ${LIFECYCLE_STATES.join(", ")}`;
  }
  if (version === undefined || !isVersion(version) || version.length > MAX_VERSION || STATE_SUFFIX.test(version)) {
    return `its annotation ${Annotation.version} is ${shown(version)}, not a semantic version for a tag`;
  }
  if (name !== undefined && (!NAME.test(name) || name.length > MAX_NAME)) {
    return `its annotation ${Annotation.name} is ${shown(name)}, not a name of lower-case letters, digits and dashes`;
  }
  if (held.parsed.kind === "index" && members.length === 0) return "it is an index that holds no image";
  const others = members.filter(({ manifest }) => claims(manifest.annotations));
  const differs = others.find(({ manifest }) =>
    [Annotation.status, Annotation.version, Annotation.name].some(
      (key) => manifest.annotations[key] !== annotations[key],
    ),
  );
  return differs && `its image ${differs.held.descriptor.digest} says something else than its index`;
}

/** What an index lists must be what it says, so that no image of it goes unseen: not by its type, nor behind another index. */
async function whatIsListedWrongly(
  { held: { parsed }, members }: Skill,
  context: AdmissionContext,
): Promise<string | undefined> {
  if (parsed.kind === "manifest") return undefined;
  if (members.length > MAX_MEMBERS) return `it is an index of more than ${MAX_MEMBERS} images`;
  for (const { digest, mediaType } of parsed.manifests) {
    const found = await context.manifest(digest);
    if (found === undefined) return `its index lists ${digest}, which is no manifest here`;
    if (found.parsed.kind === "index") return `its index lists another index, ${digest}`;
    if (found.descriptor.mediaType === mediaType) continue;
    return `its index lists ${digest} as ${quote(mediaType)}, and it is ${quote(found.descriptor.mediaType)}`;
  }
  return undefined;
}

/** A tag that reads like one of a version's must be one of this version's, and for the state that it is in. */
function checkTag(repository: ReviewedPut["repository"], tag: string, { status, version = "" }: Skill): void {
  if (status === undefined) return;
  const states = statesOfTag(version, tag);
  if (states.includes(status)) return;
  const name = `${repository}:${tag}`;
  if (tag === LATEST) {
    throw refused(
      `${name} is for the highest published version, and ${version} is ${status}`,
      "Push it under the tag of its version and state, as skillctl push does.",
    );
  }
  if (states.length > 0 || isVersion(tag.replace("_", "+"))) {
    throw refused(
      `${name} is not a tag for version ${version} that is ${status}`,
      "Push it under the tag of its version and state, as skillctl push does, or under a tag of your own such as stable.",
    );
  }
}

function shown(value: string | undefined): string {
  return value === undefined ? "missing" : quote(value);
}
