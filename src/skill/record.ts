/**
 * Promotion records: who took an image from one state to the next, and when, kept beside the image.
 *
 * A record is a manifest of its own whose subject is the image after the promotion. Its layers are the image's, so it costs
 * one request, and what it says of them is checked by whoever stores it. It is a note, not a signature: whoever may push
 * to a repository may write one. OCI image-spec "manifest.md", "Guidelines for Artifact Usage"; docs/adr/0012.
 */
import { isLifecycleState, type LifecycleState } from "../lifecycle/index.ts";
import { describeManifest, isDigest, MediaType, PromotionAnnotation } from "../oci/index.ts";
import type { Annotations, Descriptor, Digest, EncodedManifest, JsonObject, Manifest } from "../oci/index.ts";
import type { ImageMember } from "./image.ts";

/** What a record tells of a promotion. */
export interface PromotionFacts {
  readonly from: LifecycleState;
  readonly to: LifecycleState;
  /** The image before and after. */
  readonly fromDigest: Digest;
  readonly toDigest: Digest;
  /** The same before and after. */
  readonly layerDigests: readonly Digest[];
  /** RFC 3339. */
  readonly time: string;
  /** Who promoted it, as they or their tool said. */
  readonly actor?: string;
  readonly reason?: string;
}

type RecordedFacts = Omit<PromotionFacts, "toDigest" | "layerDigests"> & { readonly nonce?: string };

/**
 * The record of a promotion that made `after` of another image. `member` is any of the images under it. With a `nonce`, it is no other
 * call's, though both tell the same.
 */
export function encodeRecord(
  { from, to, fromDigest, time, actor, reason, nonce }: RecordedFacts,
  after: Descriptor,
  member: ImageMember,
): EncodedManifest {
  const { config, layers } = member.manifest;
  const annotations: Annotations = {
    [PromotionAnnotation.from]: from,
    [PromotionAnnotation.to]: to,
    [PromotionAnnotation.fromDigest]: fromDigest,
    [PromotionAnnotation.toDigest]: after.digest,
    [PromotionAnnotation.layerDigest]: layers.map(({ digest }) => digest).join(" "),
    [PromotionAnnotation.time]: time,
    ...(actor === undefined ? {} : { [PromotionAnnotation.actor]: actor }),
    ...(reason === undefined ? {} : { [PromotionAnnotation.reason]: reason }),
    ...(nonce === undefined ? {} : { [PromotionAnnotation.nonce]: nonce }),
  };
  const document = {
    schemaVersion: 2,
    mediaType: MediaType.manifest,
    artifactType: MediaType.promotion,
    config: { ...pointer(config), mediaType: MediaType.promotion },
    layers: layers.map(pointer),
    subject: pointer(after),
    annotations,
  };
  return describeManifest(document, MediaType.manifest);
}

/** What a record says, or in which way it is none. Whether it is true is another question. */
export function readRecord(manifest: Manifest): PromotionFacts | { readonly problem: string } {
  const { annotations } = manifest;
  const {
    [PromotionAnnotation.from]: from = "",
    [PromotionAnnotation.to]: to = "",
    [PromotionAnnotation.fromDigest]: fromDigest = "",
    [PromotionAnnotation.toDigest]: toDigest = "",
    [PromotionAnnotation.layerDigest]: layers = "",
    [PromotionAnnotation.time]: time = "",
    [PromotionAnnotation.actor]: actor,
    [PromotionAnnotation.reason]: reason,
  } = annotations;
  if (!isLifecycleState(from) || !isLifecycleState(to))
    return { problem: "it does not tell from which state to which" };
  if (!isDigest(fromDigest) || !isDigest(toDigest)) return { problem: "it does not tell the digests before and after" };
  const layerDigests = layers.split(" ").filter((text) => isDigest(text));
  return {
    from,
    to,
    fromDigest,
    toDigest,
    layerDigests,
    time,
    ...(actor === undefined ? {} : { actor }),
    ...(reason === undefined ? {} : { reason }),
  };
}

/** The image before, of a referrer that is a promotion record: its own records belong to the same history. */
export function promotedFrom({ artifactType, annotations = {} }: Descriptor): Descriptor | undefined {
  const digest = annotations[PromotionAnnotation.fromDigest] ?? "";
  if (artifactType !== MediaType.promotion || !isDigest(digest)) return undefined;
  return { mediaType: MediaType.manifest, digest, size: 0 };
}

function pointer({ mediaType, digest, size }: Descriptor): JsonObject {
  return { mediaType, digest, size };
}
