/** Records of promotions, as clients write and attackers forge them. */
import {
  describeManifest,
  MediaType,
  PromotionAnnotation,
  type Descriptor,
  type JsonObject,
} from "../../../oci/index.ts";
import type { Image } from "./bench.ts";

type Changes = Readonly<Record<string, string | undefined>>;

export const describeImage = ({ document, mediaType }: Image): Descriptor =>
  describeManifest(document, mediaType).descriptor;

/** The record of a step, as our client writes it, with other annotations or fields. */
export function recordOf(before: Image, after: Image, changes: Changes = {}, fields: JsonObject = {}): Image {
  const [from, to] = [before, after].map(
    ({ document }) => (document["annotations"] as Record<string, string>)["io.skillimage.status"],
  );
  const { config, layers } = after.document as { config: Descriptor; layers: readonly Descriptor[] };
  const annotations = {
    [PromotionAnnotation.from]: from,
    [PromotionAnnotation.to]: to,
    [PromotionAnnotation.fromDigest]: describeImage(before).digest,
    [PromotionAnnotation.toDigest]: describeImage(after).digest,
    [PromotionAnnotation.layerDigest]: layers.map(({ digest }) => digest).join(" "),
    [PromotionAnnotation.time]: "2030-01-01T00:00:00.000Z",
    ...changes,
  };
  const document = {
    schemaVersion: 2,
    mediaType: MediaType.manifest,
    artifactType: MediaType.promotion,
    config: { ...config, mediaType: MediaType.promotion },
    layers,
    subject: describeImage(after),
    annotations: Object.fromEntries(Object.entries(annotations).filter(([, value]) => value !== undefined)),
    ...fields,
  };
  return { document, mediaType: MediaType.manifest };
}
