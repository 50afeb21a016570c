/**
 * A skill as an OCI image: the only place that knows which manifest a skill becomes and how to read one back.
 *
 * One image manifest, or an index of them that share one layer; what describes the skill stands on the root of either,
 * so that a reader needs one document to know it.
 */
import { SkillError } from "../errors.ts";
import { describeManifest, isIndexType, MediaType, parseImageManifest, withAnnotations } from "../oci/index.ts";
import type { Annotations, Descriptor, Digest, EncodedManifest, Index, JsonObject, Manifest } from "../oci/index.ts";
import { readDocument, readManifest } from "../store/index.ts";
import type { OperationOptions, Reader } from "../store/index.ts";

/** Which media types config and layer bear: the standard ones, or those that oc-mirror expects. */
export type Profile = "standard" | "redhat";

/** The media types of each profile. */
export const PROFILES: Readonly<Record<Profile, { readonly config: string; readonly layer: string }>> = {
  standard: { config: MediaType.config, layer: MediaType.layerGzip },
  redhat: { config: MediaType.redhatConfig, layer: MediaType.redhatLayer },
};

/** One runnable image: itself the root, or a member of the index that is. */
export interface ImageMember {
  readonly descriptor: Descriptor;
  readonly manifest: Manifest;
}

/** A skill image as it was read: its root document and the image manifests under it (exactly one without an index). */
export interface SkillImage {
  readonly descriptor: Descriptor;
  readonly root: Manifest | Index;
  readonly members: readonly [ImageMember, ...ImageMember[]];
  /** The root's annotations, and those of the first member that the root does not have. */
  readonly annotations: Annotations;
}

/** How many images an index may hold. */
export const MAX_MEMBERS = 32;

/**
 * Reads the documents of an image; no config, no layer. Throws `NOT_A_SKILL` for an index that holds no image, and what
 * reading and parsing throw.
 */
export async function readImage(
  reader: Reader,
  descriptor: Descriptor,
  options?: OperationOptions,
): Promise<SkillImage> {
  const root = await readManifest(reader, descriptor, options);
  const [first, ...rest] = await readMembers(reader, descriptor, root, options);
  if (first === undefined) {
    throw new SkillError("NOT_A_SKILL", `${descriptor.digest} is an index that holds no image`, {
      hint: "A skill is an image; this may be an artifact of another tool.",
    });
  }
  const annotations = { ...first.manifest.annotations, ...root.annotations };
  return { descriptor, root, members: [first, ...rest], annotations };
}

async function readMembers(
  reader: Reader,
  descriptor: Descriptor,
  root: Manifest | Index,
  options: OperationOptions | undefined,
): Promise<ImageMember[]> {
  if (root.kind === "manifest") return [{ descriptor, manifest: root }];
  const images = root.manifests.filter(isImage);
  if (images.length > MAX_MEMBERS) {
    throw new SkillError(
      "NOT_A_SKILL",
      `${descriptor.digest} is an index of ${images.length} images, over ${MAX_MEMBERS}`,
    );
  }
  const members: ImageMember[] = [];
  for (const child of images) {
    const manifest = parseImageManifest(await readDocument(reader, child, options), child.mediaType);
    members.push({ descriptor: child, manifest });
  }
  return members;
}

/** Builders put attestations into an index as manifests for the platform unknown/unknown; those are no images. */
function isImage(child: Descriptor): boolean {
  return !isIndexType(child.mediaType) && child.platform?.os !== "unknown";
}

/** Config and layers of all members, each once, and the bytes that they take together. */
export function contentOf(image: SkillImage): { readonly descriptors: readonly Descriptor[]; readonly size: number } {
  const unique = new Map<Digest, Descriptor>();
  for (const { manifest } of image.members) {
    for (const child of [manifest.config, ...manifest.layers]) unique.set(child.digest, child);
  }
  const descriptors = [...unique.values()];
  return { descriptors, size: descriptors.reduce((sum, each) => sum + each.size, 0) };
}

/** Whether two images are of the same content: configs and layers, to the byte. */
export function haveSameContent(one: SkillImage, other: SkillImage): boolean {
  const digests = ({ descriptors }: ReturnType<typeof contentOf>): string =>
    descriptors
      .map(({ digest }) => digest)
      .toSorted()
      .join();
  return digests(contentOf(one)) === digests(contentOf(other));
}

/** The documents of an image that is to be stored, members first, and its root. */
export interface EncodedImage {
  readonly root: EncodedManifest;
  readonly members: readonly EncodedManifest[];
}

/** The same image with other annotations, as its next lifecycle state wants: manifests anew, config and layers untouched. */
export function withChanges(image: SkillImage, change: Annotations): EncodedImage {
  if (image.root.kind === "manifest") {
    return { root: describeManifest(withAnnotations(image.root, change), image.root.mediaType), members: [] };
  }
  const members = image.members.map(({ descriptor, manifest }) => ({
    replaces: descriptor.digest,
    ...describeManifest(withAnnotations(manifest, change), manifest.mediaType),
  }));
  const replaced = new Map(members.map((member) => [member.replaces, member.descriptor]));
  const document = withAnnotations(image.root, change);
  const manifests = (document["manifests"] as readonly JsonObject[]).map((child) => {
    const now = replaced.get(child["digest"] as Digest);
    return now === undefined ? child : { ...child, digest: now.digest, size: now.size };
  });
  return { root: describeManifest({ ...document, manifests }, image.root.mediaType), members };
}
