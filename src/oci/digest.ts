import { createHash } from "node:crypto";

import { SkillError } from "../errors.ts";
import { quote } from "../text/index.ts";

/**
 * A content digest, `sha256:<64 hex>` or `sha512:<128 hex>`, checked when it was made.
 *
 * The brand lets a function that takes a `Digest` form paths and URLs from it without a second look.
 * Implements OCI image-spec, "Digests".
 */
export type Digest = string & { readonly __brand: "Digest" };

/** The algorithms that the OCI image specification registers and that we accept. */
export type DigestAlgorithm = "sha256" | "sha512";

const DIGEST = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;

/** Tells whether `text` is a digest of a supported algorithm, in its one canonical (lower-case) spelling. */
export function isDigest(text: string): text is Digest {
  return DIGEST.test(text);
}

/** Reads a digest; throws `DIGEST_INVALID` for anything that {@link isDigest} denies. */
export function parseDigest(text: string): Digest {
  if (isDigest(text)) return text;
  throw new SkillError("DIGEST_INVALID", `${quote(text)} is not a digest`, {
    hint: "A digest is sha256: and 64, or sha512: and 128, lower-case hexadecimal digits.",
  });
}

/** The digest of bytes that are in memory. */
export function digestOf(bytes: Uint8Array | string, algorithm: DigestAlgorithm = "sha256"): Digest {
  return digestFrom(algorithm, createHash(algorithm).update(bytes));
}

/** The algorithm of a digest. */
export function algorithmOf(digest: Digest): DigestAlgorithm {
  return digest.slice(0, digest.indexOf(":")) as DigestAlgorithm;
}

/** The hexadecimal part of a digest, safe as a file name. */
export function encodedOf(digest: Digest): string {
  return digest.slice(digest.indexOf(":") + 1);
}

/** Where an image layout keeps the content of a digest, relative to its root. OCI image-spec "image-layout.md". */
export function blobPath(digest: Digest): string {
  return `blobs/${algorithmOf(digest)}/${encodedOf(digest)}`;
}

/** Finishes `hash` and writes it as a digest. */
export function digestFrom(algorithm: DigestAlgorithm, hash: { digest(encoding: "hex"): string }): Digest {
  return `${algorithm}:${hash.digest("hex")}` as Digest;
}
