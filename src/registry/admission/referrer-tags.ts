/**
 * Tags that tools give to what refers to an image, where a registry has no list of referrers: `sha256-<hex>` for an index of
 * them (OCI distribution-spec "Referrers Tag Schema"), `sha256-<hex>.sig`, `.att` and others for those of cosign.
 */
import { isDigest, type Digest } from "../../oci/index.ts";

const REFERRER_TAG = /^(sha256-[0-9a-f]{64}|sha512-[0-9a-f]{128})(?:\.[a-z]+)?$/;

/** The digest of the image that such a tag belongs to; `undefined` for every other tag. */
export function subjectOfTag(tag: string): Digest | undefined {
  const digest = REFERRER_TAG.exec(tag)?.[1]?.replace("-", ":");
  return digest !== undefined && isDigest(digest) ? digest : undefined;
}

/** What tools keep under such a tag: one image for a tag that ends in `.sig` or the like, otherwise an index. */
export function kindOfTag(tag: string): "manifest" | "index" {
  return tag.includes(".") ? "manifest" : "index";
}

/** The tag under which cosign keeps an image's signatures. */
export function signatureTagOf(subject: Digest): string {
  return `${subject.replace(":", "-")}.sig`;
}
