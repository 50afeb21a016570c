import type { Digest } from "./digest.ts";

/** What a manifest says of a platform. OCI image-spec "image-index.md", `platform`. */
export interface Platform {
  readonly architecture: string;
  readonly os: string;
  readonly variant?: string;
}

/** Annotations: string keys to string values. OCI image-spec "annotations.md". */
export type Annotations = Readonly<Record<string, string>>;

/**
 * A typed, sized, content-addressed pointer: what to fetch, and how to know that it is what was asked for.
 * OCI image-spec "descriptor.md". `size` is in bytes.
 */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
  readonly annotations?: Annotations;
  readonly artifactType?: string;
  readonly platform?: Platform;
}
