/**
 * The record of a promotion, as a registry sees it: a manifest whose subject is the image after the step, and whose config and layers
 * are that image's (docs/adr/0012). What it tells must be what happened here, else a history could be written by anybody.
 */
import { isLifecycleState, type LifecycleState } from "../../lifecycle/index.ts";
import { isDigest, PromotionAnnotation, type Descriptor, type Digest, type Manifest } from "../../oci/index.ts";
import type { HeldManifest } from "../hooks.ts";
import { stateBefore } from "./promotion.ts";
import { claims, type Skill } from "./skill.ts";

/** What a record tells. */
export interface PromotionRecord {
  readonly from: LifecycleState;
  readonly to: LifecycleState;
  readonly fromDigest: Digest;
  readonly subject: Descriptor;
  /** Who promoted, as they or their tool said. */
  readonly actor: string | undefined;
  readonly manifest: Manifest;
}

/** Bytes. What reads histories reads no more of a record. */
const MAX_SIZE = 64 * 1024;
const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})$/;

/** Reads a record, or says in which way it is none. */
export function readRecord({ parsed, descriptor }: HeldManifest): PromotionRecord | { readonly problem: string } {
  if (parsed.kind === "index") return { problem: "it is an index" };
  if (descriptor.size > MAX_SIZE) return { problem: `it has more than ${MAX_SIZE} bytes` };
  if (claims(parsed.annotations)) return { problem: "it says that it is a skill, too" };
  const {
    [PromotionAnnotation.from]: from = "",
    [PromotionAnnotation.to]: to = "",
    [PromotionAnnotation.fromDigest]: fromDigest = "",
    [PromotionAnnotation.toDigest]: toDigest,
    [PromotionAnnotation.layerDigest]: layers,
    [PromotionAnnotation.time]: time = "",
    [PromotionAnnotation.actor]: actor,
  } = parsed.annotations;
  const { subject } = parsed;
  if (subject === undefined) return { problem: "it has no subject" };
  if (!isLifecycleState(from) || !isLifecycleState(to) || stateBefore(to) !== from)
    return { problem: "it does not tell of a step from one state to the next" };
  if (!isDigest(fromDigest)) return { problem: "it does not tell what was promoted" };
  if (toDigest !== subject.digest) return { problem: "it tells of another image than its subject" };
  if (layers !== parsed.layers.map(({ digest }) => digest).join(" "))
    return { problem: "the layers that it tells are not those that it lists" };
  if (!TIME.test(time) || Number.isNaN(Date.parse(time))) return { problem: "it does not tell when that was" };
  return { from, to, fromDigest, subject, actor, manifest: parsed };
}

/** Whether a record fits the image that it is about: its state, its place, and the content of one of its images. */
export function fits({ to, subject, manifest }: PromotionRecord, after: Skill): boolean {
  const { digest, mediaType, size } = after.held.descriptor;
  const isAbout = subject.digest === digest && subject.mediaType === mediaType && subject.size === size;
  const content = contentOf(manifest);
  return isAbout && after.status === to && after.members.some((member) => contentOf(member.manifest) === content);
}

function contentOf({ config, layers }: Manifest): string {
  return [config, ...layers].map(({ digest, size }) => `${digest} ${size}`).join();
}
