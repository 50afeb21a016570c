/**
 * A manifest as a skill, as far as rules need it: what it claims to be, and of what content. The mapping is that of the
 * format; annotations on the root of an image count before those of its members.
 */
import { isLifecycleState, tagFor, type LifecycleState } from "../../lifecycle/index.ts";
import { Annotation, MediaType, type Annotations, type Descriptor, type Manifest } from "../../oci/index.ts";
import type { AdmissionContext, HeldManifest } from "../hooks.ts";

/** One runnable image of a skill. */
export interface Member {
  readonly held: HeldManifest;
  readonly manifest: Manifest;
}

export interface Skill {
  readonly held: HeldManifest;
  /** The image itself, or those of an index. */
  readonly members: readonly Member[];
  readonly annotations: Annotations;
  /** `undefined`: it tells none that there is. */
  readonly status: LifecycleState | undefined;
  /** As it stands there, which may be none. */
  readonly version: string | undefined;
  /** Of each member, the digests of its config and its layers, in their order: a file of a later layer hides that of an earlier one. */
  readonly content: ReadonlySet<string>;
}

/** As many images as an index of a skill may have; one more is read, so that a rule sees that there are too many. */
export const MAX_MEMBERS = 32;
const CLAIMS = [Annotation.status, Annotation.name];
const SKILL_TYPES: ReadonlySet<string> = new Set([MediaType.redhatConfig, MediaType.redhatLayer]);

/**
 * Reads what a manifest claims; `undefined` when it, and what it lists, does not claim to be a skill. The record of a promotion
 * is none, although it lists a skill's layers.
 */
export async function readSkill(held: HeldManifest, context: AdmissionContext): Promise<Skill | undefined> {
  if (isRecord(held)) return undefined;
  const members = await readMembers(held, context);
  const root = held.parsed.annotations;
  if (!claims(root) && !members.some(({ manifest }) => claims(manifest.annotations) || hasSkillType(manifest))) {
    return undefined;
  }
  const annotations = { ...members[0]?.manifest.annotations, ...root };
  const { [Annotation.status]: status, [Annotation.version]: version } = annotations;
  return {
    held,
    members,
    annotations,
    status: status !== undefined && isLifecycleState(status) ? status : undefined,
    version,
    content: new Set(
      members.map(({ manifest }) => [manifest.config, ...manifest.layers].map(({ digest }) => digest).join(" ")),
    ),
  };
}

/** Whether a manifest says that it is the record of a promotion, by either of the two places where it can. */
export function isRecord({ parsed }: HeldManifest): boolean {
  const config = parsed.kind === "manifest" ? parsed.config.mediaType : undefined;
  return parsed.artifactType === MediaType.promotion || config === MediaType.promotion;
}

/** Whether annotations say that this is a skill. */
export function claims(annotations: Annotations): boolean {
  return CLAIMS.some((key) => annotations[key] !== undefined);
}

/** Whether every image of `part` is one of `whole`, too, whatever is said of it: an image of an index is of the same content as the index. */
export function isContentOf(part: Skill, whole: Skill): boolean {
  return [...part.content].every((image) => whole.content.has(image));
}

/** Whether a tag is the one by which a skill that is out is known. */
export function isVersionTag(tag: string | undefined, { version }: Skill): boolean {
  return tag !== undefined && version !== undefined && tag === tagFor(version, "published");
}

async function readMembers(held: HeldManifest, context: AdmissionContext): Promise<readonly Member[]> {
  const { parsed } = held;
  if (parsed.kind === "manifest") return [{ held, manifest: parsed }];
  const members: Member[] = [];
  for (const child of parsed.manifests) {
    if (members.length > MAX_MEMBERS) break;
    if (isAttestation(child)) continue;
    const found = await context.manifest(child.digest);
    if (found?.parsed.kind === "manifest") members.push({ held: found, manifest: found.parsed });
  }
  return members;
}

/** What build tools list beside images, for no platform that there is: nothing runs it. */
function isAttestation({ platform }: Descriptor): boolean {
  return platform?.os === "unknown" && platform.architecture === "unknown";
}

function hasSkillType({ config, layers }: Manifest): boolean {
  return [config, ...layers].some(({ mediaType }) => SKILL_TYPES.has(mediaType));
}
