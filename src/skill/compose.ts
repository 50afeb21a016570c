/** Composes the documents of a new skill image: config, manifest and, for several platforms, index. */
import { Annotation, describeManifest, MediaType } from "../oci/index.ts";
import type { Annotations, Descriptor, Digest, EncodedManifest, JsonObject, Platform } from "../oci/index.ts";
import { PROFILES, type EncodedImage, type Profile } from "./image.ts";

/** What an image is composed of. */
export interface ImageParts {
  readonly profile: Profile;
  /** One: a single manifest. Several: an index over images that share the layer. */
  readonly platforms: readonly [Platform, ...Platform[]];
  readonly layer: Descriptor;
  readonly diffId: Digest;
  /** The static annotations, which are also the labels. */
  readonly annotations: Annotations;
  /** RFC 3339. */
  readonly created: string;
}

/** An image with its configs, ready to be stored in the order configs, members, root. */
export interface ComposedImage extends EncodedImage {
  readonly configs: readonly EncodedManifest[];
}

/** Composes a draft. Equal parts give equal bytes. */
export function composeDraft(parts: ImageParts): ComposedImage {
  const annotations = { ...parts.annotations, [Annotation.status]: "draft" };
  const images = parts.platforms.map((platform) => {
    const config = describeManifest(configDocument(parts, platform), PROFILES[parts.profile].config);
    const manifest = describeManifest(
      manifestDocument(config.descriptor, parts.layer, annotations),
      MediaType.manifest,
    );
    return { platform, config, manifest };
  });
  const configs = images.map((image) => image.config);
  const [first] = images;
  if (images.length === 1 && first !== undefined) return { configs, members: [], root: first.manifest };
  const manifests = images.map(({ manifest, platform }) => ({ ...manifest.descriptor, platform }));
  const index = { schemaVersion: 2, mediaType: MediaType.index, manifests, annotations };
  return { configs, members: images.map((image) => image.manifest), root: describeManifest(index, MediaType.index) };
}

/** What a config is made of. */
export type ConfigParts = Pick<ImageParts, "annotations" | "created" | "diffId">;

/** The platform of an image that runs anywhere, as a single manifest is not asked for its own. */
export const DEFAULT_PLATFORM: Platform = { architecture: "amd64", os: "linux" };

/** OCI image-spec "config.md". The history has one entry because there is one layer. */
export function configDocument(parts: ConfigParts, platform: Platform): JsonObject {
  return {
    created: parts.created,
    ...platform,
    config: { Labels: parts.annotations },
    rootfs: { type: "layers", diff_ids: [parts.diffId] },
    history: [{ created: parts.created, created_by: "skillctl pack" }],
  };
}

function manifestDocument(config: Descriptor, layer: Descriptor, annotations: Annotations): JsonObject {
  const pointer = ({ mediaType, digest, size }: Descriptor): JsonObject => ({ mediaType, digest, size });
  return {
    schemaVersion: 2,
    mediaType: MediaType.manifest,
    config: pointer(config),
    layers: [pointer(layer)],
    annotations,
  };
}
