/**
 * Whether a manifest is the next state of one that is here.
 *
 * A promotion changes the status, what is said about a deprecation, and nothing else: same document, same content. Who promotes
 * sends only the result, so what it came from is looked for: first where it ought to be, under the tag of the state before; else
 * the result is taken back by one state, and it is looked whether this registry holds just that.
 */
import { isDeepStrictEqual } from "node:util";

import { LIFECYCLE_STATES, tagFor, type LifecycleState } from "../../lifecycle/index.ts";
import { Annotation, describeManifest, withAnnotations } from "../../oci/index.ts";
import type { Annotations, EncodedManifest, Index, JsonObject, Manifest } from "../../oci/index.ts";
import type { AdmissionContext, HeldManifest, Identity, Role } from "../hooks.ts";
import { hasRole } from "./rule.ts";
import { claims, readSkill, type Skill } from "./skill.ts";

/** What a promotion may set, change or remove. */
const CHANGEABLE: readonly string[] = [
  Annotation.status,
  Annotation.deprecationReason,
  Annotation.deprecationReplacedBy,
  Annotation.created,
];

/** The state before; `undefined` for a draft. */
export function stateBefore(state: LifecycleState): LifecycleState | undefined {
  return LIFECYCLE_STATES[LIFECYCLE_STATES.indexOf(state) - 1];
}

/** The roles that take a skill to a state. */
export function rolesFor(state: LifecycleState | undefined): readonly Role[] {
  return state === "testing" ? ["author", "approver"] : ["approver"];
}

export function mayPromote(identity: Identity, repository: string, to: LifecycleState | undefined): boolean {
  return hasRole(identity, repository, ...rolesFor(to));
}

/** What `skill`, or the index that it is a part of, was promoted from; `undefined` when this repository has no such thing. */
export async function findPredecessor(skill: Skill, context: AdmissionContext): Promise<Skill | undefined> {
  const { status, version } = skill;
  const before = status === undefined ? undefined : stateBefore(status);
  if (status === undefined || before === undefined || version === undefined) return undefined;
  const candidates = [await tagged(version, before, context), await context.manifest(takenBack(skill, before))];
  for (const held of candidates) {
    const candidate = held === undefined ? undefined : await readSkill(held, context);
    if (candidate?.status === before && isPromotionOf(candidate, skill)) return candidate;
  }
  return undefined;
}

/** What the tag of a version's state names. */
async function tagged(
  version: string,
  state: LifecycleState,
  context: AdmissionContext,
): Promise<HeldManifest | undefined> {
  const tag = tagFor(version, state);
  const digest = tag === undefined ? undefined : await context.tag(tag);
  return digest === undefined ? undefined : context.manifest(digest);
}

/** Whether `after` is `before` but for its state, or one of the images of `before` but for its state. */
export function isPromotionOf(before: Skill, after: Skill): boolean {
  if (isSame(before, after)) return true;
  const [image] = after.members;
  if (after.held.parsed.kind !== "manifest" || image === undefined) return false;
  return before.members.some(({ manifest }) => isSameDocument(manifest, image.manifest));
}

function isSame(before: Skill, after: Skill): boolean {
  const [one, other] = [before.held.parsed, after.held.parsed];
  if (one.kind === "manifest" || other.kind === "manifest") return isSameDocument(one, other);
  if (before.members.length !== after.members.length) return false;
  const images = before.members.map(({ manifest }, at) => [manifest, after.members[at]?.manifest] as const);
  if (!images.every(([mine, theirs]) => theirs !== undefined && isSameDocument(mine, theirs))) return false;
  // With the images of the one in the list of the other, the documents are the same.
  const renamed = new Map(
    before.members.map(({ held }, at) => [held.descriptor.digest, after.members[at]?.held ?? held] as const),
  );
  return isSameDocument({ ...one, document: renaming(one, renamed) }, other);
}

/** Whether two documents differ in nothing but what a promotion may change. */
function isSameDocument(one: Manifest | Index, other: Manifest | Index): boolean {
  const { annotations: _one, ...rest } = one.document;
  const { annotations: _other, ...otherRest } = other.document;
  return isDeepStrictEqual(rest, otherRest) && isDeepStrictEqual(lasting(one.annotations), lasting(other.annotations));
}

function lasting(annotations: Annotations): Annotations {
  return Object.fromEntries(Object.entries(annotations).filter(([key]) => !CHANGEABLE.includes(key)));
}

/** The digest that `skill` must have had in the state before, if it was promoted by rewriting its annotations. */
function takenBack({ held, members, status }: Skill, before: LifecycleState): EncodedManifest["descriptor"]["digest"] {
  const undo = {
    [Annotation.status]: before,
    ...(status === "deprecated"
      ? { [Annotation.deprecationReason]: undefined, [Annotation.deprecationReplacedBy]: undefined }
      : {}),
  };
  const { parsed } = held;
  if (parsed.kind === "manifest") return encode(withAnnotations(parsed, undo), parsed).digest;
  const images = new Map(
    members.map(({ held: member, manifest }) => {
      const descriptor = claims(manifest.annotations)
        ? encode(withAnnotations(manifest, undo), manifest)
        : member.descriptor;
      return [member.descriptor.digest, { descriptor }] as const;
    }),
  );
  return encode({ ...withAnnotations(parsed, undo), manifests: renaming(parsed, images)["manifests"] }, parsed).digest;
}

function encode(document: JsonObject, { mediaType }: Manifest | Index): EncodedManifest["descriptor"] {
  return describeManifest(document, mediaType).descriptor;
}

/** An index with other images in the place of its own. */
function renaming(
  { document, manifests }: Index,
  images: ReadonlyMap<string, { readonly descriptor: EncodedManifest["descriptor"] }>,
): JsonObject {
  const children = document["manifests"] as readonly JsonObject[];
  const renamed = children.map((child, at) => {
    const now = images.get(manifests[at]?.digest ?? "")?.descriptor;
    return now === undefined ? child : { ...child, digest: now.digest, size: now.size };
  });
  return { ...document, manifests: renamed };
}
