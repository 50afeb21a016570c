/** Annotation keys, as OCI image-spec "annotations.md" and the skill image format define them. */
export const Annotation = {
  title: "org.opencontainers.image.title",
  description: "org.opencontainers.image.description",
  version: "org.opencontainers.image.version",
  authors: "org.opencontainers.image.authors",
  licenses: "org.opencontainers.image.licenses",
  vendor: "org.opencontainers.image.vendor",
  created: "org.opencontainers.image.created",
  source: "org.opencontainers.image.source",
  revision: "org.opencontainers.image.revision",
  refName: "org.opencontainers.image.ref.name",
  status: "io.skillimage.status",
  name: "io.skillimage.name",
  tags: "io.skillimage.tags",
  compatibility: "io.skillimage.compatibility",
  wordcount: "io.skillimage.wordcount",
} as const;

/** Keys of ours that stand only on the entries of a store's index; no manifest bears them. */
export const EntryAnnotation = {
  /** Bytes of config and layers, in decimal. */
  size: "io.skillimage.size",
  /** The digest of the manifest that the entry's own one refers to. */
  subject: "io.skillimage.store.subject",
} as const;
