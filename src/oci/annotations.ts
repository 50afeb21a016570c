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
  /** Where the skill is in its source, when a pipeline packed it. */
  path: "io.skillimage.source.path",
  status: "io.skillimage.status",
  name: "io.skillimage.name",
  tags: "io.skillimage.tags",
  compatibility: "io.skillimage.compatibility",
  wordcount: "io.skillimage.wordcount",
  /** On a deprecated image, and on when it is archived: why. */
  deprecationReason: "io.skillimage.deprecation.reason",
  /** What to use in its place: a version, or a reference. */
  deprecationReplacedBy: "io.skillimage.deprecation.replaced-by",
} as const;

/** The keys of a promotion record: a manifest whose subject is the image after the promotion. */
export const PromotionAnnotation = {
  /** The lifecycle states before and after. */
  from: "io.skillimage.promotion.from",
  to: "io.skillimage.promotion.to",
  /** The digests of the image's root before and after. */
  fromDigest: "io.skillimage.promotion.from-digest",
  toDigest: "io.skillimage.promotion.to-digest",
  /** The digests of the layers, which are the same before and after, separated by spaces. */
  layerDigest: "io.skillimage.promotion.layer-digest",
  /** RFC 3339. */
  time: "io.skillimage.promotion.time",
  /** Who promoted, as they or their tool say. */
  actor: "io.skillimage.promotion.actor",
  reason: "io.skillimage.promotion.reason",
  /** Tells records apart that say the same, so that whoever takes theirs back does not take another's. */
  nonce: "io.skillimage.promotion.nonce",
} as const;

/** Keys of ours that stand only on the entries of a store's index; no manifest bears them. */
export const EntryAnnotation = {
  /** Bytes of config and layers, in decimal. */
  size: "io.skillimage.size",
  /** The digest of the manifest that the entry's own one refers to. */
  subject: "io.skillimage.store.subject",
} as const;
