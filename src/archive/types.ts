import type { Content } from "../content/index.ts";
import type { Digest } from "../oci/digest.ts";

/** How the bytes of a layer are compressed. */
export type Compression = "none" | "gzip";

/** A file to be packed. */
export interface LayerFile {
  /** Relative, `/`-separated, without a leading `./`. */
  readonly path: string;
  /** Packed as 0755 instead of 0644. */
  readonly executable: boolean;
  /** In bytes; `open()` must yield exactly so many. */
  readonly size: number;
  /** Starts reading the file. Each call reads it anew. */
  open(): Content;
}

/** What is known of a layer once its bytes have flowed. */
export interface LayerSummary {
  /** Digest of the uncompressed tar; the config's `rootfs.diff_ids` lists it. OCI image-spec "config.md". */
  readonly diffId: Digest;
  /** Number of files, directories not counted. */
  readonly files: number;
  /** Number of files and directories together: what unpacking counts against its limit. */
  readonly entries: number;
  /** Size of the uncompressed tar in bytes. */
  readonly uncompressedSize: number;
}

/** A layer that is packed while it is read. */
export interface LayerStream {
  /** The compressed bytes; can be iterated once. */
  readonly content: Content;
  /** The facts of the whole layer; throws `USAGE` before `content` has been read to its end. */
  summary(): LayerSummary;
}

/** An entry of an archive, as the policy lets it through. */
export interface LayerEntry {
  /** Relative, `/`-separated, no `.` or `..`, no trailing slash. */
  readonly path: string;
  readonly type: "file" | "directory";
  /** Never anything else: set-id bits, owners and extended attributes are dropped. */
  readonly mode: 0o644 | 0o755;
  /** In bytes; 0 for a directory. */
  readonly size: number;
  /** The file's bytes. Readable until the next entry is asked for; what is left unread is skipped. */
  readonly content: Content;
}

/** A layer to be read, as a store hands it out. */
export interface LayerSource {
  readonly content: Content;
  readonly compression: Compression;
  /** The digest that the uncompressed bytes must have. */
  readonly diffId?: Digest;
}
