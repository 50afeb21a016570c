/**
 * The media types that we write or understand. Sources: OCI image-spec "media-types.md"; the `redhat` pair is the
 * profile that oc-mirror expects of agent skills; the Docker ones are read, never written.
 */
export const MediaType = {
  manifest: "application/vnd.oci.image.manifest.v1+json",
  index: "application/vnd.oci.image.index.v1+json",
  config: "application/vnd.oci.image.config.v1+json",
  layer: "application/vnd.oci.image.layer.v1.tar",
  layerGzip: "application/vnd.oci.image.layer.v1.tar+gzip",
  /** The artifact type of a promotion record, and the type that it gives its config. */
  promotion: "application/vnd.skillimage.promotion.v1+json",
  /** The artifact type of signatures that cosign keeps as layers. */
  cosignSignature: "application/vnd.dev.cosign.artifact.sig.v1+json",
  redhatConfig: "application/vnd.redhat.agentskill.config.v1+json",
  redhatLayer: "application/vnd.redhat.agentskill.layer.v1.tar+gzip",
  dockerManifest: "application/vnd.docker.distribution.manifest.v2+json",
  dockerIndex: "application/vnd.docker.distribution.manifest.list.v2+json",
  dockerLayerGzip: "application/vnd.docker.image.rootfs.diff.tar.gzip",
} as const;

/** Tells whether content of this type is an image manifest (one image, with config and layers). */
export function isManifestType(mediaType: string): boolean {
  return mediaType === MediaType.manifest || mediaType === MediaType.dockerManifest;
}

/** Tells whether content of this type is an index (a list of manifests). */
export function isIndexType(mediaType: string): boolean {
  return mediaType === MediaType.index || mediaType === MediaType.dockerIndex;
}

/** Tells whether content of this type is a manifest or an index: it is parsed, and refers to other content. */
export function isDocumentType(mediaType: string): boolean {
  return isManifestType(mediaType) || isIndexType(mediaType);
}

/** How the bytes of a layer are compressed; `undefined` for types that are not layers we can read. */
export function layerCompression(mediaType: string): "none" | "gzip" | undefined {
  switch (mediaType) {
    case MediaType.layerGzip:
    case MediaType.redhatLayer:
    case MediaType.dockerLayerGzip:
      return "gzip";
    case MediaType.layer:
      return "none";
    default:
      return undefined;
  }
}
